"""What in a page's sentences could be asked for: dates, numbers, names, terms, and of what kind.

Made for English. Knows nothing of how questions are worded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

from env.web.passages import sentences
from policies.extractive.candidates import CELL, PARAGRAPH
from policies.extractive.words import STOP, plain, weight

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
_CAPITAL = r"[A-Z][\w'’-]*[a-z0-9]"
_NAME = re.compile(
    rf"\b{_CAPITAL}(?:(?: (?:of|of the|de|von|van|al))? {_CAPITAL}){{0,3}}(?: [IVX]+\b)?"
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
    """near native located found made used based produced consisting containing born written
    situated played across along since around""".split()
)
"""Words, beside stop words, before which a definition's noun stands."""
_POSSESSIVE = re.compile(r"['’]s?$")
_RARE, _VERY_RARE = 3.5, 4.5
"""Weights of words from which on, in capitals, they are taken for names."""
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


@dataclass(slots=True)
class Known:
    """What the pages of a web say of their titles."""

    topics: dict[str, Definition] = field(default_factory=dict)
    """By title."""
    first_names: set[str] = field(default_factory=set)
    """Of the people among them."""

    def add(self, topic: Definition) -> None:
        """Take in a definition."""
        self.topics[topic.title] = topic
        if topic.kind == "person" and " " in topic.title:
            self.first_names.add(topic.title.split()[0])


def paragraphs(text: str) -> Iterator[list[str]]:
    """Yield the sentences of each line that is long enough to be a paragraph."""
    for line in text.split("\n"):
        if len(line) >= PARAGRAPH and not line.startswith("#") and CELL not in line:
            yield [line[start:end] for start, end in sentences(line)]


def define(title: str, text: str) -> Definition | None:
    """Return what the first sentences of a page say that it is; None when they do not."""
    head = title.split(" (")[0].split()[-1].lower() if title.split() else ""
    for paragraph in paragraphs(text[:_BEGINNING]):
        for sentence in paragraph[:2]:
            found = _IS.search(sentence)
            if found and head and head in sentence[: found.start()].lower():
                return _definition(title, sentence, found)
    return None


def _definition(title: str, sentence: str, found: re.Match[str]) -> Definition | None:
    rest = sentence[found.end() :]
    before = sentence[: found.start()]
    told = re.split(r"[,;.:(]", rest)[0].split()
    taken = list(takewhile(lambda word: word not in _UNTIL and word not in STOP, told))
    if not 1 <= len(taken) <= _LONGEST_CLASS or not taken[-1].isalpha():
        return None
    noun = taken[-1].lower()
    kind: Kind = "place" if noun in _PLACES else "thing"
    if kind == "thing" and re.search(rf"\bborn\b|\d{{4}}.{{0,24}}[–-].{{0,24}}{_YEAR}", before):
        kind = "person"
    title = title.split(" (")[0]
    rest = f"{found['article']} {rest}"
    return Definition(title, found["verb"], noun, " ".join(taken), rest, kind)


def answers(sentence: str, known: Known, topic: Definition | None = None) -> Iterator[Span]:
    """Yield what can be asked for in a sentence.

    Args:
        sentence: the text of the sentence.
        known: what the pages of this web say of their titles.
        topic: what the page is about, if it says so.
    """
    dates = [Span(*found.span(), "time") for found in _DATE.finditer(sentence)]
    yield from dates
    for found in _NUMBER.finditer(sentence):
        yield Span(*found.span(1), "number", found[2])
    for found in _TERM.finditer(sentence):
        yield Span(*found.span(1), "thing")
    for found in _NAME.finditer(sentence):
        if any(date.start < found.end() and found.start() < date.end for date in dates):
            continue
        name = _POSSESSIVE.sub("", found[0])
        if name.split()[0] in known.first_names:
            name = name.split(" of ")[0]
        start, end = found.start(), found.start() + len(name)
        of = known.topics.get(name)
        if of is None and topic and topic.kind == "person" and name == topic.title.split()[-1]:
            of = topic
        if of:
            yield Span(start, end, of.kind, of.noun)
        elif kind := _kind(sentence[:start], name.split(), known):
            yield Span(start, end, kind)


def _kind(before: str, parts: list[str], known: Known) -> Kind | None:
    """Return of what kind an unknown name is; None if it is merely a word in capitals."""
    rarity = [weight(plain(part)) for part in parts]
    if (not before.strip() or plain(parts[0]) in STOP) and rarity[0] < _RARE:
        return None
    if len(parts) > 1 and parts[0] in known.first_names:
        return "person"
    if _PERSON_BEFORE.search(before) and len(parts) == 2:
        return "person"
    place = _PLACE_BEFORE.search(before) and len(parts) <= 2
    if sum(rarity) < _RARE or (len(parts) == 1 and not place and rarity[0] < _VERY_RARE):
        return None
    return "place" if place else "thing"
