"""Comparisons: which of two answers to one question somebody preferred.

The record, what makes one usable, its JSON lines, and splits by question. Knows no file format but
our own (reward.formats has the others) and no model.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from env.errors import ConfigError, RecordError
from env.records import Answer, from_json, to_json
from policies.checkpoints import write_whole
from policies.cloning.splitting import part_of

SCHEMA = 1
"""Raised when a field changes its meaning."""
ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two answers to one question, and how much better the first one is."""

    id: str
    question: str
    """Id of the question: all comparisons of one question stay on one side of a split."""
    first: Answer
    second: Answer
    preference: float
    """From +1 (the first is much better) to -1 (the second is); 0 is a tie."""
    first_episode: str = ""
    """Ids of the episodes that the answers come from."""
    second_episode: str = ""
    axes: dict[str, float] = field(default_factory=dict)
    """The same scale for single qualities, such as support or coherence."""
    dataset: str = ""
    rater: str = ""
    simulated: bool = False
    """Whether a program judged, as in tests; never to be told as people's."""
    guideline: str = ""
    """Version of the instructions that the rater had."""
    created: str = ""
    """ISO 8601, UTC."""
    notes: str = ""


class Split(NamedTuple):
    """Comparisons in two parts that share no question."""

    train: list[Comparison]
    held_out: list[Comparison]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a set of comparisons holds."""

    comparisons: int
    questions: int
    ties: int
    first_better: int
    simulated: int
    datasets: dict[str, int]


def identifier(question: str, *answers: Answer) -> str:
    """Return an id made of a question's id and the answers that are compared."""
    parts = (question.encode(), *map(to_json, answers))
    return sha256(b"\n".join(parts)).hexdigest()[:ID_LENGTH]


def check(comparison: Comparison) -> None:
    """Refuse what cannot be learnt from.

    Raises:
        RecordError: no question; answers to different questions; twice the same answer; a
            preference or an axis that is no number from -1 to 1.
    """
    first, second = comparison.first, comparison.second
    if not comparison.question or not first.question.strip():
        raise RecordError("it names no question")
    if first.question != second.question:
        raise RecordError("its two answers are to different questions")
    if (first.text, first.quotes) == (second.text, second.quotes):
        raise RecordError("its two answers are the same")
    for name, value in (("preference", comparison.preference), *comparison.axes.items()):
        if not (math.isfinite(value) and -1 <= value <= 1):
            raise RecordError(f"{name} must be a number from -1 to 1, not {value}")


def read_comparisons(path: Path) -> list[Comparison]:
    """Read comparisons in our own form, every one checked.

    A last line without a line end that is cut short, as a crash leaves it, is passed over.

    Raises:
        RecordError: a line that is no usable comparison, or an id that stands for two, by number.
        ConfigError: the file cannot be read, or holds no comparison.
    """
    found: dict[str, Comparison] = {}
    for place, line in _lines(path):
        try:
            one = from_json(line, Comparison)
            check(one)
        except RecordError as error:
            if is_torn(line):
                break
            raise RecordError(f"{place}: {error}") from error
        if one.id in found and found[one.id] != one:
            raise RecordError(f"{place}: the id {one.id!r} stands for another comparison before")
        found[one.id] = one
    if not found:
        raise ConfigError(f"{path} holds no comparison: `webqa comparisons` makes such files")
    return list(found.values())


def write_comparisons(path: Path, comparisons: Iterable[Comparison]) -> None:
    """Write comparisons as JSON lines, the whole file or nothing.

    Raises:
        ConfigError: the file cannot be written.
        RecordError: one of them is not usable, with its id.
    """
    comparisons = list(comparisons)
    for one in comparisons:
        try:
            check(one)
        except RecordError as error:
            raise RecordError(f"the comparison {one.id!r} cannot be written: {error}") from error
    write_whole(path, "".join(to_json(one).decode() + "\n" for one in comparisons))


def split(comparisons: Sequence[Comparison], share: float = 0.1) -> Split:
    """Hold out all comparisons of a share of the questions.

    A question's side depends on its id alone, as in cloning: the same in every run and file.

    Raises:
        ConfigError: one of the two parts is empty.
    """
    parts = Split([], [])
    for one in comparisons:
        held_out = part_of(one.question, share) == "validation"
        (parts.held_out if held_out else parts.train).append(one)
    if not parts.train or not parts.held_out:
        empty = "to train on" if not parts.train else "to hold out"
        questions = len({one.question for one in comparisons})
        raise ConfigError(
            f"no question is left {empty} of {questions} with a share of {share} held out: "
            "give more comparisons or another share"
        )
    return parts


def fold_of(question: str, folds: int) -> int:
    """Return the fold, from 0, that holds out a question; apart from the split's own hash."""
    return int.from_bytes(sha256(f"fold {question}".encode()).digest()[:8]) % folds


def cross_validated(comparisons: Sequence[Comparison], folds: int = 5) -> list[Split]:
    """Return one split for each fold: every question is held out in exactly one of them.

    Raises:
        ConfigError: fewer than two folds, or one that holds out nothing.
    """
    if folds < 2:
        raise ConfigError(f"at least 2 folds are needed, not {folds}")
    splits = [Split([], []) for _ in range(folds)]
    for one in comparisons:
        own = fold_of(one.question, folds)
        for number, parts in enumerate(splits):
            (parts.held_out if number == own else parts.train).append(one)
    if not all(parts.held_out for parts in splits):
        questions = len({one.question for one in comparisons})
        raise ConfigError(f"{questions} questions are too few for {folds} folds: one is empty")
    return splits


def count(comparisons: Sequence[Comparison]) -> Counts:
    """Count what a report tells of a set of comparisons."""
    return Counts(
        len(comparisons),
        len({one.question for one in comparisons}),
        sum(one.preference == 0 for one in comparisons),
        sum(one.preference > 0 for one in comparisons),
        sum(one.simulated for one in comparisons),
        dict(sorted(Counter(one.dataset for one in comparisons).items())),
    )


def is_torn(line: bytes) -> bool:
    """Tell whether a line is the end of a file that a crash cut short."""
    if line.endswith(b"\n"):
        return False
    try:
        msgspec.json.decode(line)
    except (msgspec.MsgspecError, RecursionError):
        return True
    return False


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}, line {number}", line
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
