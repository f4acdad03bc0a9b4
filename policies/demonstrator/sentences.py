"""What could be quoted of a window, and how well it fits the question.

Reads the observation and the lines that are legal now; knows nothing of the web behind them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from env.actions import JOINER
from env.answers import stands_in
from env.records import Observation
from env.text import SearchForm
from env.view import unmark
from policies.extractive.question import Asked
from policies.extractive.words import stems

TITLE = 0.3
"""What a word of the question counts that stands in the page's title only."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something that can be quoted."""

    written: str
    """How it stands behind `Quote: `: whole, or as its first and last words."""
    text: str
    fit: float
    """Share of the question that it covers, each word by how much it tells."""


def sentences(observation: Observation, written: Collection[str], asked: Asked) -> list[Sentence]:
    """Return what may be quoted now, the best fit first; among equals the first on the page.

    Args:
        observation: what is seen.
        written: what may stand behind `Quote: ` now.
        asked: the question.
    """
    form = SearchForm(unmark(observation.text))
    title = frozenset(stems(observation.title))
    found = [
        Sentence(one, text, _fit(asked, text, title))
        for one in written
        if (text := _spanned(form, one))
    ]
    return sorted(found, key=lambda sentence: -sentence.fit)


def supporting(found: Collection[Sentence], accepted: Collection[str]) -> Iterator[Sentence]:
    """Yield the sentences that hold an accepted answer."""
    return (sentence for sentence in found if stands_in(accepted, sentence.text))


def _spanned(form: SearchForm, written: str) -> str:
    """Return what of the screen a quote would take; empty when it takes nothing."""
    first, joined, last = written.partition(JOINER)
    span = form.find_span(first, last) if joined else form.find(first)
    return form.text[span.start : span.end] if span else ""


def _fit(asked: Asked, text: str, title: Collection[str]) -> float:
    found = frozenset(stems(text))
    covered = sum(
        weight * (1.0 if stem in found else TITLE)
        for stem, weight in asked.weights.items()
        if stem in found or stem in title
    )
    return covered / asked.total
