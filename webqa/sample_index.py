"""The index of the sample web, built on first use in the user's cache folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from env.version import VERSION as WEBQA
from webqa.folders import cache_folder, remove, temporary_folder

SAMPLE_FILES = Path(__file__).parent / "sample" / "web"
SAMPLE_PREFIX = "https://"
KEY_LENGTH = 16

Say = Callable[[str], None]


def sample_index(say: Say) -> Path:
    """Return the folder with the index of the sample web; build it when there is none yet."""
    folder = cache_folder() / f"sample-{_sample_key()}"
    if _is_complete(folder):
        return folder
    try:
        remove(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    except OSError:
        say(f"Indexing the sample web, for {folder.parent} cannot be written ...")
        return _build_sample(temporary_folder() / folder.name)
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
        remove(beside)
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
