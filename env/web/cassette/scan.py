"""Reads a cassette's file from its start as far as it is sound, and says what is wrong behind that.

Keeps nothing of what it reads in memory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path

from env.errors import ConfigError
from env.sanitise import sanitise_line
from env.web.cassette.lines import FORMAT, FORMAT_VERSION, Header, Line, unsealed

_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 28
"""Bytes; a file with a longer line is none of ours, and must not fill the memory."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_START = b'{"header":{"'
_HEXADECIMAL = re.compile(rb"[0-9a-f]*")

Take = Callable[[Line, int, int], bool]
"""Told of each sound line, its offset and its length; False when it cannot be right after all."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How far a file is sound, and what stands behind that."""

    header: Header | None
    """None when not even the first line is sound."""
    end: int
    """Offset behind the last sound line."""
    checksum: int
    lines: int
    """Sound ones behind the header."""
    lost: int
    """Lines from the first that is not sound to the end of the file."""
    number: int
    """Of the first line that is not sound, counted from 1."""
    torn: bool
    """Whether nothing but a last line without an end is lost, as a crash leaves it."""


def scan(file: int, take: Take) -> Scan:
    """Read lines until one is not sound. Line ends and marks that an editor adds do no harm."""
    header, end, checksum, number, sound = None, 0, 0, 0, 0
    lost, torn = 0, False
    os.lseek(file, 0, os.SEEK_SET)
    with BufferedReader(FileIO(file, closefd=False), _BLOCK) as lines:
        while raw := lines.readline(_LONGEST_LINE):
            number += 1
            line = _plain(raw, first=number == 1)
            if not line and raw.endswith(b"\n"):
                end += len(raw)
                continue
            found = unsealed(line, checksum) if raw.endswith(b"\n") else None
            offset = end + raw.find(line)
            if found is None or not _fits(found[0], header, sound, take, offset, len(line)):
                rest = _count(lines)
                lost, torn = 1 + rest, rest == 0 and not raw.endswith(b"\n")
                break
            header = header or found[0].header
            checksum = found[1]
            end += len(raw)
            sound += 1
            if header is not None and header.format != FORMAT:
                header = None
                break
    return Scan(header, end, checksum, max(0, sound - 1), lost, number, torn)


def is_torn_header(data: bytes) -> bool:
    """Tell whether a file holds no more than the beginning of a cassette's first line."""
    if not data or b"\n" in data or not _HEXADECIMAL.fullmatch(data[:8]):
        return False
    rest = data[8:]
    start = b" " + _START
    return start.startswith(rest) or rest.startswith(start)


def _fits(
    line: Line, header: Header | None, sound: int, take: Take, offset: int, length: int
) -> bool:
    """Tell whether a line may stand here: the header first, everything else behind it."""
    if (line.header is not None) != (sound == 0):
        return False
    return line.header is not None or (header is not None and take(line, offset, length))


def _plain(raw: bytes, *, first: bool) -> bytes:
    return (raw.removeprefix(_BYTE_ORDER_MARK) if first else raw).rstrip(b"\r\n")


def _count(lines: BufferedReader[FileIO]) -> int:
    """Count the lines that are left, a last one without an end included."""
    count, last = 0, b"\n"
    while block := lines.read(_BLOCK):
        count += block.count(b"\n")
        last = block[-1:]
    return count + (last != b"\n")


def usable(found: Scan, head: bytes, path: Path) -> Header:
    """Return the header of a cassette that begins with these bytes.

    Raises:
        ConfigError: it has none that can be used.
    """
    if found.header is not None and found.header.version <= FORMAT_VERSION:
        return found.header
    if found.header is not None:
        raise ConfigError(
            f"{path} is a cassette of format {found.header.version}, this version reads up to "
            f"{FORMAT_VERSION}: update webqa"
        )
    if not head:
        raise ConfigError(f"{path} is empty: record to it with --record first")
    if FORMAT.encode() in head or is_torn_header(head):
        raise ConfigError(
            f"{path} is damaged in its first line, so nothing of it can be used: take another copy"
        )
    raise ConfigError(f"{path} is no cassette: name a file that was made with --record")


def agree(header: Header, begin: Header, path: Path) -> None:
    """Make sure that a recording goes on with the web that it began with."""
    if (header.web, header.encoder) != (begin.web, begin.encoder):
        raise ConfigError(
            f"{path} was recorded from another web ({_named(header)}; this is {_named(begin)}): "
            "record to another file"
        )


def _named(header: Header) -> str:
    name = " ".join(filter(None, (header.web.kind, header.web.sha256[:12])))
    return sanitise_line(f"{name} with {header.encoder}" if header.encoder else name)


def loss(found: Scan, path: Path) -> str:
    """Say in a line what of a file cannot be used."""
    if found.header is None:
        return f"{path} was cut short in its first line"
    if found.torn:
        return f"the last record of {path} is lost: its line is cut short"
    return (
        f"{found.lost} of {found.lines + found.lost} records of {path} are lost: "
        f"line {found.number} is damaged"
    )
