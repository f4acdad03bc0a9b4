"""Abstention: below which score it is better to say that nothing was found.

Calibrated on answers of which it is known whether they are right. One threshold for all questions,
as GopherCite had it: the share of questions that are answered goes down, the share of right ones
among them up. Pure functions; knows no scorer and no file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from env.errors import Error


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer to one question: its score, and whether it is right."""

    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class Point:
    """What answering at or above a score gives."""

    threshold: float
    """The lowest score that is answered."""
    coverage: float
    """Share of all questions that are answered."""
    accuracy: float
    """Share of right answers among them."""
    answered: int


def coverage_curve(judged: Sequence[Judged], silent: int = 0) -> list[Point]:
    """Return a point for each score, from the fewest answers to the most.

    Answers of the same score are answered together: no threshold parts them.

    Args:
        judged: the answers.
        silent: questions without any answer: never covered, whatever the threshold.

    Raises:
        Error: there is no question, or a score is not finite.
    """
    if not judged and not silent:
        raise Error("a threshold needs answers to calibrate it on")
    if not all(math.isfinite(one.score) for one in judged):
        raise Error("a score is no finite number: the scorer that gave it is broken")
    falling = sorted(judged, key=lambda one: -one.score)
    points, answered, right = [], 0, 0
    for score, same in groupby(falling, key=lambda one: one.score):
        tied = list(same)
        answered += len(tied)
        right += sum(one.right for one in tied)
        coverage = answered / (len(judged) + silent)
        points.append(Point(score, coverage, right / answered, answered))
    return points


def threshold_for(points: Sequence[Point], accuracy: float, least: int = 1) -> Point | None:
    """Return the point that answers most with at least this accuracy; None where none does.

    Args:
        points: a coverage curve.
        accuracy: to be reached.
        least: answers that a point needs to be believed: a few that score highest are right by
            chance.
    """
    found = (one for one in reversed(points) if one.accuracy >= accuracy)
    return next((one for one in found if one.answered >= least), None)


def threshold_covering(points: Sequence[Point], coverage: float) -> Point | None:
    """Return the point that answers fewest with at least this coverage; None where none does."""
    return next((one for one in points if one.coverage >= coverage), None)


def area(points: Sequence[Point]) -> float:
    """Return the mean accuracy over all coverages reached: how well scores tell right from wrong.

    Scores that tell nothing give about the accuracy of answering everything. 0 without a point.
    """
    if not points:
        return 0.0
    covered, total = 0.0, 0.0
    for point in points:
        total += (point.coverage - covered) * point.accuracy
        covered = point.coverage
    return total / covered


def abstains(score: float, threshold: float | None) -> bool:
    """Tell whether an answer of this score is to be withheld."""
    return threshold is not None and score < threshold
