"""Curves with 95 % intervals clustered by question, and how they are drawn. Knows no stage.

All answers to one question depend on each other, so a question counts once, with the mean of its
answers; the interval is of the mean over questions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from reward.best_of_n import Mean, mean_over

WIDTH, HEIGHT = 640, 260
"""Of a figure's drawing area, in its own units."""


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


@dataclass(frozen=True, slots=True)
class Point:
    """A place of a curve, and how sure it is."""

    across: float
    up: float
    low: float
    high: float


def point(across: float, found: Mean) -> Point:
    """Return a mean as a point of a curve."""
    return Point(across, found.mean, found.low, found.high)


@dataclass(frozen=True, slots=True)
class Curve:
    """Points in their order."""

    label: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """What is drawn in one frame."""

    title: str
    note: str
    across: str
    """What is drawn to the right."""
    curves: tuple[Curve, ...]
    marks: tuple[float, ...] = ()
    """Places across that are named; none: round numbers."""
    logarithmic: bool = False
    """Whether twice as much is as far everywhere."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A number beside the frame."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A curve as SVG wants it."""

    label: str
    colour: int
    points: str
    band: str
    dots: tuple[tuple[float, float], ...]
    last: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as SVG wants it."""

    title: str
    note: str
    name: str
    lines: tuple[Line, ...]
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    size: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return round(self.size * (value - low) / ((high - low) or 1.0), 1)


def draw(figure: Figure) -> Drawing | None:
    """Return a figure's drawing; None when it has no point."""
    points = [one for curve in figure.curves for one in curve.points]
    if not points:
        return None
    across = [one.across for one in points]
    start = min(across) if figure.logarithmic else 0.0
    right = _Scale(start, max(across), WIDTH, figure.logarithmic)
    low, high = _range(points)
    up = _Scale(low, high, HEIGHT)
    marks = figure.marks or _marks(start, max(across))
    return Drawing(
        figure.title,
        figure.note,
        figure.across,
        tuple(
            _line(curve, number, right, up)
            for number, curve in enumerate(figure.curves)
            if curve.points
        ),
        tuple(Mark(right.place(mark), f"{mark:g}") for mark in marks),
        tuple(Mark(HEIGHT - up.place(mark), f"{mark:.3g}") for mark in _marks(low, high)),
    )


def _line(curve: Curve, number: int, right: _Scale, up: _Scale) -> Line:
    def at(across: float, value: float) -> tuple[float, float]:
        return right.place(across), round(HEIGHT - up.place(value), 1)

    dots = tuple(at(one.across, one.up) for one in curve.points)
    sure = [one for one in curve.points if math.isfinite(one.low) and math.isfinite(one.high)]
    edge = [at(one.across, one.high) for one in sure]
    edge += [at(one.across, one.low) for one in reversed(sure)]
    return Line(
        curve.label,
        number,
        " ".join(f"{x},{y}" for x, y in dots),
        " ".join(f"{x},{y}" for x, y in edge),
        dots,
        f"{curve.points[-1].up:.3g}",
    )


def _range(points: Sequence[Point]) -> tuple[float, float]:
    """Return the lowest and the highest place up; a frame need not begin at zero."""
    values = [value for one in points for value in (one.low, one.up, one.high)]
    values = [value for value in values if math.isfinite(value)]
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room


def _marks(low: float, high: float) -> tuple[float, ...]:
    """Return round numbers within a range, about four."""
    if not high > low:
        return (low,)
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(step * number for number in range(first, last + 1))
