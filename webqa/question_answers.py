"""What in a page's sentences could be asked for: dates, numbers, names, terms, and of what kind.

Made for English. Knows nothing of how questions are worded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from policies.extractive.candidates import PARAGRAPH, split_sentences
from policies.extractive.words import STOP, plain, weight, words

Kind = Literal["person", "place", "time", "number", "thing"]

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_YEAR = r"(?:1[0-9]|20)\d\d"
_DATE = re.compile(
    rf"\b(?:\d{{1,2}} {_MONTH},? {_YEAR}|{_MONTH} \d{{1,2}}, {_YEAR}|{_MONTH},? {_YEAR}|"
    rf"(?<=[Ii]n ){_YEAR}|(?<=since ){_YEAR}|(?<=until ){_YEAR}|(?<=by ){_YEAR})\b(?![-–/]\d)"
)
_NUMBER = re.compile(
    r"\b(?<![-–.,$£€])(\d{1,3}(?:,\d{3})+|\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve|twenty|thirty|forty|fifty)(?= ((?:[a-z]{3,} )?[a-z]{3,}s)\b)"
)
_NAME = re.compile(
    r"\b[A-Z][\w'’-]*[a-z0-9](?:(?: (?:of|of the|de|von|van|al))? [A-Z][\w'’-]*[a-z0-9]){0,3}"
)
_TERM = re.compile(
    r"(?:called|known as|named|termed|referred to as) (?:an? |the |\")?"
    r"([a-z][a-z-]+(?: [a-z-]+){0,2})(?=\"?[,.;)]|\"? (?:and|or|in|on|by|which|that|is|was)\b)"
)
_PLACE_BEFORE = re.compile(r"\b(?:in|at|near|from|to|into|across|outside) (?:the )?$")
_PERSON_BEFORE = re.compile(r"\b(?:by|with|married|succeeded|defeated|poet|king|queen|son of) $")
_IS = re.compile(r"\s(?P<verb>is|was|are|were) (?P<article>an?|the|one of the) ")
_PLACES = frozenset(
    """city town country nation state river island islands capital province county village lake
    mountain republic region district continent sea ocean archipelago municipality territory
    kingdom peninsula desert suburb port""".split()
)
_UNTIL = frozenset(
    """of in on at by for from with to and or that which who whose where when native located
    found made used based produced consisting containing between during as near under born
    written situated played whom""".split()
)
_LONGEST_CLASS = 5
"""Words of a definition before its noun."""
_BEGINNING = 3000
"""Characters of a page in which it says what it is about."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something in a sentence that can be asked for."""

    start: int
    end: int
    kind: Kind
    noun: str = ""
    """Of a number: what is counted. Of a name: what it is, such as a river."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a page says that it is about."""

    title: str
    verb: str
    """is, was, are or were."""
    noun: str
    """Such as `river`."""
    phrase: str
    """The noun with what stands before it, such as `second longest river`."""
    rest: str
    """The sentence from the article on."""
    kind: Kind


def define(title: str, text: str) -> Definition | None:
    """Return what the first sentences of a page say that it is; None when they do not."""
    head = title.split(" (")[0].split()[-1].lower() if title.split() else ""
    for line in text[:_BEGINNING].split("\n"):
        for sentence in split_sentences(line)[:2] if len(line) >= PARAGRAPH else ():
            found = _IS.search(sentence.text)
            if found and head and head in sentence.text[: found.start()].lower():
                return _definition(title, sentence.text, found)
    return None


def _definition(title: str, sentence: str, found: re.Match[str]) -> Definition | None:
    rest = sentence[found.end() :]
    before = sentence[: found.start()]
    taken = list(takewhile(lambda word: word not in _UNTIL, re.split(r"[,;.:(]", rest)[0].split()))
    if not 1 <= len(taken) <= _LONGEST_CLASS or not taken[-1].isalpha():
        return None
    noun = taken[-1].lower()
    kind: Kind = "place" if noun in _PLACES else "thing"
    if kind == "thing" and re.search(rf"\bborn\b|\d{{4}}.{{0,24}}[–-].{{0,24}}{_YEAR}", before):
        kind = "person"
    title = title.split(" (")[0]
    rest = f"{found['article']} {rest}"
    return Definition(title, found["verb"], noun, " ".join(taken), rest, kind)


def answers(sentence: str, known: Mapping[str, Definition]) -> Iterator[Span]:
    """Yield what can be asked for in a sentence.

    Args:
        sentence: the text of the sentence.
        known: what pages of this web say of their titles.
    """
    dates = [Span(*found.span(), "time") for found in _DATE.finditer(sentence)]
    yield from dates
    for found in _NUMBER.finditer(sentence):
        yield Span(*found.span(1), "number", found[2])
    for found in _TERM.finditer(sentence):
        yield Span(*found.span(1), "thing")
    for found in _NAME.finditer(sentence):
        if not any(date.start < found.end() and found.start() < date.end for date in dates):
            yield from _name(sentence, found, known)


def _name(
    sentence: str, found: re.Match[str], known: Mapping[str, Definition]
) -> Iterator[Span]:
    """Yield a name, if it is one and not merely the first word of a sentence."""
    name = found[0]
    definition = known.get(name)
    first = found.start() == 0
    if first and " " not in name and definition is None:
        return
    if first and plain(name.split()[0]) in STOP:
        return
    if plain(name) in STOP or all(weight(plain(word)) < 2.5 for word in words(name)):
        return
    if definition:
        yield Span(*found.span(), definition.kind, definition.noun)
        return
    before = sentence[: found.start()]
    kind: Kind = "thing"
    if _PERSON_BEFORE.search(before) and len(name.split()) == 2:
        kind = "person"
    elif _PLACE_BEFORE.search(before) and len(name.split()) <= 2:
        kind = "place"
    yield Span(*found.span(), kind)
