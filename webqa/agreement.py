"""How far raters agree: the share of equal judgements, and Krippendorff's alpha.

Knows no comparison: a unit is what was rated, with the numbers that raters gave it, however many
they were. Alpha needs no rater's name.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from env.errors import Error
from reward.statistics import Interval, mean_interval
from webqa.resampling import TAILS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Ties = Literal["third", "half", "left out"]
"""What a tie is: a third judgement; one that half agrees with each of the others, as WebGPT counts
(appendix C); or no judgement."""
Level = Literal["nominal", "ordinal", "interval"]
"""What a difference of ratings means: being different, the ratings between, or its size."""
_MOST_VALUES = 1_000
"""Different ratings, at the most: the table of coincidences has the square of it."""


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha: 1 is perfect agreement, 0 what chance gives, below 0 is worse."""

    alpha: float
    low: float
    high: float
    units: int
    """Units with two ratings or more; the others say nothing of agreement."""
    ratings: int
    """Of these units."""


def agreement(
    units: Sequence[Sequence[float]],
    clusters: Sequence[Hashable] | None = None,
    *,
    ties: Ties = "third",
) -> Interval | None:
    """Return how often two raters prefer the same, of all pairs of ratings of one unit.

    Args:
        units: of each the preferences given: above 0, below 0, or 0 for a tie.
        clusters: what each unit belongs to, such as a question; None: each to its own.
        ties: what a tie is; pairs with one may be left out.

    Returns:
        The share with its interval, or None where no pair is left.
    """
    names: Sequence[Hashable] = range(len(units)) if clusters is None else clusters
    same: list[float] = []
    owners: list[Hashable] = []
    for name, ratings in zip(names, units, strict=True):
        signs = [(one > 0) - (one < 0) for one in ratings]
        for first, second in combinations(signs, 2):
            if ties == "left out" and not (first and second):
                continue
            one_tie = (first == 0) != (second == 0)
            same.append(0.5 if ties == "half" and one_tie else float(first == second))
            owners.append(name)
    if not same:
        return None
    found = mean_interval(same, owners)
    # With halves it is no interval of shares, and may reach beyond them.
    return replace(found, low=max(0.0, found.low), high=min(1.0, found.high))


def krippendorff(
    units: Sequence[Sequence[float]],
    level: Level = "nominal",
    clusters: Sequence[Hashable] | None = None,
    *,
    resamples: int = 1_000,
    seed: int = 0,
) -> Alpha | None:
    """Return Krippendorff's alpha, `1 - observed disagreement / expected disagreement`.

    By the table of coincidences (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability);
    ratings that are missing are simply not given. The interval is that of the bootstrap over
    clusters; samples in which all ratings are the same, for which there is no alpha, are left out.

    Args:
        units: the ratings of each; those with fewer than two are passed over.
        level: what a difference means.
        clusters: what each unit belongs to, such as a question; None: each to its own.
        resamples: samples of the bootstrap.
        seed: another one draws other samples.

    Returns:
        None where alpha is not defined: no unit has two ratings, or all ratings are the same.

    Raises:
        Error: a rating is not finite, or there are too many different ones.
    """
    names: Sequence[Hashable] = range(len(units)) if clusters is None else clusters
    pairable = [
        (name, ratings) for name, ratings in zip(names, units, strict=True) if len(ratings) > 1
    ]
    if not pairable:
        return None
    known, codes = np.unique(np.concatenate([np.asarray(one, np.float64) for _, one in pairable]),
                             return_inverse=True)  # fmt: skip
    if not np.isfinite(known).all() or len(known) > _MOST_VALUES:
        raise Error(f"at most {_MOST_VALUES} different ratings are expected, all of them finite")
    cells = _cells(pairable, codes, len(known))
    alpha = _alpha(cells.table(None), known, level)
    if alpha is None:
        return None
    drawn = _resampled(cells, known, level, resamples, seed)
    low, high = np.percentile(drawn, TAILS) if drawn else (alpha, alpha)
    # The percentiles of a small sample may both lie on one side.
    return Alpha(alpha, min(alpha, float(low)), max(alpha, float(high)), len(pairable), len(codes))


class _Cells(NamedTuple):
    """The pairs of ratings within units, as entries of the table of coincidences."""

    place: NDArray[np.int64]
    """In the table, row by row."""
    weight: Numbers
    cluster: NDArray[np.int64]
    clusters: int
    values: int
    """Different ratings: rows and columns of the table."""

    def table(self, times: NDArray[np.int64] | None) -> Numbers:
        """Return the table, each cluster counted so many times, or once."""
        weight = self.weight if times is None else self.weight * times[self.cluster]
        flat = np.bincount(self.place, weight, self.values**2).astype(np.float64)
        return flat.reshape(self.values, self.values)


def _cells(
    pairable: Sequence[tuple[Hashable, Sequence[float]]], codes: NDArray[np.int64], values: int
) -> _Cells:
    numbers: dict[Hashable, int] = {}
    places, weights, owners, at = [], [], [], 0
    for name, ratings in pairable:
        count = len(ratings)
        own = codes[at : at + count]
        at += count
        others = ~np.eye(count, dtype=bool)  # no rating is paired with itself
        found = (own[:, None] * values + own[None, :])[others]
        places.append(found)
        weights.append(np.full(len(found), 1 / (count - 1)))
        owners.append(np.full(len(found), numbers.setdefault(name, len(numbers))))
    return _Cells(
        np.concatenate(places),
        np.concatenate(weights),
        np.concatenate(owners),
        len(numbers),
        values,
    )


def _alpha(table: Numbers, known: Numbers, level: Level) -> float | None:
    """Return alpha of a table of coincidences, or None where all ratings are the same."""
    totals = table.sum(1)
    apart = _apart(known, totals, level)
    expected = float(totals @ apart @ totals)
    if expected <= 0:
        return None
    return 1 - (float(totals.sum()) - 1) * float((table * apart).sum()) / expected


def _apart(known: Numbers, totals: Numbers, level: Level) -> Numbers:
    """Return the squared difference of each two ratings: (values, values)."""
    if level == "nominal":
        return 1.0 - np.eye(len(known))
    if level == "interval":
        return np.asarray((known[:, None] - known[None, :]) ** 2)
    # How many ratings lie between two of them, half of their own included.
    ranks = np.cumsum(totals) - totals / 2
    return np.asarray((ranks[:, None] - ranks[None, :]) ** 2)


def _resampled(
    cells: _Cells, known: Numbers, level: Level, resamples: int, seed: int
) -> list[float]:
    generator = np.random.default_rng(seed)
    even = np.full(cells.clusters, 1 / cells.clusters)
    found = (
        _alpha(cells.table(generator.multinomial(cells.clusters, even)), known, level)
        for _ in range(resamples)
    )
    return [one for one in found if one is not None]
