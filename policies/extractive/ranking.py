"""The score of a candidate: a weighted sum of its features, in two passes.

The second pass knows what the best candidates of the first share. The weights were fitted (softmax
over the candidates of a question) on the tuning half of the questions of `benchmarks/extractive.py`
and rounded by hand; docs/log.md tells what else was tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from policies.extractive.candidates import Candidate
from policies.extractive.features import features, shared_stems, votes
from policies.extractive.question import Asked

WEIGHTS = {
    "coverage": 1.4,
    "rare": 1.5,
    "sentence": 1.3,
    "related": 0.6,
    "rarest": 0.7,
    "pairs": 0.7,
    "typed": 0.9,
    "typed_near": 0.8,
    "year": 0.25,
    "person": 0.5,
    "names": 0.4,
    "rank": 0.7,
    "snippet": 0.5,
    "snippet_ranked": 0.6,
    "lead": 0.65,
    "first": 0.85,
    "length": 0.9,
    "title": 0.3,
    "title_new": 0.5,
    "focus": 0.5,
    "suspect": -4.0,
    "explains": 0.6,
    "votes": 1.4,
}


class Ranked(NamedTuple):
    """A candidate and its score; higher is better."""

    score: float
    candidate: Candidate


Similar = Callable[[Sequence[str]], Sequence[float]]
"""Gives the cosine of each text with the question."""
SIMILARITY = 4.0
"""Weight of that cosine."""
_RERANKED = 20
"""Candidates whose cosine is asked for: encoding is what costs."""


def rank(
    asked: Asked, candidates: Sequence[Candidate], similar: Similar | None = None
) -> list[Ranked]:
    """Return the candidates with their scores, best first; among equals the first seen."""
    ranked = _rank_by_words(asked, candidates)
    if similar is None:
        return ranked
    best = ranked[:_RERANKED]
    cosines = similar([one.candidate.text for one in best])
    again = [
        Ranked(one.score + SIMILARITY * cosine, one.candidate)
        for one, cosine in zip(best, cosines, strict=True)
    ]
    return sorted([*again, *ranked[_RERANKED:]], key=lambda one: -one.score)


def _rank_by_words(asked: Asked, candidates: Sequence[Candidate]) -> list[Ranked]:
    snippets = _snippets(candidates)
    found = [features(asked, candidate, snippets) for candidate in candidates]
    alone = [sum(WEIGHTS[name] * value for name, value in one.items()) for one in found]
    order = sorted(range(len(candidates)), key=lambda place: (-alone[place], place))
    shared = shared_stems(asked, [candidates[place] for place in order])
    ranked = [
        Ranked(score + WEIGHTS["votes"] * votes(asked, candidate, shared), candidate)
        for score, candidate in zip(alone, candidates, strict=True)
    ]
    order = sorted(range(len(ranked)), key=lambda place: (-ranked[place].score, place))
    return [ranked[place] for place in order]


def _snippets(candidates: Sequence[Candidate]) -> dict[int, frozenset[str]]:
    """Return the stems of each page's search result."""
    snippets: dict[int, frozenset[str]] = {}
    for candidate in candidates:
        if not candidate.source.opened:
            place = candidate.source.rank
            snippets[place] = snippets.get(place, frozenset()).union(candidate.stems)
    return snippets
