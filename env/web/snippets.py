"""The part of a page that a search result shows: the run of whole sentences that fits best.

Windows are runs of adjacent sentences of one passage, each an exact slice of the page's text; a
sentence that is too long is cut between words. They are scored by how much of the query they
cover, alone and with title and heading, by whether they hold what the question asks for, and by how
their passage and page did. Knows nothing of indexes or of where pages are stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from env.web.passages import Span, sentences
from env.web.sought import Kind, Sought
from env.web.terms import stems, stems_of

_WORD = re.compile(r"[^\W_]+")
_EXPECTED: dict[Kind, tuple[re.Pattern[str], float]] = {
    "year": (re.compile(r"\b1\d{3}\b|\b20\d\d\b"), 1.0),
    "number": (re.compile(r"\d"), 1.0),
    "person": (re.compile(r"[A-Z][\w'’.-]+(?: (?:de|von|van|of|the))* [A-Z][\w'’.-]*"), 0.4),
    "place": (re.compile(r"\b(?:in|at|near|of|from) (?:the )?[A-Z]"), 0.2),
}
"""What a window should hold for a kind of question, and how sure a sign of an answer that is."""
_LEAD = 600
"""Characters from the start of a page after which being there counts half."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each property of a window counts; most lie between 0 and 1."""

    covered: float = 6.0
    """Share of the query, by rarity, that stands in the window, its title or its heading."""
    kin: float = 4.0
    """Share for which only a kin word stands there."""
    passage: float = 3.0
    """BM25 of the passage, divided by the rarities of the query's terms."""
    page: float = 1.5
    """The same of the whole page."""
    rarest: float = 1.25
    """The rarest term stands in window or title."""
    expected: float = 2.0
    """The window holds what the question asks for."""
    lead: float = 1.0
    """The window is near the start of the page."""
    length: float = 1.0
    """Its length, as a share of the longest."""
    cosine: float = 10.0
    """Nearness of the passage in meaning, where there is an encoder."""


class Window(NamedTuple):
    """A candidate: `text[start:end]`, and how good it is."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Part:
    """A passage of a page to look for windows in, with the scores of the index."""

    start: int
    end: int
    heading: str
    passage: float
    page: float
    cosine: float = 0.0
    """Nearness in meaning, where there is an encoder."""


class _Sentence(NamedTuple):
    """What is known of one sentence."""

    start: int
    end: int
    mask: int
    kin: int
    expected: float


class Chooser:
    """Chooses windows for one query."""

    def __init__(self, sought: Sought, limit: int, weights: Weights) -> None:
        """Prepare.

        Args:
            sought: the query.
            limit: characters of the longest window.
            weights: how windows are scored.
        """
        self._sought = sought
        self._limit = limit
        self._weights = weights
        self._shares: dict[int, float] = {}

    def best(self, text: str, title: str, parts: Sequence[Part]) -> Window:
        """Return the best window in the parts of a page."""
        best = Window(0, 0, float("-inf"))
        above = self._mask(title)
        for part in parts:
            around = above | self._mask(part.heading)
            found = self._sentences(text, part)
            base = _base(part, self._weights)
            for first in range(len(found)):
                window = self._run(text, found[first:], base, around)
                if window.score > best.score:
                    best = window
        return best

    def _share(self, mask: int) -> float:
        known = self._shares.get(mask)
        if known is None:
            known = self._shares[mask] = self._sought.share(mask)
        return known

    def _mask(self, text: str) -> int:
        mask = 0
        for stem in stems(text):
            mask |= self._sought.bits.get(stem, 0)
        return mask

    def _run(self, text: str, found: Sequence[_Sentence], base: float, around: int) -> Window:
        """Return the best of the runs that begin with the first of these sentences."""
        weights, limit, share = self._weights, self._limit, self._share
        start = last = end = found[0].start
        mask = kin = 0
        expected = 0.0
        best = float("-inf")
        for one in found:
            if one.end - start > limit or text.find("\n\n", last, one.start) >= 0:
                break
            last = one.end
            mask |= one.mask
            kin |= one.kin
            expected = max(expected, one.expected)
            covered = mask | around
            score = (
                weights.covered * share(covered)
                + weights.kin * share(kin & ~covered)
                + weights.rarest * bool(covered & self._sought.rarest)
                + weights.expected * expected
                + weights.length * (last - start) / limit
            )
            if score > best:
                best, end = score, last
        return Window(start, end, best + base + weights.lead * _LEAD / (_LEAD + start))

    def _sentences(self, text: str, part: Part) -> list[_Sentence]:
        return [
            self._sentence(
                text, span if span.end - span.start <= self._limit else self._cut(text, span)
            )
            for span in sentences(text, part.start, part.end)
        ]

    def _cut(self, text: str, span: Span) -> Span:
        """Return the slice of a long sentence that covers most of the query, words kept whole."""
        words = list(_WORD.finditer(text, span.start, span.end))
        found = [
            (word.start(), bit)
            for word, stem in zip(words, stems_of(map(re.Match.group, words)), strict=True)
            if (bit := self._sought.bits.get(stem))
        ]
        best, start = -1.0, span.start
        for number, (first, _) in enumerate(found):
            mask = 0
            for place, bit in found[number:]:
                if place - first > self._limit * 3 // 4:
                    break
                mask |= bit
            if (value := self._share(mask)) > best:
                best, start = value, first
        return self._slice(text, span, start)

    def _slice(self, text: str, span: Span, start: int) -> Span:
        """Return as much as fits of a long sentence, from a little before a place in it."""
        margin = self._limit // 5
        start = min(max(span.start, start - margin), span.end - self._limit)
        if start > span.start:
            space = text.find(" ", start, start + margin)
            start = space + 1 if space >= 0 else start
        end = min(span.end, start + self._limit)
        if end < span.end and (space := text.rfind(" ", start + 1, end)) > start:
            end = space
        return Span(start, end)

    def _sentence(self, text: str, span: Span) -> _Sentence:
        sought = self._sought
        mask = kin = 0
        for stem in stems_of(_WORD.findall(text, span.start, span.end)):
            if stem in sought.bits:
                mask |= sought.bits[stem]
            elif stem in sought.kin:
                kin |= sought.kin[stem]
        expected = 0.0
        # The first letter of a sentence is a capital anyway.
        if (sign := _EXPECTED.get(sought.kind)) and sign[0].search(text, span.start + 1, span.end):
            expected = sign[1]
        return _Sentence(span.start, span.end, mask, kin, expected)


def _base(part: Part, weights: Weights) -> float:
    """Return what all windows of a passage have in common."""
    return weights.passage * part.passage + weights.page * part.page + weights.cosine * part.cosine
