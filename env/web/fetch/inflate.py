"""Undoes content codings (RFC 9110, 8.4) without ever holding more than a limit. Knows no network.

A few bytes can unpack to gigabytes, so every decoder is told how much it may give. Codings one
upon another are undone one at a time, each within the limit. What is cut short or broken is an
error: half a page is not a page.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli
import zstandard

from env.errors import TooLarge, WebError
from env.sanitise import sanitise_line
from env.web.fetch.config import ENCODINGS

ACCEPTED = "gzip, deflate, br, zstd"
"""For the request's Accept-Encoding."""
MEMBERS = 64
"""Parts of one gzip or zstd body; each further one costs a decoder."""
_ZSTD_WINDOW = 8 * 1024 * 1024
"""Bytes; the most that a server may ask of a client (RFC 9659)."""
_ZSTD_PIECE = 128
"""Bytes fed at once: zstd's decoder takes no limit, but this much gives at most some megabytes."""
_GZIP_START = b"\x1f\x8b"
_ZSTD_START = b"\x28\xb5\x2f\xfd"


class _Broken(Exception):
    """The data is not what its coding says, or it is cut short."""


def codings_of(values: list[str]) -> tuple[str, ...]:
    """Return the codings that Content-Encoding fields name, in the order they were applied.

    Raises:
        WebError: one that is not known, or too many; the reason is `encoding`.
    """
    names = [name.strip().lower() for value in values for name in value.split(",", 100)]
    codings = tuple(name for name in names if name not in ("", "identity"))
    if len(codings) > ENCODINGS:
        raise WebError(
            f"{len(codings)} content encodings, expected at most {ENCODINGS}", "encoding"
        )
    for name in codings:
        if name not in _UNDO:
            raise WebError(
                f"content encoding {sanitise_line(name, 40)!r}, expected {ACCEPTED}", "encoding"
            )
    return codings


def unpack(data: bytes, codings: tuple[str, ...], limit: int) -> bytes:
    """Return the content of a body.

    Args:
        data: as received.
        codings: see codings_of.
        limit: bytes that the content, and each step towards it, may have.

    Raises:
        TooLarge: it has more.
        WebError: it is broken or cut short; the reason is `encoding`.
    """
    for coding in reversed(codings):
        if not data:
            break  # an empty body is sent without its encoding by many servers
        try:
            data = _UNDO[coding](data, limit)
        except _Broken as fault:
            raise WebError(f"the body is no whole {coding}: {fault}", "encoding") from None
        if len(data) > limit:
            raise TooLarge(f"the page unpacks to more than {limit:,} bytes", "size")
    return data


def _gzip(data: bytes, limit: int) -> bytes:
    """Undo gzip (RFC 1952); behind its last member anything may follow, as browsers have it."""
    parts: list[bytes] = []
    room = limit + 1
    for _ in range(MEMBERS):
        decoder = zlib.decompressobj(wbits=31)
        parts.append(_inflate(decoder, data, room))
        room -= len(parts[-1])
        data = decoder.unused_data
        if not room or not data.startswith(_GZIP_START):
            return b"".join(parts)
    raise _Broken(f"more than {MEMBERS} members")


def _deflate(data: bytes, limit: int) -> bytes:
    """Undo deflate, with the wrapper that is asked for (RFC 1950) or without (RFC 1951)."""
    wrapped = len(data) > 1 and data[0] & 15 == 8 and (data[0] * 256 + data[1]) % 31 == 0
    if wrapped:
        try:
            return _inflate(zlib.decompressobj(wbits=15), data, limit + 1)
        except _Broken:
            pass  # a bare stream can begin with the same two bytes
    return _inflate(zlib.decompressobj(wbits=-15), data, limit + 1)


def _inflate(decoder: zlib._Decompress, data: bytes, room: int) -> bytes:
    try:
        found = decoder.decompress(data, room)
    except zlib.error as error:
        raise _Broken(str(error)) from None
    if not decoder.eof and len(found) < room:
        raise _Broken("it is cut short")
    return found


def _brotli(data: bytes, limit: int) -> bytes:
    decoder = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    try:
        while not decoder.is_finished() and size <= limit:
            parts.append(decoder.process(data, output_buffer_limit=min(limit + 1, 65_536)))
            size += len(parts[-1])
            data = b""
            if not parts[-1] and not decoder.is_finished():
                raise _Broken("it is cut short")
    except brotli.error:
        raise _Broken("the decoder failed") from None
    return b"".join(parts)


def _zstd(data: bytes, limit: int) -> bytes:
    """Undo zstd (RFC 8878), frame by frame."""
    parts: list[bytes] = []
    size = 0
    view = memoryview(data)
    for _ in range(MEMBERS):
        decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        while not decoder.eof and size <= limit:
            if not view:
                raise _Broken("it is cut short")
            piece, view = view[:_ZSTD_PIECE], view[_ZSTD_PIECE:]
            try:
                parts.append(decoder.decompress(piece))
            except zstandard.ZstdError as error:
                raise _Broken(sanitise_line(str(error), 80)) from None
            size += len(parts[-1])
        view = _after(data, view, decoder.unused_data)
        if size > limit or bytes(view[:4]) != _ZSTD_START:
            return b"".join(parts)
    raise _Broken(f"more than {MEMBERS} frames")


def _after(data: bytes, view: memoryview, unused: bytes) -> memoryview:
    """Return what follows a frame: what its last piece left over, and the pieces not yet fed."""
    return memoryview(data)[len(data) - len(view) - len(unused) :]


_UNDO: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
