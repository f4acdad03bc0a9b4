"""What a document is: decided by its bytes, then the declared type, then the URL's suffix."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from env.errors import DocumentError

Kind = Literal["html", "pdf", "markdown", "plain"]

_SIGNATURES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"BM": "a BMP image",
    b"RIFF": "a WebP image, sound or video",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"PK\x05\x06": "a ZIP archive",
    b"\x1f\x8b": "gzip-compressed",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ\x00": "xz-compressed",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
    b"Rar!\x1a": "a RAR archive",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"OggS": "sound or video",
    b"ID3": "sound",
    b"\x1aE\xdf\xa3": "video",
    b"SQLite format 3\x00": "a database",
    b"wOFF": "a font",
    b"wOF2": "a font",
    b"\x00asm": "a program",
}
_TEXTLIKE = (b"BM", b"MZ", b"ID3", b"BZh", b"RIFF", b"GIF8", b"OggS")
"""Signatures that a text may start with; believed only when binary characters follow."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BINARY = bytes(set(range(32)) - {9, 10, 12, 13, 27})
_DOCUMENT = re.compile(
    rb"(?:\s|<!--.*?-->|<\?xml[^>]*>|<!doctype\s+(?!html)[^>\[]*>)*+<(?:!doctype\s+html|html\b)",
    re.IGNORECASE | re.DOTALL,
)
_FRAGMENT = re.compile(
    rb"<(?:head|body|title|meta|div|p|h[1-6]|table|article|main|section|span|a|ul|ol|br|b|i"
    rb"|script|style|img|pre|blockquote|form)[\s>/]",
    re.IGNORECASE,
)
_SUFFIXES: dict[str, Kind] = {
    **dict.fromkeys(("html", "htm", "xhtml", "xht", "shtml", "php", "asp", "aspx", "jsp"), "html"),
    **dict.fromkeys(("md", "markdown", "mdown", "mkd"), "markdown"),
    "txt": "plain",
    "text": "plain",
    "pdf": "pdf",
}
_TYPES: dict[str, Kind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
}
_PLAIN_TYPE = re.compile(r"text/.*|application/(?:.*[+/-])?(?:json|xml|yaml|javascript|toml|rtf)")
_NO_TYPE = ("", "application/octet-stream", "binary/octet-stream", "application/unknown", "*/*")


def kind_of(data: bytes, content_type: str, url: str) -> Kind:
    """Decide how to read a document.

    Raises:
        DocumentError: empty, binary, or of a type that is not supported.
    """
    head = data[:1024]
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise DocumentError("the document is empty")
    if start.startswith(b"%PDF-"):
        return "pdf"
    if _DOCUMENT.match(start):
        return "html"
    _refuse_binary(head)
    declared = _declared(content_type)
    suffix = _suffix(url)
    kind = _by_name(declared, suffix)
    if kind == "pdf":
        raise DocumentError("declared as PDF, but it does not start like one")
    if kind is None:
        return "html" if _FRAGMENT.search(head) else "plain"
    return kind


def _refuse_binary(head: bytes) -> None:
    if head.startswith(_UTF16):
        return
    strange = len(head) - len(head.translate(None, _BINARY))
    for signature, name in _SIGNATURES.items():
        if head.startswith(signature) and (strange or signature not in _TEXTLIKE):
            raise DocumentError(f"expected text, HTML, Markdown or PDF, found {name}")
    suspicious = 0 in head or strange * 20 > len(head)
    if strange * 3 > len(head) or (suspicious and not _FRAGMENT.search(head)):
        raise DocumentError("expected text, HTML, Markdown or PDF, found binary data")


def _declared(content_type: str) -> str:
    return content_type.partition(";")[0].partition(",")[0].strip().lower()


def _suffix(url: str) -> str:
    try:
        name = urlsplit(url).path.rpartition("/")[2]
    except ValueError:
        return ""
    return name.rpartition(".")[2].lower() if "." in name else ""


def _by_name(declared: str, suffix: str) -> Kind | None:
    """Return the kind that type and suffix tell, None when they tell nothing."""
    by_suffix = _SUFFIXES.get(suffix)
    if declared == "text/plain" and by_suffix == "markdown":
        return "markdown"
    if declared in _TYPES:
        return _TYPES[declared]
    if _PLAIN_TYPE.fullmatch(declared):
        return "plain"
    if declared in _NO_TYPE or "/" not in declared:
        return by_suffix
    raise DocumentError(f"expected text, HTML, Markdown or PDF, found type {declared[:80]!r}")
