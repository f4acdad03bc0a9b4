"""A query as search and snippets see it: its terms and their weights, kin words, expected kind.

Knows English question words and a few dozen groups of kin words; nothing of indexes or pages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from env.web.terms import query_stems, stem_of

Kind = Literal["year", "number", "person", "place", "any"]

_KIN = """
    write wrote written author novel book poem | born birth birthplace birthday
    die died dies death dead killed assassinated executed murdered
    found founded founder established created started began begun beginning | built build builder
    constructed | married marry wife husband marriage spouse | speak spoke spoken language official
    win won winner victory champion | king queen monarch reigned | play actor starred cast portrayed
    role | sing sang sung singer song | invent inventor discovered discovery | paint painter artist
    compose composer | direct director | located situated | religion religious | currency money
    parents father mother | children son daughter | lead led leader | make made | country nation
    state | big biggest largest large | tall tallest highest high height | long longest length
    government republic democracy monarchy | movie film | city town | defeat defeated beat lost
    flow flows flowed | grow grew grown | take took taken | become became | know known called named
    name | begin began begun | rise rose risen | sell sold | teach taught | think thought
"""
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("year", r"\bwhen\b|\b(?:what|which) (?:year|date|century|decade|day|month)\b"),
    ("number", r"\bhow (?:many|much|old|long|far|tall|big|large|high|deep|often|fast|heavy)\b"),
    ("person", r"\bwho(?:se|m)?\b"),
    (
        "place",
        r"\bwhere\b|\b(?:what|which) (?:city|country|state|town|island|continent|county|river)\b",
    ),
)


@dataclass(frozen=True, slots=True)
class Sought:
    """What is asked for. Each term has a bit, so that sets of terms are numbers."""

    stems: tuple[str, ...]
    """Terms that occur in the index."""
    total: float
    """Sum of their rarities before these were made to add up to 1."""
    rarity: dict[int, float]
    """Weight of each bit; together 1."""
    bits: dict[str, int]
    """Bit of each term."""
    kin: dict[str, int]
    """Bit of the term to which a word of other form is kin."""
    rarest: int
    """Bit of the rarest term."""
    kind: Kind
    """What the answer is likely to hold."""

    def share(self, mask: int) -> float:
        """Return the weight of a set of terms."""
        return sum(value for bit, value in self.rarity.items() if bit & mask)


def seek(query: str, frequency: Callable[[str], int], size: int) -> Sought:
    """Read a query.

    Args:
        query: any text.
        frequency: number of passages that hold a term.
        size: number of passages.
    """
    weights = {
        stem: math.log1p(size / (count + 0.5))
        for stem in query_stems(query)
        if (count := frequency(stem))
    }
    total = sum(weights.values())
    bits = {stem: 1 << number for number, stem in enumerate(weights)}
    kin = {
        other: bits[stem]
        for stem in weights
        for other in _kin().get(stem, ())
        if other not in weights
    }
    rarity = {bits[stem]: weight / total for stem, weight in weights.items()}
    rarest = max(rarity, key=lambda bit: rarity[bit], default=0)
    return Sought(tuple(weights), total, rarity, bits, kin, rarest, kind_of(query))


def kind_of(query: str) -> Kind:
    """Tell what the answer to a question is likely to hold."""
    lowered = query[:1000].lower()
    return next((kind for kind, pattern in _KINDS if re.search(pattern, lowered)), "any")


@lru_cache(maxsize=1)
def _kin() -> dict[str, frozenset[str]]:
    known: dict[str, frozenset[str]] = {}
    for group in _KIN.split("|"):
        members = frozenset(stem_of(word) for word in group.split())
        for stem in members:
            known[stem] = known.get(stem, frozenset()) | members
    return known
