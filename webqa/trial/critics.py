"""What the critics of a trial's tasks name, and what a scorer knows that no critique says.

The gap between discriminator and critique (Saunders et al. 2022, section 5): flaws that a reward
model ranks below the original, so that something in it knows of them, though no critique names
them. Knows no rater.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from env.records import Answer
from reward.critiques import Critique, names
from reward.scorers import Scorer
from reward.statistics import Interval, wilson
from webqa.rating.records import Planted, Task


@dataclass(frozen=True, slots=True)
class Named:
    """How often critiques are about a flaw of one kind."""

    kind: str
    """Empty: controls, of which every critique is a false alarm."""
    tasks: int
    named: Interval
    """Share of flaws that a critique names; of controls, share with any critique."""
    beside_it: float
    """Critiques an answer, on average, that are not about the flaw."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What a scorer ranks below, and what is named."""

    scorer: str
    flaws: int
    below: Interval
    """Share of flaws that the scorer ranks below the original."""
    unnamed: Interval
    """Share of flaws that it ranks below, though no critique names them: the gap."""
    silent: Interval
    """Share of flaws that a critique names, though the scorer does not rank them below."""


def named_of(tasks: Sequence[Task]) -> list[Named]:
    """Return how often critiques name the flaws of each kind, the controls last."""
    planted = [(task, task.planted) for task in tasks if task.planted]
    kinds = sorted({one.kind for _, one in planted}, key=lambda kind: (not kind, kind))
    return [_named(kind, [pair for pair in planted if pair[1].kind == kind]) for kind in kinds]


async def gap_of(tasks: Sequence[Task], scorer: Scorer) -> Gap | None:
    """Compare a scorer with the critiques; None where no flaw was planted.

    Raises:
        Error: the scorer failed.
    """
    flawed = [(task, task.planted) for task in tasks if task.planted and task.planted.kind]
    if not flawed:
        return None
    answers = [one for task, planted in flawed for one in _both(task, planted)]
    scores = [score.value for score in await scorer.score(answers)]
    below = [scores[at + 1] < scores[at] for at in range(0, len(scores), 2)]
    known = [_is_named(task, planted) for task, planted in flawed]
    pairs = list(zip(below, known, strict=True))
    return Gap(
        scorer.name,
        len(flawed),
        share_of(below),
        share_of(lower and not named for lower, named in pairs),
        share_of(named and not lower for lower, named in pairs),
    )


def on_trial(task: Task, planted: Planted) -> tuple[Answer, tuple[Critique, ...]]:
    """Return the answer on trial and its critiques."""
    if planted.answer == "first":
        return task.pair.first, task.first_critiques
    return task.pair.second, task.second_critiques


def share_of(told: Iterable[bool]) -> Interval:
    """Return a share of tasks, each to a question of its own, with Wilson's interval."""
    values = list(told)
    count = sum(values)
    return Interval(count / (len(values) or 1), *wilson(count, len(values)), len(values))


def _named(kind: str, planted: Sequence[tuple[Task, Planted]]) -> Named:
    others = [_others(task, one) for task, one in planted]
    told = [_is_named(task, one) if kind else bool(on_trial(task, one)[1]) for task, one in planted]
    return Named(kind, len(planted), share_of(told), sum(others) / len(others))


def _is_named(task: Task, planted: Planted) -> bool:
    _, critiques = on_trial(task, planted)
    return any(names(one, planted.start, planted.end) for one in critiques)


def _others(task: Task, planted: Planted) -> int:
    _, critiques = on_trial(task, planted)
    return sum(not names(one, planted.start, planted.end) for one in critiques)


def _both(task: Task, planted: Planted) -> tuple[Answer, Answer]:
    """Return the answer as it was, and with its flaw."""
    flawed, _ = on_trial(task, planted)
    quotes = planted.original_quotes or flawed.quotes
    return Answer(flawed.question, planted.original, quotes), flawed
