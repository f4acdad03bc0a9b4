"""What kind of file this is, told by its first bytes; its name decides only between texts."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Literal

Kind = Literal["warc", "zim", "jsonl", "document", "empty", "binary"]

HEAD = 65_536
"""Bytes looked at; a first line of JSON that is longer is taken for JSON lines by its start."""

PDF = "application/pdf"
HTML = "text/html"
MARKDOWN = "text/markdown"
TEXT = "text/plain"
DOCUMENTS = frozenset({PDF, HTML, MARKDOWN, TEXT, "application/xhtml+xml", "text/x-markdown"})
"""Media types that can become a page."""

_BY_SUFFIX = {
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": TEXT,
    ".text": TEXT,
    "": TEXT,
}
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
_GZIP = b"\x1f\x8b"
_ZIM = b"ZIM\x04"
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def kind_of(path: Path) -> Kind:
    """Tell the kind of a file.

    Raises:
        OSError: the file cannot be read.
    """
    head = _head(path)
    if not head:
        return "empty"
    if head.startswith(b"WARC/"):
        return "warc"
    if head.startswith(_ZIM):
        return "zim"
    if _is_json_lines(head, path):
        return "jsonl"
    return "binary" if _is_binary(head) else "document"


def document_type(head: bytes, suffix: str) -> str:
    """Return the media type of a document, or nothing when it is none that can be a page."""
    if head.lstrip()[:5] == b"%PDF-":
        return PDF
    start = head[:2048].lower()
    if any(mark in start for mark in _HTML_STARTS):
        return HTML
    return _BY_SUFFIX.get(suffix.lower(), "")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD)
    except zlib.error:
        return head


def _is_json_lines(head: bytes, path: Path) -> bool:
    first = head.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0]
    if not first.startswith(b"{"):
        return False
    if ".jsonl" in path.suffixes or ".ndjson" in path.suffixes:
        return True
    try:
        return "url" in json.loads(first)
    except ValueError:
        return len(first) > HEAD // 2 and b'"url"' in first


def _is_binary(head: bytes) -> bool:
    if head.lstrip()[:5] == b"%PDF-" or head.startswith(_BYTE_ORDER_MARKS):
        return False
    return head.startswith(_GZIP) or b"\0" in head[:2048]


def open_plain(path: Path) -> gzip.GzipFile | None:
    """Open a gzip file as its content; None when it is not compressed."""
    with path.open("rb") as file:
        if file.read(2) != _GZIP:
            return None
    return gzip.open(path)
