"""Records as JSON lines, appended so that a crash costs at most the line being written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from env.errors import ConfigError, RecordError
from env.records import Record, from_json, to_json


def append(path: Path, record: object, *, wait: bool = True) -> None:
    """Append one record as a whole line.

    A torn last line, left by a crash, is cut off first.

    Args:
        path: the file; it is made when there is none.
        record: what is written.
        wait: return only once it is on the disk; a log that may be lost in a crash need not wait.

    Raises:
        ConfigError: the file cannot be written (full disk, no permission).
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _cut_torn_line(file)
            _write_all(file, to_json(record) + b"\n")
            if wait:
                os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}): make room, or name another folder"
        ) from error


def read(path: Path, kind: type[Record]) -> Iterator[Record]:
    """Read records one by one. A torn last line is passed over; any other bad line is an error.

    Raises:
        RecordError: a line that is not such a record, with its number.
        ConfigError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    return
                if line.strip():
                    yield _read_line(line, kind, f"{path}, line {number}")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


def _read_line(line: bytes, kind: type[Record], place: str) -> Record:
    try:
        return from_json(line, kind)
    except RecordError as error:
        raise RecordError(f"{place}: {error}") from error


def _cut_torn_line(file: int) -> None:
    end = os.fstat(file).st_size
    if end == 0 or os.pread(file, 1, end - 1) == b"\n":
        return
    start = end
    while start > 0:
        step = min(start, 1 << 16)
        block = os.pread(file, step, start - step)
        if (place := block.rfind(b"\n")) >= 0:
            os.ftruncate(file, start - step + place + 1)
            return
        start -= step
    os.ftruncate(file, 0)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
