"""Means, shares and win rates with intervals that are clustered by question.

Answers to one question are alike, so they count together: what varies is the question. Pure
functions of the standard library; knows no run, no metric and no policy. What needs arrays stands
in webqa.resampling, webqa.agreement and webqa.bradley_terry.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from env.errors import Error

Z95 = 1.959963984540054
"""Standard errors on each side of a mean that hold 95 % of a normal distribution."""
_T1, _T2 = 12.706204736174698, 4.302652729749464
"""The same of Student's distribution with one and two degrees of freedom."""
LARGEST = 1e150
"""Of values whose mean is taken: squares of larger ones could not be added up."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and what it may be with 95 % confidence."""

    mean: float
    low: float
    high: float
    count: int
    """Clusters, which are the questions. One cluster of anything but shares tells nothing of
    others: its interval has no width, and should not be shown."""


def mean_interval(
    values: Sequence[float], clusters: Sequence[Hashable] | None = None, *, shares: bool = True
) -> Interval:
    """Return the mean of all values and an interval that is clustered.

    Where every value is 0 or 1 it is the score interval of Wilson with the number of values that,
    drawn independently, would vary as much (at least one, at most as many as there are): with one
    value to a cluster Wilson's own, and never without width. Where clusters hold several values,
    Student's quantile stands in it for the normal one, as their spread is an estimate. Otherwise
    the clustered standard error with Student's distribution of one degree of freedom less than
    there are clusters.

    Args:
        values: one for each episode; finite, and at most LARGEST in size.
        clusters: what each value belongs to, such as the id of its question; None: each to its own.
        shares: whether values of 0 and 1 alone are shares, and not numbers that happen to be so.

    Raises:
        Error: no value, one that is not finite or too large, or another number of clusters than of
            values.
    """
    sums = _deviations(values, clusters)
    mean, count = math.fsum(values) / len(values), len(sums)
    spread = math.fsum(one * one for one in sums) / len(values) ** 2
    if shares and all(value in (0, 1) for value in values):
        several = 1 < count < len(values)
        if several:
            spread *= count / (count - 1)
        alike = _independent(mean, spread, values, count)
        low, high = wilson(mean * alike, alike, student(count - 1) if several else Z95)
        # At a share of 0 or 1 rounding must not leave the mean outside.
        return Interval(mean, min(low, mean), max(high, mean), count)
    if count == 1:
        return Interval(mean, mean, mean, 1)
    half = student(count - 1) * math.sqrt(spread * count / (count - 1))
    return Interval(mean, mean - half, mean + half, count)


def _deviations(values: Sequence[float], clusters: Sequence[Hashable] | None) -> list[float]:
    """Return for each cluster by how much its values are above the mean, in sum."""
    if not values:
        raise Error("a mean needs at least one value")
    if not all(abs(value) <= LARGEST for value in values):
        raise Error(
            f"a mean needs finite numbers of at most {LARGEST:g}: one of the values is none"
        )
    names: Sequence[Hashable] = range(len(values)) if clusters is None else clusters
    if len(names) != len(values):
        raise Error(f"each value needs its cluster: {len(values)} values, {len(names)} clusters")
    mean = math.fsum(values) / len(values)
    grouped: dict[Hashable, list[float]] = defaultdict(list)
    for name, value in zip(names, values, strict=True):
        grouped[name].append(value - mean)
    return [math.fsum(own) for own in grouped.values()]


def _independent(mean: float, spread: float, values: Sequence[float], count: int) -> float:
    """Return how many independent shares would vary as much as these do."""
    if count == 1 or mean in (0, 1):
        return count
    return max(1.0, min(len(values), mean * (1 - mean) / spread)) if spread else len(values)


def wilson(count: float, of: float, z: float = Z95) -> tuple[float, float]:
    """Return the score interval of a share (Wilson 1927); 0 to 1 when there is nothing."""
    if of == 0:
        return 0.0, 1.0
    rate = count / of
    middle = (rate + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(rate * (1 - rate) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def win_rate(preferences: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Interval:
    """Return how often the first is preferred, ties as half.

    The interval is that of Bonett and Price (2012), which knows ties: one win and one loss are
    added, each a cluster of its own, so that it has a width even where all are won or tied. The
    mean is that of what was given.

    Args:
        preferences: above 0 where the first is better, below 0 where the second is, 0 for a tie.
        clusters: what each belongs to, such as the id of its question; None: each to its own.

    Raises:
        Error: no preference, one that is NaN, or another number of clusters.
    """
    values = [0.5 + 0.5 * _sign(one) for one in preferences]
    count = len(_deviations(values, clusters))
    names = range(len(values)) if clusters is None else clusters
    added = [*values, 1.0, 0.0]
    sums = _deviations(added, [*((0, name) for name in names), (1, "win"), (1, "loss")])
    middle = math.fsum(added) / len(added)
    half = Z95 * math.sqrt(math.fsum(one * one for one in sums)) / len(added)
    mean = math.fsum(values) / len(values)
    return Interval(
        mean, max(0.0, min(mean, middle - half)), min(1.0, max(mean, middle + half)), count
    )


def _sign(preference: float) -> float:
    if math.isnan(preference):
        raise Error("a preference is no number")
    return (preference > 0) - (preference < 0)


def student(freedom: int) -> float:
    """Return the 97.5th percentile of Student's distribution.

    Exact for one and two degrees of freedom, then by the expansion of Cornish and Fisher to its
    fourth term (Abramowitz and Stegun 26.7.5), which is right to about one in a thousand.

    Raises:
        Error: fewer than one degree of freedom.
    """
    if freedom < 1:
        raise Error(f"at least one degree of freedom is needed, not {freedom}")
    if freedom <= 2:
        return (_T1, _T2)[freedom - 1]
    z = Z95
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))
