"""The rows of a file: JSON lines, a JSON document with one long list, or a table (CSV).

Which of them it is shows in its first bytes, never in its name; any of them may be gzipped. Rows
are read one by one, so that memory does not grow with the file. Knows nothing of questions.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from env.errors import ConfigError

LONGEST = 1 << 26
"""Bytes of a line, and characters of a row of a document, beyond which it is no question."""
HEAD = 1 << 16
"""Bytes at the start of a file that show what it is."""
PIECE = 1 << 18
"""Characters of a document that are read at a time."""
HOLDERS = ("Data", "data")
"""Keys of a document under which its list stands."""

_BOUND = b"\x1f\x8b"
_OTHERS = {
    b"PAR1": "Parquet: name the set as hub:OWNER/NAME, or write its rows as JSON lines",
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"\x28\xb5\x2f\xfd": "packed with zstd: unpack it first",
    b"\xfd7zXZ": "packed with xz: unpack it first",
    b"BZh": "packed with bzip2: unpack it first",
    b"\xff\xfe": "not UTF-8 but UTF-16: save it as UTF-8",
    b"\xfe\xff": "not UTF-8 but UTF-16: save it as UTF-8",
}
_BETWEEN = re.compile(r"[\s,:]*")
_DECODER = json.JSONDecoder()

Placed = tuple[str, object]
"""Where a row stands, for messages, and the row."""


def rows(path: Path, longest: int = LONGEST) -> Iterator[Placed]:
    """Read the rows of a file one by one, none of them longer than `longest`.

    Raises:
        ConfigError: the file cannot be read, or a row is broken; the place is told.
    """
    check_file(path)
    place = "its start"
    try:
        with _opened(path) as file:
            for place, row in _rows(path, file, longest):
                yield place, row
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read {path}: it is not UTF-8, after {place}") from error
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise ConfigError(f"cannot unpack {path}: {error}: fetch it again") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except csv.Error as error:
        raise ConfigError(f"{path} is no table: {error}, after {place}") from error


def check_file(path: Path) -> None:
    """Complain of what is there and no file: a pipe can be read once only, a folder not at all.

    Raises:
        ConfigError: it is such.
    """
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path} is no file: name a file of questions")


def _opened(path: Path) -> IO[bytes]:
    file = path.open("rb")
    if file.read(len(_BOUND)) == _BOUND:
        file.close()
        return cast("IO[bytes]", gzip.open(path, "rb"))
    file.seek(0)
    return file


def _rows(path: Path, file: IO[bytes], longest: int) -> Iterator[Placed]:
    head = file.read(HEAD)
    file.seek(0)
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            raise ConfigError(f"{path} is {what}")
    text = head.decode("utf-8-sig", errors="ignore")
    opening = text.lstrip()[:1]
    if opening == "[":
        return _document(path, file, text.index("[") + 1, longest)
    if opening == "{":
        if start := _start_of_list(text):
            return _document(path, file, start, longest)
        return _lines(path, file, longest)
    return _table(path, file)


def _lines(path: Path, file: IO[bytes], longest: int) -> Iterator[Placed]:
    number = 0
    while line := file.readline(longest):
        number += 1
        place = f"{path}, line {number}"
        if len(line) == longest:
            raise ConfigError(f"{place}, is longer than {longest:,} bytes: that is no question")
        text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        if text:
            try:
                yield place, json.loads(text)
            except (ValueError, RecursionError) as error:
                raise ConfigError(f"{place}, is no JSON: {error}") from error


def _table(path: Path, file: IO[bytes]) -> Iterator[Placed]:
    header: list[str] = []
    with io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True)
        for cells in reader:
            place = f"{path}, line {reader.line_num}"
            if cells and not header:
                header = [name.strip() for name in cells]
            elif cells and len(cells) != len(header):
                raise ConfigError(f"{place}, has {len(cells)} columns, the first row {len(header)}")
            elif cells:
                yield place, dict(zip(header, cells, strict=True))
    if len(header) == 1:
        # Else a text of one line would be a table without rows.
        raise ConfigError(f"{path} is no question set: it is neither JSON nor a table")


def _document(path: Path, file: IO[bytes], start: int, longest: int) -> Iterator[Placed]:
    with io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        before = text.read(start)
        number, elements = 0, Elements(text, longest)
        try:
            while elements.more():
                number += 1
                yield f"{path}, row {number}", elements.next()
            # Two documents in one file would else end with the first, and nobody would know.
            json.loads(before + elements.rest())
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            what = getattr(error, "msg", error)
            raise ConfigError(f"{path}, row {number}, is cut off or no JSON: {what}") from error


def _start_of_list(head: str) -> int:
    """Return where the list of a document begins, 0 where this is no such document."""
    place = head.index("{") + 1
    try:
        while True:
            key, place = _DECODER.raw_decode(head, _end(head, place))
            place = _end(head, place)
            if key in HOLDERS and head[place] == "[":
                return place + 1
            _, place = _DECODER.raw_decode(head, place)
    except (ValueError, IndexError, RecursionError, TypeError):
        return 0


def _end(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return found.end() if found else place


class Elements:
    """The elements of a JSON list, decoded one by one from pieces of its text."""

    def __init__(self, file: IO[str], longest: int = LONGEST, piece: int = PIECE) -> None:
        self._file, self._longest, self._piece = file, longest, piece
        self._text, self._place = "", 0

    def more(self) -> bool:
        """Tell whether another element follows.

        Raises:
            JSONDecodeError: the text ends before the list does.
        """
        while True:
            self._place = _end(self._text, self._place)
            if self._place < len(self._text):
                return self._text[self._place] != "]"
            if not self._read():
                raise json.JSONDecodeError("it ends before its list does", "", 0)

    def next(self) -> object:
        """Return the element.

        Raises:
            JSONDecodeError: it is broken, or longer than any question.
        """
        while True:
            try:
                value, self._place = _DECODER.raw_decode(self._text, self._place)
            except json.JSONDecodeError:
                # It may only be cut by the end of the piece.
                if len(self._text) - self._place > self._longest or not self._read():
                    raise
            else:
                return value

    def rest(self) -> str:
        """Return what follows the elements: the end of their list, and of what it stands in."""
        return self._text[self._place :] + self._file.read()

    def _read(self) -> bool:
        left = self._text[self._place :]
        # As much again as there is: else a long element would be tried once for every piece.
        piece = self._file.read(max(self._piece, len(left)))
        self._text, self._place = left + piece, 0
        return bool(piece)
