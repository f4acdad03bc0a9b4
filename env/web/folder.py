"""An index folder as a whole: its description in index.json, and how it comes into its place.

A build works in `NAME.building` beside `NAME`; when it is complete the two change places. At any
moment there is a whole index under one of the names, and a later build finds which.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from env.errors import ConfigError

DESCRIPTION = "index.json"
FORMAT = "webqa-index"
VERSION = 1
SKIPPED = "skipped.jsonl"


@dataclass(frozen=True, slots=True)
class Description:
    """What index.json tells about an index."""

    sha256: str
    """Hash of its content: all pages' hashes and URLs."""
    pages: int = 0
    passages: int = 0
    links: int = 0
    duplicate_texts: int = 0
    """Pages with the text of an earlier page; they can be opened, results show the first."""
    skipped: dict[str, int] = field(default_factory=dict)
    analyser: str = ""
    encoder: str = ""
    """Name of the encoder whose vectors the index holds; empty when it holds none."""
    dimensions: int = 0
    url_prefix: str = ""
    sources: tuple[str, ...] = ()
    format: str = FORMAT
    version: int = VERSION


def describe(folder: Path) -> Description:
    """Read the description of an index.

    Raises:
        ConfigError: there is no such folder, it is no index, or one of a newer version.
    """
    if not folder.exists():
        raise ConfigError(
            f"{folder} does not exist: make an index with: webqa index SOURCE... -o DIR"
        )
    try:
        found = msgspec.json.decode((folder / DESCRIPTION).read_bytes())
    except (OSError, msgspec.DecodeError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ConfigError(
            f"{folder} is not an index of webqa: make one with: webqa index SOURCE... -o DIR"
        )
    if not isinstance(version := found.get("version"), int) or version > VERSION:
        raise ConfigError(
            f"{folder} is an index of format {version}, this version reads up to {VERSION}:"
            " update webqa, or index the sources again"
        )
    try:
        return msgspec.convert(found, Description)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{folder}/{DESCRIPTION} is damaged ({error}): index again") from error


def write_description(folder: Path, description: Description) -> None:
    """Write index.json, which makes the folder a complete index."""
    raw = msgspec.json.format(msgspec.json.encode(description), indent=2)
    partial = folder / f"{DESCRIPTION}.partial"
    partial.write_bytes(raw + b"\n")
    partial.replace(folder / DESCRIPTION)


def building(out: Path) -> Path:
    """Return where an index is built before it comes to its place."""
    return out.with_name(out.name + ".building")


def places(out: Path) -> tuple[Path, Path, Path]:
    """Return the three folders that a build of this index may use."""
    return out, building(out), _replaced(out)


def check_place(out: Path) -> None:
    """Make sure that an index may be written here, finishing an exchange that was interrupted.

    Raises:
        ConfigError: there is something which is not an index.
    """
    replaced = _replaced(out)
    if replaced.exists() and _is_index(replaced):
        if out.exists():
            shutil.rmtree(replaced)
        else:
            replaced.rename(out)
    for place in places(out):
        if place.exists() and not (place.is_dir() and (_is_empty(place) or _is_ours(place, out))):
            raise ConfigError(
                f"{place} exists and is not an index: name another folder, or remove it first"
            )


def put_in_place(out: Path) -> None:
    """Let the index that was built take the place of the old one, if there is one."""
    replaced = _replaced(out)
    if out.exists():
        out.rename(replaced)
    building(out).rename(out)
    if replaced.exists():
        shutil.rmtree(replaced)


@contextmanager
def naming_full_disk(out: Path) -> Iterator[None]:
    """Turn the errors of a full or read-only disk into one line.

    Raises:
        ConfigError: something could not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        raise ConfigError(_cannot_write(out, error.strerror or str(error))) from error
    except (sqlite3.OperationalError, ValueError) as error:
        text = str(error).lower()
        if "locked" in text or "lockbusy" in text:
            raise ConfigError(f"{out} is being built by another process: wait for it") from error
        if not any(sign in text for sign in ("full", "no space", "readonly", "os error 28")):
            raise
        raise ConfigError(_cannot_write(out, str(error))) from error


def _cannot_write(out: Path, why: str) -> str:
    return f"cannot write {building(out)} ({why}): make room, then run the same command again"


def _replaced(out: Path) -> Path:
    return out.with_name(out.name + ".replaced")


def _is_index(folder: Path) -> bool:
    try:
        describe(folder)
    except ConfigError as error:
        return "newer" in str(error)
    return True


def _is_ours(place: Path, out: Path) -> bool:
    return ((place / DESCRIPTION).exists() and _is_index(place)) or (
        place == building(out) and (place / "pages.sqlite").exists()
    )


def _is_empty(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None
