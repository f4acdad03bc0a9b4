"""Means with 95 % intervals clustered by question, and points of curves. Knows no stage.

All answers to one question depend on each other, so a question counts once, with the mean of its
answers; the interval is of the mean over questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from reward.best_of_n import Mean, mean_over
from webqa.drawing import Point


def told(found: Mean) -> str:
    """Return a mean with its interval."""
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def of_questions(scores: Mapping[str, Sequence[float]]) -> Mean:
    """Return the mean over questions of the mean score of their answers."""
    return mean_over([fmean(found) for found in scores.values()])


def difference(ours: Mapping[str, Sequence[float]], others: Mapping[str, Sequence[float]]) -> Mean:
    """Return how much more answers score than others, over the questions that both have."""
    both = sorted(ours.keys() & others.keys())
    return mean_over([fmean(ours[question]) - fmean(others[question]) for question in both])


def point(across: float, found: Mean) -> Point:
    """Return a mean as a point of a curve."""
    return Point(across, found.mean, found.low, found.high)
