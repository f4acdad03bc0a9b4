"""Estimates with intervals that are clustered by rater and by question at once.

Turns of one rater are alike, and so are turns at one question. Each estimate is kept with its
influences: by how much each turn moves it. Sums, differences and smooth functions of estimates are
then easy, and the variance is that of Cameron, Gelbach and Miller (2011, "Robust inference with
multiway clustering"): the variance clustered by raters, plus that by questions, less that of turns
which share both. Plain numbers; knows no trial.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from env.errors import Error
from reward.statistics import Interval, student, wilson

NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Clusters:
    """Whom each turn belongs to; turns are known by their place."""

    raters: Sequence[Hashable]
    questions: Sequence[Hashable]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, and by how much each turn moves it."""

    value: float
    influence: Mapping[int, float]
    count: int
    """Turns that it is made of."""

    def __sub__(self, other: Estimate) -> Estimate:
        moved = defaultdict(float, self.influence)
        for place, by in other.influence.items():
            moved[place] -= by
        return Estimate(self.value - other.value, moved, self.count + other.count)

    def mapped(self, function: Callable[[float], float], slope: float) -> Estimate:
        """Return a function of it, by the delta method: `slope` is its derivative here."""
        moved = {place: by * slope for place, by in self.influence.items()}
        return Estimate(function(self.value), moved, self.count)


def mean(values: Mapping[int, float]) -> Estimate:
    """Return the mean of values, by the places of their turns.

    Raises:
        Error: there is none.
    """
    if not values:
        raise Error("a mean needs at least one value")
    average = math.fsum(values.values()) / len(values)
    moved = {place: (value - average) / len(values) for place, value in values.items()}
    return Estimate(average, moved, len(values))


def probit(share: Estimate) -> Estimate:
    """Return the normal quantile of a share, which is first drawn a little towards a half.

    Half a hit and half a miss are added (Hautus 1995), so that shares of 0 and 1 have one.
    """
    drawn = (share.value * share.count + 0.5) / (share.count + 1)
    quantile = NORMAL.inv_cdf(drawn)
    by = share.count / (share.count + 1) / NORMAL.pdf(quantile)
    return share.mapped(lambda _: quantile, by)


def variance(estimate: Estimate, clusters: Clusters) -> float:
    """Return the variance of an estimate, clustered by rater and by question.

    Never less than clustered by either alone, which the sum can be by chance.
    """
    raters = _clustered(estimate, clusters.raters)
    questions = _clustered(estimate, clusters.questions)
    both = _clustered(estimate, list(zip(clusters.raters, clusters.questions, strict=True)))
    return max(raters + questions - both, raters, questions)


def interval(estimate: Estimate, clusters: Clusters) -> Interval:
    """Return an estimate between what it may be with 95 % confidence, by Student's distribution."""
    half = _times(estimate, clusters) * math.sqrt(variance(estimate, clusters))
    return Interval(
        estimate.value, estimate.value - half, estimate.value + half, fewest(estimate, clusters)
    )


def share_interval(estimate: Estimate, clusters: Clusters) -> Interval:
    """Return the same of a share: Wilson's, with as many turns as would vary as much alone."""
    share, number = estimate.value, fewest(estimate, clusters)
    spread = variance(estimate, clusters)
    alone = min(estimate.count, share * (1 - share) / spread) if spread else number
    low, high = wilson(share * alone, alone, _times(estimate, clusters))
    return Interval(share, min(low, share), max(high, share), number)


def fewest(estimate: Estimate, clusters: Clusters) -> int:
    """Return how many raters or questions an estimate is made of, whichever are fewer."""
    return min(
        len({owners[place] for place in estimate.influence})
        for owners in (clusters.raters, clusters.questions)
    )


def _times(estimate: Estimate, clusters: Clusters) -> float:
    return student(max(1, fewest(estimate, clusters) - 1))


def _clustered(estimate: Estimate, owners: Sequence[Hashable]) -> float:
    sums: dict[Hashable, float] = defaultdict(float)
    for place, by in estimate.influence.items():
        sums[owners[place]] += by
    if len(sums) == 1:
        return 0.0
    return math.fsum(one * one for one in sums.values()) * len(sums) / (len(sums) - 1)
