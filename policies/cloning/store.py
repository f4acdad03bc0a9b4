"""Examples on disk, so that a training that is gone on with need not make them again.

One file of flat arrays: nothing in it is ever executed. Knows nothing of how examples are made.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from env.errors import ConfigError
from policies.cloning.records import Example, Examples, Ids

FORMAT = "1"
"""Raised when the file changes its meaning."""


def kept(path: Path, key: str, make: Callable[[], Examples]) -> Examples:
    """Return the examples of a file, or make them and write the file.

    Args:
        path: the file.
        key: of all that the examples are made from; another key makes them anew.
        make: makes them.
    """
    if (found := _read(path, key)) is not None:
        return found
    made = make()
    _write(path, key, made)
    return made


def _write(path: Path, key: str, examples: Examples) -> None:
    head = {
        "format": FORMAT,
        "key": key,
        "questions": [one.question for one in examples.all],
        "kinds": [one.kind for one in examples.all],
        "weights": [one.weight for one in examples.all],
        "left_out": examples.left_out,
    }
    arrays: dict[str, NDArray[Any]] = {"head": np.frombuffer(json.dumps(head).encode(), np.uint8)}
    parts = {
        "prompts": [one.prompt for one in examples.all],
        "completions": [one.completion for one in examples.all],
        "choices": [one.sets for one in examples.all],
        "sets": list(examples.sets),
    }
    for name, rows in parts.items():
        arrays |= {name: _joined(rows), f"{name}_lengths": np.array([len(row) for row in rows])}
    beside = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        beside.replace(path)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}): make room, or name another folder"
        ) from error


def _read(path: Path, key: str) -> Examples | None:
    """Return what a file holds, or None if it is not there, is damaged or has another key."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            head = json.loads(file["head"].tobytes())
            if (head["format"], head["key"]) != (FORMAT, key):
                return None
            rows = {name: _rows(file, name) for name in ("prompts", "completions", "choices")}
            sets = tuple(_rows(file, "sets"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    fields = zip(head["questions"], head["kinds"], head["weights"], *rows.values(), strict=True)
    return Examples(tuple(Example(*of) for of in fields), sets, head["left_out"])


def _joined(rows: Iterable[Ids]) -> Ids:
    return np.concatenate([np.empty(0, np.int32), *rows]).astype(np.int32)


def _rows(file: Any, name: str) -> list[Ids]:  # noqa: ANN401 - numpy's type has no public name
    ends = np.cumsum(file[f"{name}_lengths"])
    return list(np.split(file[name], ends[:-1].astype(int))) if len(ends) else []
