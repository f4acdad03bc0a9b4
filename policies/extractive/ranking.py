"""The score of a candidate: a weighted sum of its features, in two passes.

The second pass knows what the best candidates of the first have in common. The weights were fitted
on the tuning half of the questions that `benchmarks/extractive.py` is run on, and rounded by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from policies.extractive.candidates import Candidate
from policies.extractive.features import NAMES, Pool, features, pool
from policies.extractive.question import Asked

WEIGHTS = {
    "coverage": 0.9,
    "coverage_with_context": 4.0,
    "related": 3.0,
    "rarest": 2.0,
    "nearness": 0.7,
    "typed": 3.0,
    "typed_near": 2.0,
    "new_names": 1.0,
    "agreement": 4.0,
    "rank": 2.0,
    "in_snippet": 3.0,
    "lead": 1.0,
    "length": 2.0,
    "repeats": -2.0,
}
_VECTOR = [WEIGHTS.get(name, 0.0) for name in NAMES]


class Ranked(NamedTuple):
    """A candidate and its score; higher is better."""

    score: float
    candidate: Candidate


def rank(asked: Asked, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Return the candidates with their scores, best first; equal texts keep the first seen."""
    unpooled = Pool({}, {})
    vectors = [features(asked, candidate, unpooled) for candidate in candidates]
    pooled = pool(asked, candidates, map(_score, vectors))
    scores = [_score(features(asked, candidate, pooled)) for candidate in candidates]
    order = sorted(range(len(candidates)), key=lambda place: (-scores[place], place))
    return [Ranked(scores[place], candidates[place]) for place in order]


def _score(vector: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(_VECTOR, vector, strict=True))
