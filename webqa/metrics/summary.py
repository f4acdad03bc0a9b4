"""Measures of many episodes as a table: a mean with its interval for each data set and measure.

Numbers are kept as numbers and nothing else is, so that a large run needs little memory. Knows no
file.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from reward.abstention import Judged
from reward.statistics import Interval, mean_interval
from webqa.measured import Measured
from webqa.metrics.confidence import Calibration, calibration
from webqa.metrics.measures import MEASURES

EVERYTHING = "all"
"""Stands for all data sets together, where there are several."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measure of a data set."""

    measure: str
    interval: Interval
    """95 %, clustered by question; its count is that of the questions it applies to."""
    episodes: int
    """That it applies to."""


@dataclass(frozen=True, slots=True)
class Part:
    """What was measured of one data set."""

    dataset: str
    questions: int
    episodes: int
    rows: tuple[Row, ...]
    """In the order of `MEASURES`; names that it does not know come last."""
    calibration: Calibration | None = None
    """Where confidences were given for answers with a key. Of attempts, each counts."""

    def mean(self, measure: str) -> float | None:
        """Return the mean of a measure; None where it does not apply."""
        found = (row.interval.mean for row in self.rows if row.measure == measure)
        return next(found, None)


def summarise(measured: Iterable[Measured]) -> list[Part]:
    """Return the table: data sets in order of their first episode, then all of them together.

    Raises:
        Error: a value is not finite, or a confidence not from 0 to 1.
    """
    sets: dict[str, _Columns] = {}
    for one in measured:
        sets.setdefault(one.dataset, _Columns()).add(one)
    parts = [_part(name, [columns]) for name, columns in sets.items()]
    return [*parts, _part(EVERYTHING, list(sets.values()))] if len(sets) > 1 else parts


@dataclass(slots=True)
class _Column:
    values: array[float] = field(default_factory=lambda: array("d"))
    clusters: array[int] = field(default_factory=lambda: array("i"))


class _Columns:
    """The values of a data set by measure, and which question each belongs to."""

    def __init__(self) -> None:
        self.questions: dict[str, int] = {}
        self.columns: dict[str, _Column] = {}
        self.episodes = 0
        self.sure: list[Judged] = []
        self.silent = 0

    def add(self, one: Measured) -> None:
        cluster = self.questions.setdefault(one.question, len(self.questions))
        self.episodes += 1
        for name, value in one.values.items():
            column = self.columns.setdefault(name, _Column())
            column.values.append(value)
            column.clusters.append(cluster)
        if "right" in one.values:
            if "confidence" in one.values:
                self.sure.append(Judged(one.values["confidence"], one.values["right"] == 1))
            elif not one.values.get("answered", 1.0):
                self.silent += 1


def _part(name: str, sets: Sequence[_Columns]) -> Part:
    found = {one for columns in sets for one in columns.columns}
    names = [one for one in MEASURES if one in found] + sorted(found - MEASURES.keys())
    sure = [one for columns in sets for one in columns.sure]
    silent = sum(columns.silent for columns in sets)
    return Part(
        name,
        sum(len(columns.questions) for columns in sets),
        sum(columns.episodes for columns in sets),
        tuple(_row(one, _joined(one, sets)) for one in names),
        calibration(sure, silent) if sure else None,
    )


def _joined(name: str, sets: Sequence[_Columns]) -> _Column:
    """Return a measure of several sets; one id in two of them is two questions."""
    whole, before = _Column(), 0
    for columns in sets:
        if (column := columns.columns.get(name)) is not None:
            whole.values.extend(column.values)
            whole.clusters.extend(before + one for one in column.clusters)
        before += len(columns.questions)
    return whole


def _row(name: str, column: _Column) -> Row:
    """Return a measure with its interval, which ends where the measure itself does."""
    unit = MEASURES[name].unit if name in MEASURES else "difference"
    found = mean_interval(column.values, column.clusters, shares=unit == "share")
    count = len(column.values)
    if unit == "share":
        return Row(name, replace(found, low=max(0.0, found.low), high=min(1.0, found.high)), count)
    if unit != "difference":
        # Errors, counts, seconds and prices begin at nothing.
        found = replace(found, low=max(0.0, found.low))
    return Row(name, found, count)
