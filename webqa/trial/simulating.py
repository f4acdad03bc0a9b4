"""Simulated raters of known skill, whom assistance helps by a known amount.

They check that a trial finds the effect that is there; what they say is always marked as simulated,
in a field of its own and by the names of rater and campaign, and is never to be told as people's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random

from env.errors import ConfigError
from env.records import Answer
from reward.comparisons import identifier
from reward.critiques import Critique, names
from reward.pairs import Pair
from webqa.rating.records import Judgement, Planted, Task, Which
from webqa.rating.results.lines import RatingLine
from webqa.trial.config import FLAWS, SimulationConfig

SIMULATED = "simulated"
"""Campaign of these ratings, and the beginning of their raters' names."""


def check(config: SimulationConfig) -> None:
    """Refuse settings that make no sense.

    Raises:
        ConfigError: too few raters, or a negative spread.
    """
    if not 1 <= config.each <= config.raters:
        raise ConfigError(
            f"each task needs 1 to {config.raters} raters, for there are so many, not {config.each}"
        )
    if config.skill < 0 or config.ease < 0 or not config.seconds > 0:
        raise ConfigError("skill and ease must not be below 0, and seconds must be above it")


def simulate(tasks: Sequence[Task], config: SimulationConfig) -> Iterator[RatingLine]:
    """Yield what simulated raters say of the tasks of a trial.

    Raises:
        ConfigError: a setting makes no sense, or a task is none of a trial.
    """
    check(config)
    draw = Random(f"simulated {config.seed}")
    skills = [draw.gauss(0, config.skill) for _ in range(config.raters)]
    half = draw.sample(range(config.raters), config.raters // 2)
    turn = 0
    for task in tasks:
        if task.planted is None:
            raise ConfigError(f"the task {task.pair.id} is none of a trial: nothing is planted")
        ease = draw.gauss(0, config.ease)
        for _ in range(config.each):
            rater = turn % config.raters  # never the same twice at one task
            turn += 1
            assisted = rater in half if config.arms == "by-rater" else draw.random() < 0.5
            yield _line(task, task.planted, rater, assisted, skills[rater] + ease, config, draw)


def expected(tasks: Sequence[Task], config: SimulationConfig) -> tuple[float, float]:
    """Return by how much assistance changes detection and false alarms, over all such raters.

    What a trial estimates: the mean over people and tasks of the difference of probabilities.
    """
    spread = math.hypot(config.skill, config.ease)
    gains: dict[bool, list[float]] = {True: [], False: []}
    for task in tasks:
        if task.planted:
            flawed = bool(task.planted.kind)
            base = config.found if flawed else config.alarm
            effect = _effect(task, task.planted, config)
            gains[flawed].append(_mean(base + effect, spread) - _mean(base, spread))
    flaws, alarms = (math.fsum(one) / len(one) if one else 0.0 for one in gains.values())
    return flaws, alarms


def made_up(number: int, *, named: float = 0.8, controls: float = 0.5, seed: int = 0) -> list[Task]:
    """Return tasks of a trial without meaning, to try its statistics on.

    Args:
        number: how many.
        named: share of flaws that a critique names, and of controls that one is about.
        controls: share without a flaw.
        seed: another one draws other tasks.
    """
    draw = Random(f"made up {seed}")
    return [
        _made_up(place, draw, draw.random() < named, place < number * controls)
        for place in range(number)
    ]


def _made_up(place: int, draw: Random, named: bool, control: bool) -> Task:
    question = f"question {place}"
    answers = Answer(question, "The first answer."), Answer(question, "The second answer.")
    pair = Pair(identifier(question, *answers), question, *answers)
    which: Which = "first" if draw.random() < 0.5 else "second"
    planted = Planted(which, "" if control else draw.choice(FLAWS), 4, 9, "The one answer.")
    critiques = (Critique(4, 9, "other", "Not so.", author=SIMULATED),) if named else ()
    if which == "first":
        return Task(pair, first_critiques=critiques, planted=planted)
    return Task(pair, second_critiques=critiques, planted=planted)


def _effect(task: Task, planted: Planted, config: SimulationConfig) -> float:
    """Return what assistance adds to the log-odds of saying that there is a flaw."""
    critiques = task.first_critiques if planted.answer == "first" else task.second_critiques
    if not planted.kind:
        return config.misled if critiques else 0.0
    named = any(names(one, planted.start, planted.end) for one in critiques)
    return config.helped if named else 0.0


def _line(
    task: Task,
    planted: Planted,
    rater: int,
    assisted: bool,
    above: float,
    config: SimulationConfig,
    draw: Random,
) -> RatingLine:
    odds = (config.found if planted.kind else config.alarm) + above
    odds += _effect(task, planted, config) if assisted else 0.0
    said = (planted.answer,)
    found = draw.random() < _logistic(odds)
    seconds = math.exp(
        math.log(config.seconds) + draw.gauss(0, 0.4) + (config.slower if assisted else 0.0)
    )
    better = 1 if planted.answer == "second" else -1  # towards the answer beside it
    return RatingLine(
        SIMULATED,
        task.pair,
        Judgement(
            better if found else 0, flawed=said if found else (), sound=() if found else said
        ),
        f"{SIMULATED}-{rater}",
        "detailed",
        SIMULATED,
        "",
        f"{SIMULATED}-{config.seed}-{task.pair.id}-{rater}",
        assisted=assisted,
        raters=config.each,
        active_ms=round(seconds * 1000),
        wall_ms=round(seconds * 1000),
        first_critiques=task.first_critiques,
        second_critiques=task.second_critiques,
        planted=planted,
        simulated=True,
    )


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def _mean(middle: float, spread: float) -> float:
    """Return the mean of the logistic function of a normal variable, by sums over its density."""
    steps = [place / 20 for place in range(-120, 121)]
    weights = [math.exp(-one * one / 2) for one in steps]
    told = map(_logistic, (middle + spread * one for one in steps))
    together = math.fsum(one * weight for one, weight in zip(told, weights, strict=True))
    return together / math.fsum(weights)
