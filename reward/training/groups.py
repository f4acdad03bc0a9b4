"""Comparisons as what is learnt: for each question its answers, each once, and pairs of them.

Whatever cannot be learnt from is left out, counted and named. Knows a reader, no weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from env.errors import ConfigError, RecordError
from env.records import Answer
from policies.cloning.splitting import part_of
from policies.models.base import ModelError
from reward.comparisons import Comparison, check
from reward.text import Reader, Reading, length_of
from reward.training.config import SLIGHT, PreferenceConfig


class Compared(NamedTuple):
    """Two of a group's answers, by their numbers in it."""

    first: int
    second: int
    preference: float
    """From +1 (the first is much better) to -1; 0 is a tie."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The answers to one question, and which were compared."""

    question: str
    """Its id."""
    readings: tuple[Reading, ...]
    lengths: tuple[float, ...]
    """Of the answers, in hundreds of words."""
    pairs: tuple[Compared, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """All groups, and what was left out or shortened, by reason."""

    train: tuple[Group, ...]
    validation: tuple[Group, ...]
    left_out: Counter[str]


def make_groups(
    comparisons: Iterable[Comparison], reader: Reader, config: PreferenceConfig
) -> Groups:
    """Return groups, split by question.

    Raises:
        ConfigError: nothing is left to learn from, or to measure on, or all of it is ties.
    """
    left_out: Counter[str] = Counter()
    waiting: dict[str, _Building] = {}
    for one in comparisons:
        if reason := fault(one) or unwanted(one, config):
            left_out[f"comparison ({reason})"] += 1
        else:
            waiting.setdefault(one.question, _Building(one.question)).add(one, reader, left_out)
    parts: dict[str, list[Group]] = {"train": [], "validation": []}
    for building in waiting.values():
        if building.pairs:
            parts[part_of(building.question, config.validation)].append(building.group())
    found = Groups(tuple(parts["train"]), tuple(parts["validation"]), left_out)
    _check(found, config)
    return found


def fault(comparison: Comparison) -> str:
    """Return why a comparison cannot be learnt from; empty if it can."""
    try:
        check(comparison)
    except RecordError as error:
        return str(error)
    return ""


def unwanted(comparison: Comparison, config: PreferenceConfig) -> str:
    """Return why settings leave a comparison out; empty if they do not."""
    if comparison.preference == 0:
        return "" if config.ties else "a tie: --ties 0"
    slight = abs(comparison.preference) <= SLIGHT and not config.slight
    return "one answer only slightly better: --slight 0" if slight else ""


class _Building:
    """A group that comparisons are added to."""

    def __init__(self, question: str) -> None:
        self.question = question
        self.pairs: list[Compared] = []
        self._numbers: dict[Answer, int] = {}
        self._readings: list[Reading] = []
        self._lengths: list[float] = []

    def add(self, one: Comparison, reader: Reader, left_out: Counter[str]) -> None:
        try:
            numbers = [self._number(answer, reader, left_out) for answer in (one.first, one.second)]
        except ModelError:
            left_out["comparison of an answer that is too long for the model"] += 1
            return
        self.pairs.append(Compared(numbers[0], numbers[1], one.preference))

    def _number(self, answer: Answer, reader: Reader, left_out: Counter[str]) -> int:
        if answer not in self._numbers:
            reading = reader.read(answer)
            left_out["quote without room in the model (its answer is learnt all the same)"] += (
                reading.left_out
            )
            self._numbers[answer] = len(self._readings)
            self._readings.append(reading)
            self._lengths.append(length_of(answer))
        return self._numbers[answer]

    def group(self) -> Group:
        return Group(self.question, tuple(self._readings), tuple(self._lengths), tuple(self.pairs))


def _check(found: Groups, config: PreferenceConfig) -> None:
    if found.left_out and not found.train and not found.validation:
        reasons = ", ".join(f"{number:,} × {reason}" for reason, number in found.left_out.items())
        raise ConfigError(f"no comparison is left to learn from; left out: {reasons}")
    for name, groups, wanted in (
        ("train", found.train, "lower"),
        ("validation", found.validation, "raise"),
    ):
        if not groups:
            total = len(found.train) + len(found.validation)
            raise ConfigError(
                f"of all questions with comparisons ({total:,}) none is left for {name}: {wanted} "
                f"--validation ({config.validation:g} now), or give more comparisons"
            )
        if not any(pair.preference for group in groups for pair in group.pairs):
            number = count_pairs(groups)
            raise ConfigError(
                f"all {number:,} comparisons for {name} are ties, and from ties alone nothing can "
                "be learnt or measured: give comparisons in which one answer is better"
            )


def count_pairs(groups: Sequence[Group]) -> int:
    """Return how many comparisons there are in groups."""
    return sum(len(group.pairs) for group in groups)
