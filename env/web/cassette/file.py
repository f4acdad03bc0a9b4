"""A cassette's file as the operating system knows it: opened, locked, copied, made to last.

Knows nothing of what stands in it.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from env.errors import ConfigError

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Disk:
    """What a tape asks of the operating system when it writes; tests let it fail."""

    write: Callable[[int, bytes], int] = os.write
    fsync: Callable[[int], None] = os.fsync
    truncate: Callable[[int, int], None] = os.ftruncate


DISK = Disk()


def open_file(path: Path, *, writing: bool) -> int:
    """Open the file, making it if it is to be written.

    Raises:
        ConfigError: it cannot be opened or is no file.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND if writing else os.O_RDONLY
    try:
        # A pipe that nobody writes to would be waited for.
        file = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except OSError as error:
        what = "record to" if writing else "read"
        raise ConfigError(f"cannot {what} {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise ConfigError(f"{path} is no ordinary file: name a cassette")
    return file


def take_lock(file: int, path: Path) -> None:
    """Lock the file until it is closed.

    Raises:
        ConfigError: another process records to it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(
            f"another process is recording to {path}: wait for it, or name another file"
        ) from error


def copy_rest(file: int, start: int, path: Path) -> Path:
    """Copy the file from an offset on to a new file beside it.

    Raises:
        ConfigError: it cannot be written.
    """
    number = 1
    while (beside := path.with_name(f"{path.name}.lost-{number}")).exists():
        number += 1
    try:
        with beside.open("xb") as other:
            while block := os.pread(file, _BLOCK, start):
                other.write(block)
                start += len(block)
            other.flush()
            os.fsync(other.fileno())
    except OSError as error:
        raise ConfigError(
            f"cannot move the damaged part of {path} to {beside} ({error.strerror}): "
            "record to another file"
        ) from error
    return beside


def keep_name(path: Path) -> None:
    """Make the new file's name survive a crash, where the file system can."""
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
