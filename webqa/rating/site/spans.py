"""Where the claims and the citation marks of an answer stand in its text, in code points.

Knows no page and no judgement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from env.citations import MARK
from policies.extractive.candidates import split_sentences

_LEADING = re.compile(rf"(?:\s*{MARK.pattern})+")
_SINGLE = re.compile(r"\[(\d+)\]")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether both share at least one character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text within which nothing begins or ends."""

    text: str
    cited: int = 0
    """Number of the quote that it cites; 0: it is no mark."""
    critiques: tuple[int, ...] = ()
    """Places of the critiques that point at it."""


def claim_spans(text: str) -> list[Span]:
    """Return where the sentences of an answer stand, each with the marks directly behind it."""
    found: list[Span] = []
    start = 0
    for line in text.split("\n"):
        found += _of_line(line, start)
        start += len(line) + 1
    return found


def _of_line(line: str, offset: int) -> list[Span]:
    found: list[Span] = []
    place = 0
    for sentence in split_sentences(line):
        start = line.index(sentence.text, place)
        place = end = start + len(sentence.text)
        if found and (marks := _LEADING.match(line, start)):
            # `sky. [1] The`: the mark belongs to the sentence before it.
            found[-1] = Span(found[-1].start, offset + marks.end())
            start = marks.end() + _spaces(line, marks.end())
        if any(map(str.isalnum, MARK.sub("", line[start:end]))):
            found.append(Span(offset + start, offset + end))
    return found


def _spaces(line: str, place: int) -> int:
    return len(line) - place - len(line[place:].lstrip())


def pieces(text: str, quotes: int, pointed: Iterable[Span] = ()) -> list[Piece]:
    """Return a text cut where marks, and spans that are pointed at, begin and end.

    Args:
        text: an answer's.
        quotes: how many it has; a mark with another number is text.
        pointed: the spans of its critiques, in their order.
    """
    spans = list(pointed)
    cited = dict(_marks(text, quotes))
    edges = {0, len(text), *(edge for one in spans for edge in (one.start, one.end))}
    edges |= {edge for span in cited for edge in (span.start, span.end)}
    cuts = sorted(edge for edge in edges if 0 <= edge <= len(text))
    return [
        Piece(
            text[start:end],
            next((cited[one] for one in cited if one.overlaps(Span(start, end))), 0),
            tuple(place for place, one in enumerate(spans) if one.overlaps(Span(start, end))),
        )
        for start, end in pairwise(cuts)
    ]


def _marks(text: str, quotes: int) -> Iterator[tuple[Span, int]]:
    """Yield each cited number: with its brackets where it stands alone."""
    for mark in MARK.finditer(text):
        inside = [mark] if _SINGLE.fullmatch(mark[0]) else _NUMBER.finditer(mark[0])
        for one in inside:
            number = int(one[0].strip("[]"))
            shift = 0 if one is mark else mark.start()
            if 1 <= number <= quotes:
                yield Span(shift + one.start(), shift + one.end()), number
