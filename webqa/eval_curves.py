"""The curves of an evaluation: right answers by what was spent on them, and by how sure they are.

Intervals count questions: the attempts at one are alike. Knows no page and no table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reward.abstention import Point as Covered
from reward.best_of_n import best_of_n, mean_curve
from reward.statistics import wilson
from webqa.drawing import Curve, Figure, Point
from webqa.measured import read_measures
from webqa.metrics.summary import Part

GROUPS = 8
"""Of episodes, in the curves of right answers by what they took."""
DRAWN = 200
"""Points of a curve of coverage, at the most."""
NAMED = 8
"""Attempts up to which each is named below its curve."""

Attempts = list[tuple[float, float]]
"""Of one question: how sure each answer is, minus infinity where that is not known, and whether it
is right."""


def curves_of(folder: Path, whole: Part) -> list[Figure]:
    """Return the curves of a run: by commands, tokens and attempts, and by confidence.

    Args:
        folder: of the run, whose measures are read one by one.
        whole: all its data sets together.
    """
    each = whole.questions / whole.episodes
    found = [
        _against(folder, "actions", "Right answers by the number of commands", "commands", each),
        _against(folder, "tokens_read", "Right answers by the tokens read", "tokens", each),
        _by_attempts(folder),
    ]
    if whole.calibration is not None:
        found += _of_confidence(whole, each)
    return [one for one in found if any(curve.points for curve in one.curves)]


def _share(across: float, share: float, count: float) -> Point:
    """Return a share as a point, with its interval of 95 %."""
    return Point(across, share, *wilson(share * count, count))


def _against(folder: Path, name: str, title: str, across: str, each: float) -> Figure:
    """Return the share of right answers by a number that episodes took, in up to eight groups."""
    pairs = sorted(
        (one.values[name], one.values["right"])
        for one in read_measures(folder)
        if name in one.values and "right" in one.values
    )
    points = [
        _share(
            sum(at for at, _ in some) / len(some),
            sum(right for _, right in some) / len(some),
            each * len(some),
        )
        for some in (_groups(pairs) if pairs and pairs[0][0] != pairs[-1][0] else ())
    ]
    note = "Share of right answers in groups of about as many episodes, with 95 % intervals."
    return Figure(title, note, across, (Curve("right", tuple(points)),))


def _groups(pairs: Sequence[tuple[float, float]]) -> Iterator[Sequence[tuple[float, float]]]:
    """Cut sorted pairs into up to eight groups; equal numbers are never apart."""
    begin, least = 0, max(1, len(pairs) // GROUPS)
    for end in range(1, len(pairs) + 1):
        last = end == len(pairs)
        if last or (end - begin >= least and pairs[end][0] != pairs[end - 1][0]):
            yield pairs[begin:end]
            begin = end


def _by_attempts(folder: Path) -> Figure:
    """Return the share of questions that n attempts get right; no point where each had one."""
    asked: dict[str, Attempts] = defaultdict(list)
    sure = False
    for one in read_measures(folder):
        if "right" in one.values:
            confidence = one.values.get("confidence", float("-inf"))
            sure |= "confidence" in one.values
            asked[one.question].append((confidence, one.values["right"]))
    most = max(map(len, asked.values()), default=0)
    whole = [some for some in asked.values() if len(some) == most] if most > 1 else []
    rights = [[right for _, right in some] for some in whole]
    curves = [Curve("any of n is right", _means(map(best_of_n, rights)))]
    if sure:
        keys = ([confidence for confidence, _ in some] for some in whole)
        curves.append(Curve("the surest of n is right", _means(map(best_of_n, rights, keys))))
    note = "Share of questions, the mean over all choices of n attempts, with 95 % intervals."
    named = tuple(range(1, most + 1)) if most <= NAMED else ()
    return Figure("Right answers by the number of attempts", note, "attempts", tuple(curves), named)


def _means(curves: Iterable[Sequence[float]]) -> tuple[Point, ...]:
    return tuple(
        Point(n, one.mean, max(0.0, one.low), min(1.0, one.high))
        for n, one in enumerate(mean_curve(list(curves)), start=1)
    )


def _of_confidence(whole: Part, each: float) -> Iterator[Figure]:
    """Yield what confidences are worth: coverage against accuracy, and the reliability diagram."""
    if (found := whole.calibration) is None:
        return
    covered = (
        _share(one.coverage, one.accuracy, each * one.answered) for one in _thinned(found.points)
    )
    yield Figure(
        "Coverage",
        "Share of right answers among those that are sure enough, by the share of questions "
        f"answered, with 95 % intervals. Mean over all coverages: {found.area:.3f}.",
        "coverage",
        (Curve("right", tuple(covered)),),
    )
    right = (
        _share(one.confidence, one.accuracy, each * one.count) for one in found.bins if one.count
    )
    yield Figure(
        "Reliability",
        "Share of right answers by the confidence in them, in bins of equal width, with 95 % "
        f"intervals. Expected calibration error {found.ece:.3f}, Brier score {found.brier:.3f}.",
        "confidence",
        (
            Curve("right", tuple(right)),
            Curve("as often right as sure", (Point(0, 0), Point(1, 1))),
        ),
    )


def _thinned(points: Sequence[Covered]) -> Sequence[Covered]:
    """Return as many points as can be drawn, evenly taken, the last one always."""
    step = -(-len(points) // DRAWN)
    return points[::-1][::step][::-1] if points else points
