"""A cassette as a WARC file (ISO 28500, version 1.1) for the tools of web archives.

Every exchange becomes a request and a response with its headers and its body as received; a page
that no exchange gave, such as one of an offline web, becomes a resource, its text alone; a page of
search results becomes metadata. The same cassette always gives the same bytes.
"""

from __future__ import annotations

import os
from base64 import b32encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1, sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote, urlsplit
from uuid import UUID

from env.errors import ConfigError
from env.records import Page, to_json
from env.version import VERSION
from env.web.cassette.lines import Header
from env.web.cassette.tape import Tape
from env.web.fetch.addresses import address_of
from env.web.fetch.exchange import Exchange, Headers
from env.web.results import is_results
from env.web.urls import key_of

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord

_ORIGINAL = "x-archive-orig-"
"""Put before the name of a header that was true on the wire and is not for the stored bytes."""
_SAFE = "!#$%&'()*+,/:;=?@[]~"
_NO_TIME = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    exchanges: int = 0
    pages: int = 0
    """Without an exchange, as text alone."""
    searches: int = 0
    """Pages of results, as metadata."""
    bytes: int = 0
    notes: tuple[str, ...] = ()
    """What a person should know, such as what of the cassette was lost."""


def export_warc(cassette: Path, out: Path) -> Exported:
    """Write a cassette as a WARC file, each record compressed if the name ends in `.gz`.

    Raises:
        ConfigError: the cassette cannot be read, or the file not be written.
    """
    tape = Tape(cassette)
    beside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        if out.exists() and out.samefile(cassette):
            raise ConfigError(f"{out} is the cassette itself: name another file")
        with beside.open("wb") as file:
            exported = _write(tape, file, compress=out.suffix.lower() == ".gz")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(out)
    except OSError as error:
        raise ConfigError(f"cannot write {out} ({error.strerror}): name another file") from error
    finally:
        tape.close()
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return exported


def _write(tape: Tape, file: BinaryIO, *, compress: bool) -> Exported:
    from warcio.warcwriter import WARCWriter

    writer = WARCWriter(file, gzip=compress, warc_version="1.1")
    began = _time(tape.header.begun_at) or _NO_TIME
    writer.write_record(_about(tape.header, began))
    exchanges, answered = 0, set()
    for exchange in tape.exchanges():
        for record in _exchanged(exchange, _time(exchange.at) or began):
            writer.write_record(record)
        exchanges += 1
        if 200 <= exchange.status < 300:
            answered.add(key_of(exchange.url))
    pages = searches = 0
    for page in (tape.page(name) for name in tape.pages):
        if key_of(page.url) in answered:
            continue
        found = is_results(page)
        writer.write_record(_text(page, "metadata" if found else "resource", began))
        searches += found
        pages += not found
    return Exported(exchanges, pages, searches, file.tell(), tape.notes)


def _about(header: Header, began: datetime) -> ArcWarcRecord:
    told = {
        "software": f"webqa/{VERSION}",
        "format": "WARC File Format 1.1",
        "description": f"exported from a cassette of {header.web.kind} {header.web.sha256}".strip(),
    }
    notes = [("notes", _line(note)) for note in header.notes]
    block = _lines([*told.items(), *notes])
    return _record("warcinfo", "", began, block, "application/warc-fields")


def _exchanged(exchange: Exchange, at: datetime) -> Iterator[ArcWarcRecord]:
    """Make the two records of an exchange, each with the name of the other."""
    host, target = _parts(exchange.url)
    method = _line(exchange.method)
    asked = f"{method} {_address(target)} HTTP/1.1\r\n".encode("latin-1", "replace")
    headers = exchange.request_headers
    if not any(name.lower() == "host" for name, _ in headers):
        headers = (("host", host), *headers)
    asked += _lines(headers) + b"\r\n" + exchange.request_body
    came = f"HTTP/1.1 {exchange.status} {_line(exchange.phrase)}\r\n".encode("latin-1", "replace")
    came += _lines(_true(exchange.headers, len(exchange.body))) + b"\r\n" + exchange.body
    salt = to_json((exchange.url, exchange.at, exchange.method))
    names = [_name(salt, kind, block) for kind, block in (("request", asked), ("response", came))]
    address = _line(exchange.address)  # behind a % an address may hold anything
    where = {"WARC-IP-Address": address} if address_of(address) else {}
    yield _record(
        "response", exchange.url, at, came, "application/http; msgtype=response",
        name=names[1], payload=exchange.body, more=where | {"WARC-Concurrent-To": names[0]},
    )  # fmt: skip
    yield _record(
        "request", exchange.url, at, asked, "application/http; msgtype=request",
        name=names[0], payload=exchange.request_body, more={"WARC-Concurrent-To": names[1]},
    )  # fmt: skip


def _parts(url: str) -> tuple[str, str]:
    """Return the host, and what is asked of it; nothing for what is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", "/"
    query = f"?{parts.query}" if parts.query else ""
    return parts.netloc.rpartition("@")[2], (parts.path or "/") + query


def _text(page: Page, kind: str, began: datetime) -> ArcWarcRecord:
    at = _time(page.retrieved_at) or began
    block = page.text.encode()
    name = _name(to_json((page.url, page.title)), kind, block)
    return _record(kind, page.url, at, block, "text/plain; charset=utf-8", name=name, payload=block)


def _record(
    kind: str,
    url: str,
    at: datetime,
    block: bytes,
    media: str,
    *,
    name: str = "",
    payload: bytes | None = None,
    more: dict[str, str] | None = None,
) -> ArcWarcRecord:
    # Made of bytes and not of parsed headers: warcio would rewrite headers that are no ASCII.
    from warcio.recordloader import ArcWarcRecord
    from warcio.statusandheaders import StatusAndHeaders

    headers = [("WARC-Type", kind), ("WARC-Record-ID", name or _name(b"", kind, block))]
    if url:
        headers.append(("WARC-Target-URI", _address(url)))
    headers.append(("WARC-Date", at.isoformat().replace("+00:00", "Z")))
    headers += (more or {}).items()
    if payload is not None:
        headers.append(("WARC-Payload-Digest", _digest(payload)))
    headers.append(("WARC-Block-Digest", _digest(block)))
    about = StatusAndHeaders("", headers, protocol="WARC/1.1")
    record = ArcWarcRecord("warc", kind, about, BytesIO(block), None, media, len(block))
    record.payload_length = len(block)
    return record


def _true(headers: Headers, length: int) -> Iterator[tuple[str, str]]:
    """Rename the headers that would lie about a body that is stored after transfer coding."""
    told = False
    for name, value in headers:
        match name.lower():
            case "transfer-encoding":
                lies = True
            case "content-encoding":
                lies = length == 0
            case "content-length":
                lies = told or value.strip() != str(length)
                told = told or not lies
            case _:
                lies = False
        yield (_ORIGINAL + name if lies else name), value
    if not told:
        yield "content-length", str(length)


def _lines(headers: Iterable[tuple[str, str]]) -> bytes:
    text = "".join(f"{_line(name)}: {_line(value)}\r\n" for name, value in headers)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _line(text: str) -> str:
    """Return a text that cannot begin another header."""
    return text.replace("\r", " ").replace("\n", " ")


def _address(url: str) -> str:
    """Return a URL of printable ASCII: it stands in a header."""
    return quote(url, safe=_SAFE, errors="replace")


def _name(salt: bytes, kind: str, block: bytes) -> str:
    """Make a record's id from what it holds."""
    digest = sha256(b"%b\0%b\0%b" % (salt, kind.encode(), block)).digest()
    return f"<urn:uuid:{UUID(bytes=digest[:16], version=5)}>"


def _digest(data: bytes) -> str:
    # SHA-1 in base 32 is what archive tools compare; it guards against nothing.
    return "sha1:" + b32encode(sha1(data, usedforsecurity=False).digest()).decode()


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
