"""Figures as SVG wants them: curves with their intervals, and the marks beside the frame.

Knows no metrics and no page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 240
"""Of a figure's drawing area, in its own units."""
COLOURS = 8
"""Colours that the style sheet has; further curves begin again with the first."""
FEW = 16
"""Points up to which each of a curve is seen as a dot."""
NEAR = 0.8
"""Share of the highest value above which all values are near it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place of a curve, and between what it surely lies."""

    across: float
    up: float
    low: float = math.nan
    """NaN, or no finite number: nothing is known of it."""
    high: float = math.nan


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
    """The outline of its intervals; empty without any."""
    dots: tuple[tuple[float, float], ...]
    """Its points one by one, where they are few: one alone is no line."""
    last: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as SVG wants it."""

    title: str
    note: str
    name: str
    """What is drawn to the right."""
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
    """Return a figure's drawing; None when it has no point.

    Args:
        figure: all `across` and `up` of its points are finite, and above 0 where it is logarithmic.
    """
    points = [one for curve in figure.curves for one in curve.points]
    if not points:
        return None
    last = max(one.across for one in points)
    first = min(one.across for one in points) if figure.logarithmic else 0.0
    right = _Scale(first, last if last > first else first + 1.0, WIDTH, figure.logarithmic)
    low, high = _range([v for one in points for v in (one.low, one.up, one.high)])
    up = _Scale(low, high, HEIGHT)
    filled = [curve for curve in figure.curves if curve.points]
    return Drawing(
        figure.title,
        figure.note,
        figure.across,
        tuple(_line(curve, number % COLOURS, right, up) for number, curve in enumerate(filled)),
        tuple(Mark(right.place(one), shown(one)) for one in figure.marks or marks(first, last)),
        tuple(Mark(round(HEIGHT - up.place(one), 1), shown(one)) for one in marks(low, high)),
    )


def _line(curve: Curve, colour: int, right: _Scale, up: _Scale) -> Line:
    def dot(across: float, value: float) -> tuple[float, float]:
        return right.place(across), abs(round(HEIGHT - up.place(value), 1))

    def at(across: float, value: float) -> str:
        return ",".join(map(str, dot(across, value)))

    sure = [one for one in curve.points if math.isfinite(one.low) and math.isfinite(one.high)]
    edge = [at(one.across, one.high) for one in sure]
    edge += [at(one.across, one.low) for one in reversed(sure)]
    return Line(
        curve.label,
        colour,
        " ".join(at(one.across, one.up) for one in curve.points),
        " ".join(edge),
        tuple(dot(one.across, one.up) for one in curve.points if len(curve.points) <= FEW),
        shown(curve.points[-1].up),
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return the lowest and the highest place of a frame, with all finite values in it.

    0 is in it, too, unless the values are all near the highest: they would be a flat line.
    """
    finite = [value for value in values if math.isfinite(value)]
    least, most = min(finite), max(finite)
    if NEAR * most < least < most:
        return least - (most - least) / 10, most
    low, high = min(0.0, least), max(0.0, most)
    return (low, high) if high > low else (0.0, 1.0)


def marks(low: float, high: float) -> tuple[float, ...]:
    """Return round numbers within a range, about five."""
    if not high > low:
        return (low,)
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(step * number for number in range(first, last + 1))


def shown(value: float) -> str:
    """Return a number with three digits that matter, without an exponent where it can be read."""
    if value == 0 or 0.001 <= abs(value) < 1e6:
        text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        return text if "e" not in text else f"{value:,.0f}"
    return f"{value:.2e}"
