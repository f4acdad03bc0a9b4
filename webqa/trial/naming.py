"""Of which kind a name is, person or place, told by the company in which texts have it.

English only, and by rules: a person is somebody who was born, wrote, or has a title; a place is
what things are in. A name that stands in both companies, or in none, has no kind. Knows no answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

NameKind = Literal["person", "place"]

Company = Literal[NameKind, "noun"]
"""A name before a noun tells its kind, as the names of peoples do."""

MONTHS = (
    "January February March April May June July August September October November December".split()
)
NAME = re.compile(r"[A-ZÀ-Þ][^\W\d_]+(?:['’][a-z]+)?(?: [A-ZÀ-Þ][^\W\d_]+)*")
_SMALL = re.compile(r"\b[a-zß-ÿ]+\b")
LEAST = 2
"""Places of the texts in which a name must keep company, to be of a kind."""
CLEAR = 3
"""Times as often as in any other company."""
_AROUND = 40
"""Characters before and behind a name that are looked at."""
_PERSON_BEFORE = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr)\. $|\b(?:actors?|actress|artist|architect|astronomer|author|biologist"
    r"|brother|chemist|coach|comedian|composer|critic|daughter|director|economist|engineer"
    r"|explorer|father|general|guitarist|historian|husband|inventor|leader|mathematician|mother"
    r"|musician|named|novelist|painter|philosopher|physicist|player|poet|producer|professor"
    r"|psychologist|screenwriter|scientist|sculptor|singer|sister|son|wife|writer"
    r"|(?:written|directed|composed|painted|invented|discovered|designed|sung|played|portrayed"
    r"|drafted|drawn|built|led|founded) by) $"
)
_PERSON_BEHIND = re.compile(
    r" \((?:born|b\. )|,? (?:who|whose|himself|herself)\b| (?:was born|died|married|wrote|said"
    r"|says|argued|believed|composed|painted|invented|discovered|starred|resigned|graduated)\b"
)
_PLACE_BEFORE = re.compile(
    r"\b(?:in|near|throughout|outside|across|(?:borders?|bordering|city|coast|country|east|island"
    r"|north|parts?|people|population|province|region|south|state|territory|town|village|west) of"
    r"|(?:travel|travell|mov|return|emigrat|immigrat)(?:e|es|ed|ing|s|)(?: back)? (?:to|from)"
    r"|exported to|arriv(?:ed|es|ing) (?:at|in)) $"
)
_NOUN_BEHIND = re.compile(
    r" (?!(?:a|after|and|are|as|at|became|because|before|but|by|during|for|from|had|has|have|in"
    r"|into|is|of|on|or|since|that|the|through|to|until|was|were|when|where|which|while|with)\b)"
    r"[a-z]{3,}"
)
"""Of which the name tells the kind: French wine, Disney films."""


def kinds_of(texts: Iterable[str]) -> Mapping[str, NameKind]:
    """Return of which kind the names in texts are, those for which it is clear.

    A word that they also write small is no name (History, Return).
    """
    kept: dict[str, Counter[Company]] = {}
    small: set[str] = set()
    for text in texts:
        small.update(_SMALL.findall(text))
        for found in NAME.finditer(text):
            if found[0] not in MONTHS and (company := _company(text, *found.span())):
                kept.setdefault(found[0], Counter())[company] += 1
    return {
        name: kind
        for name, counts in kept.items()
        if (kind := _kind(counts)) and name.lower() not in small
    }


def _kind(counts: Counter[Company]) -> NameKind | None:
    person, place = counts["person"], counts["place"]
    if person >= max(LEAST, CLEAR * place, counts["noun"]):
        return "person"
    if place >= max(LEAST, CLEAR * person, counts["noun"]):
        return "place"
    return None


def _company(text: str, start: int, end: int) -> Company | None:
    before, behind = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    if _PERSON_BEFORE.search(before) or _PERSON_BEHIND.match(behind):
        return "person"
    if _NOUN_BEHIND.match(behind):
        return "noun"
    return "place" if _PLACE_BEFORE.search(before) else None
