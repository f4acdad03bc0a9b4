"""Where the claims and the citation marks of an answer stand in its text, in code points.

What a claim is says `reward.claims`. Knows no page and no judgement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from env.citations import MARK
from env.records import Answer
from reward.spans import placed_claims

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
    """Return where the claims of an answer stand, each with the marks directly behind it."""
    return [Span(one.start, one.end) for one in placed_claims(Answer("", text))]


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
