"""Parts of an evaluation: which questions a machine runs, and which parts a folder holds whole.

A line is added to `parts.jsonl` when the last episode of a part is measured, so that a folder that
was killed on the way holds fewer. Knows no episode and no terminal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from env.errors import ConfigError
from env.jsonl import append, read

PARTS = "parts.jsonl"


@dataclass(frozen=True, slots=True)
class EvalConfig:
    """Which episodes are run."""

    attempts: int = 1
    """Episodes of each question."""
    limit: int = 0
    """The first so many questions alone; 0: all."""
    shard: str = "1/1"
    """I/N: the I-th of N parts of the questions, for N machines; join them with `webqa merge`."""


def part_of_shard(shard: str) -> tuple[int, int]:
    """Read `I/N`.

    Raises:
        ConfigError: it is no such thing, or I is not from 1 to N.
    """
    first, slash, second = shard.partition("/")
    if slash and first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second):
        return int(first), int(second)
    raise ConfigError(f"--shard must be I/N with I from 1 to N, such as 1/2, not {shard!r}")


def is_in_shard(question: str, number: int, of: int) -> bool:
    """Tell whether the question with this id belongs to a shard; each belongs to one."""
    return int.from_bytes(sha256(f"shard\0{question}".encode()).digest()[:8]) % of == number - 1


def note_whole(folder: Path, part: EvalConfig) -> None:
    """Note that a folder holds a part whole, unless that is the last thing noted of it.

    Raises:
        ConfigError: the folder cannot be written.
    """
    if read_parts(folder).get(part_of_shard(part.shard)) != part:
        append(folder / PARTS, part)


def read_parts(folder: Path) -> dict[tuple[int, int], EvalConfig]:
    """Read what a folder holds whole, by the shard; what was noted last of each.

    Raises:
        ConfigError: the file cannot be read.
        RecordError: a line is no part.
    """
    path = folder / PARTS
    parts = read(path, EvalConfig) if path.exists() else ()
    return {part_of_shard(part.shard): part for part in parts}


def check_parts(out: Path, runs: Iterable[Path]) -> None:
    """Check that runs hold parts of one evaluation, each whole and each once.

    Raises:
        ConfigError: one is not finished, two hold the same shard, or they are no parts of one.
    """
    wholes = {_evaluation(part): out for part in read_parts(out).values()}
    holders = dict[tuple[int, int], Path]()
    for run in runs:
        if not (parts := read_parts(run)):
            raise ConfigError(
                f"{run} is not finished: finish it with the `webqa eval` that it was begun with"
            )
        for shard, part in parts.items():
            if (other := holders.setdefault(shard, run)) is not run:
                raise ConfigError(f"{other} and {run} both hold shard {part.shard}: give one")
            wholes.setdefault(_evaluation(part), run)
    if len(wholes) > 1:
        told = "; ".join(f"{folder} is of {whole}" for whole, folder in wholes.items())
        raise ConfigError(f"these are not shards of one evaluation: {told}")


def _evaluation(part: EvalConfig) -> str:
    """Return what a part is a part of, in words."""
    of = part_of_shard(part.shard)[1]
    questions = f"the first {part.limit:,} questions" if part.limit else "all questions"
    return f"{questions} in {of} shards with --attempts {part.attempts}"


def missing_shards(folder: Path) -> list[str]:
    """Return the shards that a folder lacks, of as many as those it holds are of."""
    held = read_parts(folder)
    of = max((number for _, number in held), default=0)
    return [f"{number}/{of}" for number in range(1, of + 1) if (number, of) not in held]
