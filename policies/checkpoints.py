"""What lets a long training be killed at any moment: whole files, sealed checkpoints, metrics.

A checkpoint is a folder that somebody else fills; it counts only once it is sealed. Settings are
written beside what they made, and compared before it is gone on with. Knows no model.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from env.errors import ConfigError
from env.jsonl import append

SEAL = "sealed.json"
METRICS = "metrics.jsonl"
PARTIAL = ".tmp"
_NUMBERED = re.compile(r"checkpoint-(\d+)")


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    beside = path.with_name(path.name + PARTIAL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()  # on a full disk a half of it is only in the way
        raise ConfigError(
            f"cannot write {path} ({error.strerror}): make room, or name another folder"
        ) from error


def seal(checkpoint: Path) -> None:
    """Mark a checkpoint as whole; call it when all its files are written."""
    sizes = {str(path.relative_to(checkpoint)): path.stat().st_size for path in _files(checkpoint)}
    write_whole(checkpoint / SEAL, json.dumps(sizes, indent=1) + "\n")


def newest(folder: Path) -> Path | None:
    """Return the sealed checkpoint of the latest step; None when there is none."""
    found = [(int(match[1]), path) for path in _entries(folder) if (match := _number(path))]
    return next((path for _, path in sorted(found, reverse=True) if is_whole(path)), None)


def step_of(checkpoint: Path) -> int:
    """Return the number of steps after which a checkpoint was made."""
    match = _number(checkpoint)
    return int(match[1]) if match else 0


def is_whole(checkpoint: Path) -> bool:
    """Tell whether a checkpoint is sealed and still has all its files, at their sizes."""
    try:
        sizes = json.loads((checkpoint / SEAL).read_text(encoding="utf-8"))
        return all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def remove_torn(folder: Path) -> None:
    """Remove the checkpoints that were never sealed, or of which a part is gone."""
    for path in _entries(folder):
        if _number(path) and not is_whole(path):
            shutil.rmtree(path, ignore_errors=True)


def replace_folder(made: Path, place: Path) -> None:
    """Put a folder that is complete in the place of another.

    Killed between the two moves, neither is lost: the next call, or `recover_folder`, ends it.
    """
    recover_folder(place)
    old = place.with_name(place.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    made.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def recover_folder(place: Path) -> None:
    """Bring back what `replace_folder` had moved away when it was killed."""
    old = place.with_name(place.name + ".old")
    if old.exists() and not place.exists():
        old.rename(place)


def add_metrics(folder: Path, step: int, values: Mapping[str, float | str]) -> None:
    """Append what was measured after a step to the folder's metrics."""
    append(folder / METRICS, {"step": step, **values}, wait=False)


def read_metrics(folder: Path) -> list[dict[str, float | str]]:
    """Return all that was measured, in order; a torn last line is passed over."""
    try:
        lines = (folder / METRICS).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    try:
        return [msgspec.json.decode(line) for line in lines if line.strip()]
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{folder / METRICS} is damaged ({error}): remove it") from error


def cut_metrics(folder: Path, step: int) -> None:
    """Forget what was measured after a step: it will be measured again."""
    kept = [line for line in read_metrics(folder) if float(line["step"]) <= step]
    if kept or (folder / METRICS).exists():
        text = "".join(msgspec.json.encode(line).decode() + "\n" for line in kept)
        write_whole(folder / METRICS, text)


def agree(path: Path, settings: object, advice: str) -> bool:
    """Write settings beside what they will make, or compare them with those that are there.

    Args:
        path: the file of the settings.
        settings: a record, or a mapping of records.
        advice: what to do when they differ, such as `name another folder`.

    Returns:
        True if the same settings were there already.

    Raises:
        ConfigError: others are there; says which differs first.
    """
    wanted = json.loads(msgspec.json.encode(settings))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        write_whole(path, json.dumps(wanted, indent=2, ensure_ascii=False) + "\n")
        return False
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): {advice}") from error
    if found != wanted:
        raise ConfigError(
            f"{path.parent} was made with other settings: {difference(found, wanted)}; {advice}"
        )
    return True


def difference(found: object, wanted: object) -> str:
    """Return the first setting that differs, with both values."""
    there, here = dict(flat(found)), dict(flat(wanted))
    for name in [*here, *there]:
        if there.get(name) != here.get(name):
            return f"{name} is {there.get(name)!r} there and {here.get(name)!r} here"
    return "they are written otherwise"


def flat(value: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield nested settings as one level, with dots in their names."""
    if not isinstance(value, Mapping):
        yield prefix, value
        return
    for name, inner in value.items():
        yield from flat(inner, f"{prefix}.{name}" if prefix else name)


def _number(path: Path) -> re.Match[str] | None:
    return _NUMBERED.fullmatch(path.name)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SEAL)
