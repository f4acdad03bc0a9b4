"""Where webqa keeps what it can make again: the user's cache folder. Knows not what is in it."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from env.errors import ConfigError


def cache_folder() -> Path:
    """Return the user's cache folder for webqa; it may not exist yet."""
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named) / "webqa"
    try:
        home = Path.home()
    except RuntimeError:
        return temporary_folder()
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "webqa"


def expanded(path: Path | str) -> Path:
    """Return a path in which a `~` at the start is replaced by the home folder it stands for.

    Raises:
        ConfigError: there is no such folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{path}: there is no such home folder, write the path out") from error


def temporary_folder() -> Path:
    """Return a new folder that is removed when the program ends."""
    folder = Path(tempfile.mkdtemp(prefix="webqa-"))
    atexit.register(remove, folder)
    return folder


def remove(folder: Path) -> None:
    """Remove a folder and all that is in it; one that is not there is no fault."""
    shutil.rmtree(folder, ignore_errors=True)
