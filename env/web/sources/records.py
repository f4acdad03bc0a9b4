"""The records of a WARC file as bytes, one by one, however damaged the file is.

A record that is cut short, has a wrong length or stands in a broken gzip member is told and passed
over; reading goes on at the next one. Memory is bounded by the limit on a record. Knows nothing of
what is in a record.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Literal

BLOCK = 1 << 17
_GZIP = b"\x1f\x8b\x08"
_VERSION = b"WARC/"
_LENGTH = re.compile(rb"\r?\ncontent-length:[ \t]*(\d+)[ \t]*\r?\n", re.IGNORECASE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_NEXT = re.compile(rb"\r?\nWARC/\d")
_HEADER_LIMIT = 65_536
_AFTER = 10
"""Bytes looked at behind a record: its two line ends and the start of the next."""

Block = bytes | Literal["end", "broken"]
"""Plain bytes; the end of a gzip member or of the file; or a place where bytes are missing."""


def records(file: BinaryIO, limit: int) -> Iterator[bytes | str]:
    """Yield whole records; where there should have been one, the reason why there is none."""
    compressed = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    return _Splitter(limit).split(_inflated(file) if compressed else _plain(file))


def _plain(file: BinaryIO) -> Iterator[Block]:
    while block := file.read(BLOCK):
        yield block
    yield "end"


def _inflated(file: BinaryIO) -> Iterator[Block]:
    data = b""
    while data or (data := file.read(BLOCK)):
        start = file.tell() - len(data)
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            while not inflater.eof and (data or (data := file.read(BLOCK))):
                yield inflater.decompress(data, BLOCK)
                data = inflater.unconsumed_tail
        except zlib.error:
            yield "broken"
            data = _next_member(file, start + 1)
            continue
        yield "end" if inflater.eof else "broken"
        data = inflater.unused_data


def _next_member(file: BinaryIO, start: int) -> bytes:
    """Go to the next place that looks like a gzip member; nothing when there is none."""
    file.seek(start)
    data = b""
    while block := file.read(BLOCK):
        data = data[-2:] + block
        if (found := data.find(_GZIP)) >= 0:
            return data[found:]
    return b""


class _Splitter:
    """Cuts plain bytes into records."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._too_large = 0
        self._lost = False

    def split(self, blocks: Iterator[Block]) -> Iterator[bytes | str]:
        for block in blocks:
            if isinstance(block, bytes):
                self._buffer += block
                yield from self._whole(at_end=False)
                continue
            yield from self._whole(at_end=True)
            if self._buffer.strip() or block == "broken":
                yield from self._lose()
            self._buffer.clear()
            self._too_large = 0

    def _lose(self) -> Iterator[str]:
        # Damage often shows at several places: told once until a record is whole again.
        if not self._lost:
            self._lost = True
            yield "broken WARC record"

    def _whole(self, at_end: bool) -> Iterator[bytes | str]:
        """Yield what is complete in the buffer, and leave the rest there."""
        while True:
            self._drop_passed()
            length = self._record_length()
            if length is None:
                return
            if length > self._limit:
                yield "too large"
                self._too_large = length
                continue
            if length >= 0 and len(self._buffer) < length + _AFTER and not at_end:
                return
            if length >= 0 and self._is_whole(length):
                yield bytes(self._buffer[:length])
                self._lost = False
                del self._buffer[:length]
                continue
            yield from self._lose()
            if not self._resume(at_end):
                return

    def _drop_passed(self) -> None:
        passed = min(self._too_large, len(self._buffer))
        del self._buffer[:passed]
        self._too_large -= passed
        blank = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
        del self._buffer[:blank]

    def _record_length(self) -> int | None:
        """Header and content of the record at the start: None, not known yet; -1, no record."""
        if self._too_large or len(self._buffer) < len(_VERSION):
            return None
        if not self._buffer.startswith(_VERSION):
            return -1
        end = _HEADER_END.search(self._buffer, 0, _HEADER_LIMIT)
        if end is None:
            return None if len(self._buffer) < _HEADER_LIMIT else -1
        length = _LENGTH.search(self._buffer, 0, end.end())
        return end.end() + int(length.group(1)) if length else -1

    def _is_whole(self, length: int) -> bool:
        """Tell whether the record has its length, and another one or nothing follows."""
        after = bytes(self._buffer[length : length + _AFTER]).lstrip(b"\r\n")
        return len(self._buffer) >= length and _VERSION.startswith(after[: len(_VERSION)])

    def _resume(self, at_end: bool) -> bool:
        """Go to the next line that starts a record; tell whether there is one."""
        found = _NEXT.search(self._buffer, 1)
        if found is not None:
            del self._buffer[: found.end() - len(_VERSION) - 1]
            return True
        # The start of a record may stand at the very end of what has been read.
        del self._buffer[: len(self._buffer) if at_end else max(0, len(self._buffer) - 8)]
        return False
