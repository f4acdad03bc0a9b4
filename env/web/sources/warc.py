"""WARC files as items: pages that were answered with HTTP 200, and resource records."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from env.errors import TooLarge, WebError
from env.web.sources.items import Item, Limits, Skip
from env.web.sources.kinds import DOCUMENTS, HEAD, document_type
from env.web.sources.records import records

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord

_BROKEN = "broken WARC record"
_CUT = "cut short, or not as long as it says"
_KINDS = frozenset({"response", "resource"})
_BY_WARCIO = frozenset({"", "gzip", "deflate"})
"""Content codings that are undone while the body is read."""


def read_warc(path: Path, limits: Limits) -> Iterator[Item | Skip]:
    """Yield the pages of a WARC file, compressed or not."""
    with path.open("rb") as file:
        for number, record in enumerate(records(file, limits.document)):
            where = f"{path.name}, record {number + 1}"
            if isinstance(record, str):
                yield Skip(record, where, _CUT if record == _BROKEN else "")
            elif (item := _item(record, where, limits)) is not None:
                yield item


def _item(data: bytes, where: str, limits: Limits) -> Item | Skip | None:
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed
    from warcio.statusandheaders import StatusAndHeadersParserException

    try:
        for record in ArchiveIterator(BytesIO(data)):
            return _page(record, where, limits) if record.rec_type in _KINDS else None
    except (
        ArchiveLoadFailed,
        StatusAndHeadersParserException,
        ValueError,
        AttributeError,
    ) as fault:
        return Skip(_BROKEN, where, str(fault).strip().split("\n", 1)[0])
    return Skip(_BROKEN, where)


def _page(record: ArcWarcRecord, where: str, limits: Limits) -> Item | Skip:
    url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<> ")
    if not url:
        return Skip(_BROKEN, where, "no WARC-Target-URI")
    if urlsplit(url).path == "/robots.txt":
        return Skip("robots.txt", url)
    headers = record.http_headers
    status = headers.get_statuscode() if headers else "200"
    if status != "200":
        return Skip(f"HTTP status {status[:3]}", url)
    declared = (headers or record.rec_headers).get_header("Content-Type") or ""
    try:
        body = _body(record, limits.document)
    except TooLarge:
        return Skip("too large", url)
    except (zlib.error, EOFError, ValueError, OSError, WebError) as fault:
        return Skip(_BROKEN, where, str(fault))
    if len(body) > limits.document:
        return Skip("too large", url)
    media = declared.split(";", 1)[0].strip().lower()
    if media not in DOCUMENTS and not (found := document_type(body[:HEAD], ".")):
        return Skip("not a document", url, media)
    kind = declared if media in DOCUMENTS else found
    return Item(url, body, kind, record.rec_headers.get_header("WARC-Date") or "", "", where)


def _body(record: ArcWarcRecord, limit: int) -> bytes:
    """Unpack a body; may return one byte more than the limit.

    Raises:
        WebError: it is broken, or in a coding that is not known.
    """
    headers = record.http_headers
    coding = ((headers and headers.get_header("Content-Encoding")) or "").strip().lower()
    if coding in _BY_WARCIO:
        return bytes(record.content_stream().read(limit + 1))
    # Its way to undo Brotli fails with current versions of that, and others it does not know.
    headers.remove_header("Content-Encoding")
    packed = record.content_stream().read(limit + 1)
    if len(packed) > limit:
        return bytes(packed)
    from env.web.fetch.inflate import codings_of, unpack

    return unpack(packed, codings_of([coding]), limit)
