"""The folder that a cloned model is written into, and whether it may be. Knows no training.

`clone.json` holds the settings; the model's `config.json` comes last, so a folder that has it is
finished. Until then `checkpoints/` holds what is needed to go on.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from env.errors import ConfigError
from policies.checkpoints import METRICS, agree

SETTINGS = "clone.json"
LAST = "config.json"
BUILDING = ".building"
ADVICE = "name another folder with -o, or remove this one"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other processes from training into the same folder.

    Raises:
        ConfigError: one does already, or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ConfigError(
            f"cannot use {folder} for the model ({error.strerror}): name another with -o"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ConfigError(
            f"another process is training into {folder}: wait for it, or name another with -o"
        ) from error
    finally:
        os.close(lock)


def is_main() -> bool:
    """Tell whether this is the one process that writes, of several that train together."""
    return os.environ.get("RANK", "0") == "0"


def begin(folder: Path, settings: object, name: str = SETTINGS, last: str = LAST) -> bool:
    """Write the settings into a folder that is new, or compare them with those that are there.

    Args:
        folder: of the output.
        settings: all that decides what it becomes.
        name: of the file that they are written to.
        last: name of the file that tells a finished folder.

    Returns:
        True if the folder holds the finished model of these settings.

    Raises:
        ConfigError: the folder holds something else.
    """
    if not (folder / name).exists():
        names = [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]
        names = [one for one in names if not one.endswith(".tmp")]
        if last in names:
            raise ConfigError(f"{folder} holds another model: {ADVICE}")
        if names:
            raise ConfigError(f"{folder} holds other files, such as {sorted(names)[0]}: {ADVICE}")
    if not (folder / METRICS).exists() and not (folder / last).exists():
        (folder / name).unlink(missing_ok=True)  # of a training that did not come to begin
    return agree(folder / name, settings, ADVICE) and (folder / last).exists()


def finish(folder: Path, write: Callable[[Path], None]) -> None:
    """Let the model's files be written, and put them into the folder, `config.json` at the end."""
    building = folder / BUILDING
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    write(building)
    for path in sorted(building.iterdir(), key=lambda path: path.name == LAST):
        path.replace(folder / path.name)
    building.rmdir()
