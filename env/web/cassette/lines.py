"""The lines of a cassette: what stands in each, and how each is checked. Knows no file.

A line is a CRC-32 in eight hexadecimal digits, a space, a JSON object with one member, and a line
end. The checksum runs on from line to line, so that a line that was lost, added or moved is found
as surely as one that was changed. The member is one of

    header     the first line: format, version, what was recorded and when
    blob       the body of an exchange, as received
    exchange   an Exchange whose body is the SHA-256 of a blob
    page       a Page
    reply      what was asked, and the page or the error that came

Blobs, exchanges and pages are kept under the SHA-256 of their bytes: as plain JSON, or from a
certain size on packed with zlib and base64.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, NamedTuple, cast, get_args

import msgspec

from env.errors import (
    Blocked,
    NotFound,
    Reason,
    RecordError,
    TimedOut,
    TooLarge,
    WebError,
)
from env.records import Page, WebIdentity, from_json, to_json
from env.web.fetch.exchange import Exchange, Headers

FORMAT = "webqa cassette"
FORMAT_VERSION = 1

Call = Literal["search", "open"]
Kind = Literal["blob", "exchange", "page"]

_PACKED_FROM = 1000
"""Bytes; what is smaller stays readable."""
_LEVEL = 6
_LONGEST = 1 << 28
"""Bytes of the largest thing that is unpacked: a cassette may come from anyone."""
_CHECKSUM = 8
_ERRORS: tuple[type[WebError], ...] = (Blocked, NotFound, TooLarge, TimedOut, WebError)
_REASONS = frozenset(get_args(Reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a cassette was recorded from."""

    format: str = FORMAT
    version: int = FORMAT_VERSION
    webqa: str = ""
    """Version of webqa."""
    begun_at: str = ""
    """ISO 8601 in UTC."""
    web: WebIdentity
    encoder: str = ""
    """Name of the encoder that the web lent to the policy, if it had one."""
    notes: tuple[str, ...] = ()
    """What a person should know, such as the services whose replies are in it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A WebError as data."""

    kind: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came when something was asked: the page with this id, or an error."""

    call: Call
    asked: str
    """The query, or the URL, exactly as it was given."""
    page: str = ""
    error: Failure | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """What something is kept under."""

    id: str
    """SHA-256 of the bytes."""
    text: str = ""
    """Of a page: SHA-256 of its text, by which quotes name it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without the content of what is kept; one of the members is set."""

    header: Header | None = None
    blob: Name | None = None
    exchange: Name | None = None
    page: Name | None = None
    reply: Reply | None = None


class _Content(msgspec.Struct, frozen=True):
    """Not a dataclass, for those cannot hold JSON as it is written."""

    id: str
    content: msgspec.Raw = msgspec.Raw()
    packed: bytes = b""


@dataclass(frozen=True, slots=True)
class _ContentLine:
    blob: _Content | None = None
    exchange: _Content | None = None
    page: _Content | None = None


@dataclass(frozen=True, slots=True)
class _StoredExchange:
    """An Exchange whose body stands elsewhere. Fields may be added, never changed."""

    url: str
    status: int
    headers: Headers
    body: str
    """SHA-256 of the body; empty for an empty one."""
    method: str
    request_headers: Headers
    request_body: bytes
    version: str
    phrase: str
    address: str
    at: str


class Kept(NamedTuple):
    """Something to keep: its name, and the JSON of its line."""

    kind: Kind
    name: Name
    json: bytes


def sealed(json: bytes, before: int) -> tuple[bytes, int]:
    """Make a line of JSON; returns it and the checksum that the next line continues."""
    checksum = zlib.crc32(json, before)
    return b"%08x %b\n" % (checksum, json), checksum


def unsealed(line: bytes, before: int) -> tuple[Line, int] | None:
    """Read a line without its end, and its checksum; None when it is not sound."""
    json = line[_CHECKSUM + 1 :]
    checksum = zlib.crc32(json, before)
    if line[: _CHECKSUM + 1] != b"%08x " % checksum:
        return None
    try:
        found = from_json(json, Line)
    except RecordError:
        return None
    members = (found.header, found.blob, found.exchange, found.page, found.reply)
    return (found, checksum) if sum(member is not None for member in members) == 1 else None


def header_json(header: Header) -> bytes:
    """Return the JSON of a header's line."""
    return to_json({"header": header})


def reply_json(reply: Reply) -> bytes:
    """Return the JSON of a reply's line."""
    return to_json({"reply": reply})


def keep_page(page: Page) -> Kept:
    """Make the line of a page."""
    return _keep("page", to_json(page), page.sha256)


def keep_exchange(exchange: Exchange) -> list[Kept]:
    """Make the lines of an exchange: its body, unless that is empty, and what else it is."""
    body = [_keep("blob", exchange.body)] if exchange.body else []
    stored = _StoredExchange(
        url=writable(exchange.url),
        status=exchange.status,
        headers=exchange.headers,
        body=body[0].name.id if body else "",
        method=exchange.method,
        request_headers=exchange.request_headers,
        request_body=exchange.request_body,
        version=exchange.version,
        phrase=writable(exchange.phrase),
        address=exchange.address,
        at=exchange.at,
    )
    return [*body, _keep("exchange", to_json(stored))]


def _keep(kind: Kind, content: bytes, text: str = "") -> Kept:
    name = Name(sha256(content).hexdigest(), text)
    shown: dict[str, object] = {"id": name.id}
    if text:
        shown["text"] = text
    if kind == "blob" or len(content) >= _PACKED_FROM:
        shown["packed"] = zlib.compress(content, _LEVEL)
    else:
        shown["content"] = msgspec.Raw(content)
    return Kept(kind, name, to_json({kind: shown}))


def content_of(line: bytes, kind: Kind, name: str) -> bytes:
    """Return what is kept in a line.

    Raises:
        RecordError: the line is damaged or holds something else.
    """
    found = getattr(from_json(line[_CHECKSUM + 1 :], _ContentLine), kind)
    if found is None:
        raise RecordError(f"there is no {kind}")
    content = _unpacked(found.packed) if found.packed else bytes(found.content)
    if sha256(content).hexdigest() != name:
        raise RecordError(f"a {kind} does not have the hash it is stored under")
    return content


def _unpacked(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(packed, _LONGEST)
    except zlib.error as error:
        raise RecordError("something packed is damaged") from error
    if not inflater.eof:
        raise RecordError("something packed is damaged or far too large")
    return content


def body_of(content: bytes) -> str:
    """Return the id of an exchange's body; empty when it has none."""
    return from_json(content, _StoredExchange).body


def exchange_of(content: bytes, body: bytes) -> Exchange:
    """Make an exchange again."""
    stored = from_json(content, _StoredExchange)
    fields = {name: getattr(stored, name) for name in _StoredExchange.__slots__}
    return Exchange(**fields | {"body": body})


def failure(error: WebError) -> Failure:
    """Write an error as data; a class that is not of env.errors as the one it derives from."""
    kind = next(kind for kind in _ERRORS if isinstance(error, kind))
    return Failure(kind.__name__, error.reason, writable(str(error)))


def error_of(failure: Failure) -> WebError:
    """Make an error again; a kind or reason of a later version becomes the nearest known."""
    kind = next((kind for kind in _ERRORS if kind.__name__ == failure.kind), WebError)
    reason = cast(Reason, failure.reason) if failure.reason in _REASONS else "recorded"
    return kind(failure.message, reason)


def writable(text: str) -> str:
    """Return a text that JSON can hold: half surrogate pairs are written out."""
    return text.encode(errors="backslashreplace").decode()
