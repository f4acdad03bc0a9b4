"""What the screen promises: how its passages and results rank for the question. By words alone.

Knows no command and no cost; reward.process makes judgements of it.
"""

from __future__ import annotations

from functools import cached_property

from env.actions import JOINER
from env.answers import normalise
from env.records import Observation
from env.text import SearchForm
from env.view import unmark
from policies.extractive.candidates import (
    Candidate,
    Source,
    candidate,
    entries,
    page_candidates,
    snippet_candidates,
    split_sentences,
)
from policies.extractive.features import coverage
from policies.extractive.question import Asked
from policies.extractive.ranking import rank


class Screen:
    """One observation, seen with a question in mind; all is worked out when first asked for."""

    def __init__(self, seen: Observation, asked: Asked) -> None:
        self._seen = seen
        self._asked = asked

    @property
    def shows_results(self) -> bool:
        """Whether these are search results: they belong to no site."""
        return bool(self._seen.text) and not self._seen.domain

    @cached_property
    def promise(self) -> float:
        """Share of the question that the best result, or passage not quoted yet, covers."""
        found = self._snippets if self.shows_results else self._passages
        return max((coverage(self._asked, one) for one in found), default=0.0)

    def link_gap(self, number: int) -> float:
        """Return how far a result ranks below the best on the screen; 0 for other links."""
        links = self._links
        return max(links.values()) - links.get(number, min(links.values())) if links else 0.0

    def quote_gap(self, text: str) -> float:
        """Return how far a quote ranks below the best passage that is not quoted yet."""
        text = " ".join(self.spelled(text).split())
        own = next((one for one in self._passages if one.text == text), None)
        source = Source(self._seen.title, self._seen.domain, 0)
        own = own or candidate(split_sentences(text), source, first=False)
        others = [one for one in self._passages if one is not own]
        scores = {id(one.candidate): one.score for one in rank(self._asked, [own, *others])}
        return max(scores.values()) - scores[id(own)]

    def spelled(self, text: str) -> str:
        """Return what a quote says that may be written as `<start>━<end>`, if it can be seen."""
        text = unmark(text)
        first, joined, last = text.partition(JOINER)
        page = unmark(self._seen.text)
        span = SearchForm(page).find_span(first, last) if joined else None
        return page[span.start : span.end] if span else text

    @cached_property
    def _passages(self) -> list[Candidate]:
        quoted = [f" {normalise(quote.text)} " for quote in self._seen.quotes]
        return [
            one
            for one in ([] if self.shows_results else page_candidates(self._seen, 0))
            if not any(f" {normalise(one.text)} " in quote for quote in quoted)
        ]

    @cached_property
    def _snippets(self) -> list[Candidate]:
        found = entries(self._seen) if self.shows_results else []
        return [one for entry in found for one in snippet_candidates(entry)]

    @cached_property
    def _links(self) -> dict[int, float]:
        """Return the score of each result's best piece, by the number of its link."""
        links = {entry.rank: entry.link for entry in entries(self._seen)}
        best: dict[int, float] = {}
        for score, one in rank(self._asked, self._snippets):
            best.setdefault(links[one.source.rank], score)
        return best
