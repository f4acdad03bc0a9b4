"""Confidence: does it tell right answers from wrong ones, and does it mean what it says?

Coverage against accuracy is `reward.abstention`; here are the calibration error, its bins and the
Brier score. Pure functions; know no policy.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from env.errors import Error
from reward.abstention import Judged, Point, area, coverage_curve

BINS = 15
Kind = Literal["width", "mass"]


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence is within bounds."""

    low: float
    high: float
    """Bounds; of bins of equal mass, the least and the greatest confidence in it."""
    count: int
    confidence: float
    """Mean; 0 where there is none."""
    accuracy: float
    """Share of right ones; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What confidences are worth over a set of questions."""

    points: tuple[Point, ...]
    """Coverage against accuracy."""
    area: float
    """Mean accuracy over all coverages that are reached."""
    bins: tuple[Bin, ...]
    """Of equal width: the reliability diagram."""
    ece: float
    """Expected calibration error over these bins, from 0 to 1."""
    ece_mass: float
    """The same over as many bins of equal mass."""
    brier: float
    answered: int
    silent: int
    """Questions without an answer."""


def calibration(judged: Sequence[Judged], silent: int = 0, count: int = BINS) -> Calibration | None:
    """Return all figures of confidences; None where nothing was answered.

    Args:
        judged: the answers given, the confidence in each as its score.
        silent: questions without any answer; they lower the coverage alone.
        count: number of bins.

    Raises:
        Error: a confidence is not from 0 to 1, or there is no bin.
    """
    _check(judged, count)
    if not judged:
        return None
    points = tuple(coverage_curve(judged, silent))
    bins = bins_of(judged, count)
    mass = calibration_error(bins_of(judged, count, "mass"))
    return Calibration(
        points, area(points), tuple(bins), calibration_error(bins), mass, brier(judged),
        len(judged), silent,
    )  # fmt: skip


def brier(judged: Sequence[Judged]) -> float:
    """Return the mean square of confidence less outcome: 0 is best, 0.25 is what a half gives.

    Raises:
        Error: there is no answer, or a confidence is not from 0 to 1.
    """
    _check(judged)
    if not judged:
        raise Error("a Brier score needs at least one answer")
    return math.fsum((one.score - one.right) ** 2 for one in judged) / len(judged)


def bins_of(judged: Sequence[Judged], count: int = BINS, kind: Kind = "width") -> list[Bin]:
    """Return the bins of confidences, from the lowest to the highest.

    Args:
        judged: the answers, the confidence in each as its score.
        count: number of bins.
        kind: `width`: bins of equal width, the upper bound within (0 belongs to the first), empty
            ones included (Guo et al. 2017). `mass`: bins of as nearly equal numbers as can be
            without parting answers of equal confidence, none empty.

    Raises:
        Error: a confidence is not from 0 to 1, or there is no bin.
    """
    _check(judged, count)
    if kind == "mass":
        return _equal_mass(sorted(judged, key=lambda one: one.score), count)
    bounds = [place / count for place in range(count + 1)]
    held: list[list[Judged]] = [[] for _ in range(count)]
    for one in judged:
        held[bisect_left(bounds, one.score, lo=1) - 1].append(one)
    return [_bin(same, *between) for same, between in zip(held, pairwise(bounds), strict=True)]


def _equal_mass(rising: Sequence[Judged], count: int) -> list[Bin]:
    """Cut where the number of answers is next reached; equal confidences stay together."""
    scores = [one.score for one in rising]
    least = [scores[place * len(scores) // count] for place in range(count)] if scores else []
    starts = [bisect_left(scores, score) for score in dict.fromkeys(least)]
    parts = [rising[first:last] for first, last in pairwise([*starts, len(scores)])]
    return [_bin(same, same[0].score, same[-1].score) for same in parts]


def _bin(same: Sequence[Judged], low: float, high: float) -> Bin:
    count = len(same)
    confidence = math.fsum(one.score for one in same) / count if count else 0.0
    accuracy = sum(one.right for one in same) / count if count else 0.0
    return Bin(low, high, count, confidence, accuracy)


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error: the mean over answers of |accuracy - confidence|.

    0 where there is no answer.
    """
    total = sum(one.count for one in bins)
    gaps = (one.count * abs(one.accuracy - one.confidence) for one in bins)
    return math.fsum(gaps) / total if total else 0.0


def _check(judged: Sequence[Judged], count: int = 1) -> None:
    if count < 1:
        raise Error(f"calibration needs at least one bin, not {count}")
    for one in judged:
        if not 0 <= one.score <= 1:
            raise Error(f"a confidence must be from 0 to 1, not {one.score}")
