"""Sources in, items out: finds the files and gives each to the reader of its kind."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from env.errors import ConfigError
from env.web.sources.items import Item, Limits, Skip
from env.web.sources.jsonlines import read_json_lines
from env.web.sources.kinds import HEAD, document_type, kind_of
from env.web.sources.warc import read_warc
from env.web.sources.zim import read_zim


def read(
    sources: Sequence[Path], limits: Limits, leave: Collection[Path] = ()
) -> Iterator[Item | Skip]:
    """Yield every document of the sources, always in the same order.

    Args:
        sources: folders and files.
        limits: how they are read.
        leave: absolute folders that are passed over, such as the index that is being built.

    Raises:
        ConfigError: a source does not exist, or needs a package that is not installed.
    """
    for source in sources:
        for path in _files(source, leave):
            try:
                yield from _read_file(path, source, limits)
            except OSError as fault:
                yield Skip("unreadable", str(path), fault.strerror or str(fault))


def manifest(sources: Sequence[Path], leave: Collection[Path] = ()) -> str:
    """Return a hash of the names, sizes and times of all source files (see read).

    Raises:
        ConfigError: a source does not exist, or there is none.
    """
    if not sources:
        raise ConfigError("nothing to index: name a folder, a WARC, ZIM or JSON lines file")
    digest = sha256()
    for source in sources:
        if not source.exists():
            raise ConfigError(f"{source} does not exist: name a folder or a file to index")
        digest.update(f"{source.resolve()}\n".encode(errors="surrogateescape"))
        for path in _files(source, leave):
            try:
                found = path.stat()
            except OSError:
                continue
            line = f"{path}\t{found.st_size}\t{found.st_mtime_ns}\n"
            digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _files(source: Path, leave: Collection[Path]) -> Iterator[Path]:
    if not source.is_dir():
        yield source
        return
    for folder, folders, names in os.walk(source):
        here = Path(folder).resolve()
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and here / name not in leave
        )
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(folder, name)


def _read_file(path: Path, source: Path, limits: Limits) -> Iterator[Item | Skip]:
    if not path.is_file():
        yield Skip("not a regular file", str(path))
        return
    kind = kind_of(path)
    if kind == "warc":
        yield from read_warc(path, limits)
    elif kind == "zim":
        yield from read_zim(path, limits)
    elif kind == "jsonl":
        yield from read_json_lines(path, limits)
    elif kind == "document":
        yield _document(path, source, limits)
    else:
        yield Skip("empty file" if kind == "empty" else "not a document", str(path))


def _document(path: Path, source: Path, limits: Limits) -> Item | Skip:
    found = path.stat()
    if found.st_size > limits.document:
        return Skip("too large", str(path), f"{found.st_size} bytes")
    data = path.read_bytes()
    kind = document_type(data[:HEAD], path.suffix)
    if not kind:
        return Skip("not a document", str(path), path.suffix)
    # A file's time tells when it was copied, not when it was retrieved: left empty.
    return Item(_url(path, source, limits.url_prefix), data, kind, where=str(path))


def _url(path: Path, source: Path, prefix: str) -> str:
    if not prefix:
        return path.resolve().as_uri()
    relative = path.relative_to(source) if source.is_dir() else Path(path.name)
    return prefix + quote(relative.as_posix().encode(errors="surrogateescape"), safe="/")
