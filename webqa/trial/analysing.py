"""What a trial found: flaws and false alarms, assisted and alone, and by how much they differ.

Detection is the share of planted flaws of which people said that the answer has one; false alarms
are that share for controls, whose answer was left as it was. Their difference tells apart finding
flaws from being suspicious, and so does d'. All intervals are clustered by rater and question.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from env.errors import ConfigError
from reward.statistics import Interval
from webqa.trial.clustering import (
    Clusters,
    Estimate,
    interval,
    mean,
    probit,
    share_interval,
)
from webqa.trial.turns import Turn

Values = Mapping[int, float]
"""By the places of their turns."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure in both arms."""

    name: str
    alone: Interval | None
    """None where there is no such turn."""
    assisted: Interval | None
    difference: Interval | None
    """Assisted less alone; of times their ratio, less 1."""
    turns: tuple[int, int]
    """Alone and assisted."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """All measures of a trial."""

    measures: tuple[Compared, ...]
    kinds: tuple[Compared, ...]
    """Detection of each kind of flaw."""
    turns: int
    raters: int
    questions: int
    simulated: bool
    """Whether a program judged; never to be told as people's."""


def analyse(turns: Sequence[Turn], *, simulated: bool = False) -> Analysis:
    """Compare the arms of a trial.

    Raises:
        ConfigError: there is no turn.
    """
    if not turns:
        raise ConfigError("there is no rating of a trial's item yet: nothing can be reported")
    arms = _Arms(turns)
    measures = [
        arms.share("flaws found", lambda one: one.found if one.kind else None),
        arms.share("false alarms", lambda one: None if one.kind else one.found),
        arms.joined("found less false alarms", lambda found, alarms: found - alarms),
        arms.joined("d'", lambda found, alarms: probit(found) - probit(alarms)),
        arms.share("flaws marked", lambda one: one.marked if one.kind else None),
        arms.share("flawed answer not preferred", lambda one: one.lost if one.kind else None),
        arms.share("false alarms beside", lambda one: one.beside),
        arms.times("seconds"),
    ]
    kinds = sorted({turn.kind for turn in turns} - {""})
    return Analysis(
        tuple(measures),
        tuple(arms.share(kind, partial(_found, kind)) for kind in kinds),
        len(turns),
        len({turn.rater for turn in turns}),
        len({turn.question for turn in turns}),
        simulated,
    )


def _found(kind: str, turn: Turn) -> float | None:
    return turn.found if turn.kind == kind else None


class _Arms:
    """The turns, those alone and those with assistance."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns
        self._clusters = Clusters([turn.rater for turn in turns], [turn.question for turn in turns])

    def share(self, name: str, value: Callable[[Turn], float | None]) -> Compared:
        """Compare the means of values from 0 to 1; turns without one are passed over."""
        alone, assisted = self._means(value)
        first, second = self._share(alone), self._share(assisted)
        difference = self._difference(alone, assisted, first, second)
        return Compared(name, first, second, difference, _counts(alone, assisted))

    def joined(self, name: str, join: Callable[[Estimate, Estimate], Estimate]) -> Compared:
        """Compare what is made of the flaws found and the false alarms."""
        flaws = self._means(lambda one: one.found if one.kind else None)
        alarms = self._means(lambda one: None if one.kind else one.found)
        alone, assisted = (
            join(one, other) if one and other else None
            for one, other in zip(flaws, alarms, strict=True)
        )
        first, second = self._interval(alone), self._interval(assisted)
        return Compared(name, first, second, self._plain(alone, assisted), _counts(alone, assisted))

    def times(self, name: str) -> Compared:
        """Compare geometric means of the time taken; the difference is their ratio less 1."""
        alone, assisted = self._means(lambda one: math.log(one.seconds) if one.seconds else None)
        first, second = self._interval(alone), self._interval(assisted)
        ratio = self._plain(alone, assisted)
        return Compared(
            name,
            _exponential(first) if first else None,
            _exponential(second) if second else None,
            _less_one(_exponential(ratio)) if ratio else None,
            _counts(alone, assisted),
        )

    def _means(
        self, value: Callable[[Turn], float | None]
    ) -> tuple[Estimate | None, Estimate | None]:
        """Return the mean of those alone and of those with assistance; None where there is none."""
        arms: tuple[dict[int, float], dict[int, float]] = ({}, {})
        for place, turn in enumerate(self._turns):
            if (told := value(turn)) is not None:
                arms[turn.assisted][place] = float(told)
        alone, assisted = arms
        return mean(alone) if alone else None, mean(assisted) if assisted else None

    def _share(self, one: Estimate | None) -> Interval | None:
        return share_interval(one, self._clusters) if one else None

    def _interval(self, one: Estimate | None) -> Interval | None:
        return interval(one, self._clusters) if one else None

    def _plain(self, alone: Estimate | None, assisted: Estimate | None) -> Interval | None:
        return interval(assisted - alone, self._clusters) if alone and assisted else None

    def _difference(
        self,
        alone: Estimate | None,
        assisted: Estimate | None,
        first: Interval | None,
        second: Interval | None,
    ) -> Interval | None:
        """Return the difference of two shares; where nothing varies, by their own intervals."""
        if not (alone and assisted and first and second):
            return None
        found = interval(assisted - alone, self._clusters)
        if found.low == found.high:
            # Newcombe's: the square roots of squared distances to the ends.
            below = math.hypot(second.mean - second.low, first.high - first.mean)
            above = math.hypot(second.high - second.mean, first.mean - first.low)
            found = Interval(found.mean, found.mean - below, found.mean + above, found.count)
        return Interval(found.mean, max(-1.0, found.low), min(1.0, found.high), found.count)


def _counts(alone: Estimate | None, assisted: Estimate | None) -> tuple[int, int]:
    return alone.count if alone else 0, assisted.count if assisted else 0


def _exponential(one: Interval) -> Interval:
    return Interval(math.exp(one.mean), math.exp(one.low), math.exp(one.high), one.count)


def _less_one(one: Interval) -> Interval:
    return Interval(one.mean - 1, one.low - 1, one.high - 1, one.count)
