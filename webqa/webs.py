"""Opens what `--web` names: the sample web, or a folder that `webqa index` made.

The index of the sample web is built on first use, in the user's cache folder. Knows no policy.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from env.config import DEFAULT, BrowserConfig
from env.errors import ConfigError
from env.version import VERSION as WEBQA
from env.web.base import Web
from webqa.names import unknown

SAMPLE = "sample"
SAMPLE_FILES = Path(__file__).parent / "sample" / "web"
SAMPLE_PREFIX = "https://"
KEY_LENGTH = 16

Say = Callable[[str], None]


def say_on_stderr(line: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(f"{line}\n")


def open_web(
    name: str | Path = SAMPLE, config: BrowserConfig = DEFAULT, *, say: Say = say_on_stderr
) -> Web:
    """Open a web by the name that `--web` takes.

    Args:
        name: `sample`, or a folder made by `webqa index`.
        config: how many results a search shows, and how much of each.
        say: is told, line by line, what a person should know: that the sample web has to be
            indexed first, that search by meaning is not possible here.

    Raises:
        ConfigError: there is no such web, or the folder holds no usable index.
    """
    from env.web.corpus import open_corpus

    if name == SAMPLE:
        folder = sample_index(say)
    elif (folder := Path(name).expanduser()).is_dir():
        pass
    elif os.sep in str(name) or folder.exists():
        raise ConfigError(f"no folder {name}: --web takes a folder that `webqa index` made")
    else:
        message = unknown("web", str(name), [SAMPLE])
        raise ConfigError(f"{message}, or a folder that `webqa index` made")
    corpus = open_corpus(folder, results=config.results, snippet=config.snippet)
    for note in corpus.notes:
        say(f"Note: {note}")
    return corpus


def sample_index(say: Say) -> Path:
    """Return the folder with the index of the sample web; build it when there is none yet."""
    folder = _cache_folder() / f"sample-{_sample_key()}"
    if _is_complete(folder):
        return folder
    try:
        _remove(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    except OSError:
        say(f"Indexing the sample web, for {folder.parent} cannot be written ...")
        return _build_sample(_temporary_folder() / folder.name)
    try:
        say(f"Indexing the sample web, this once, into {folder} ...")
        built = _build_sample(beside / "index")
        try:
            built.rename(folder)
        except OSError:
            # Another process was quicker: its index holds the same.
            if not _is_complete(folder):
                raise
    finally:
        _remove(beside)
    return folder


def _is_complete(folder: Path) -> bool:
    from env.web.folder import DESCRIPTION

    return (folder / DESCRIPTION).is_file()


def _build_sample(folder: Path) -> Path:
    from env.web.indexing import IndexConfig, build_index

    build_index([SAMPLE_FILES], folder, IndexConfig(url_prefix=SAMPLE_PREFIX))
    return folder


def _sample_key() -> str:
    """Return a hash of the sample's files and of what decides the form of an index."""
    from env.web.folder import FORMAT, VERSION
    from env.web.terms import ANALYSER

    digest = sha256(f"{FORMAT} {VERSION} {ANALYSER} {WEBQA}".encode())
    for path in sorted(SAMPLE_FILES.rglob("*")):
        if path.is_file():
            digest.update(f"\0{path.relative_to(SAMPLE_FILES).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:KEY_LENGTH]


def _cache_folder() -> Path:
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named) / "webqa"
    try:
        home = Path.home()
    except RuntimeError:
        return _temporary_folder()
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "webqa"


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="webqa-"))
    atexit.register(_remove, folder)
    return folder


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
