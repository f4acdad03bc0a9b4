"""What was measured of the episodes of a run: the lines of `measures.jsonl`, and by what judge.

Knows no metric: a measure is a name and a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from env.errors import ConfigError
from env.jsonl import read

MEASURES = "measures.jsonl"
MEASURING = "measuring.json"


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one episode: a line of `measures.jsonl`."""

    episode: str
    question: str
    """Id of the question."""
    dataset: str = ""
    attempt: int = 0
    values: dict[str, float] = field(default_factory=dict)
    """By the metric's name; one that does not apply to the episode is not there."""


def read_measures(folder: Path) -> Iterator[Measured]:
    """Read what was measured of a run, each episode's once: its first line. It may be nothing.

    Raises:
        ConfigError: the file cannot be read.
        RecordError: a line is no measure.
    """
    path, seen = folder / MEASURES, set[str]()
    for one in read(path, Measured) if path.exists() else ():
        if one.episode not in seen:
            seen.add(one.episode)
            yield one


def read_measuring(folder: Path) -> dict[str, object]:
    """Read what a run was measured with, such as its judge; nothing where it is not told.

    Raises:
        ConfigError: the file is damaged.
    """
    path = folder / MEASURING
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, object])
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): measure the run anew") from error


def run_names(folders: Iterable[Path]) -> list[str]:
    """Return how runs are called: by their folder's name, or its path where two are named alike."""
    folders = list(folders)
    names = [folder.resolve().name for folder in folders]
    return [
        name if names.count(name) == 1 else str(folder)
        for name, folder in zip(names, folders, strict=True)
    ]
