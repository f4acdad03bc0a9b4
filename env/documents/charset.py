"""Bytes to text, the encoding chosen by us. Knows no document type but the `<meta>` of HTML.

Python's own codec names are never looked up from a label: some of them (hex, rot13, idna) are no
character sets and others (utf-7) turn harmless bytes into markup.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LABEL = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,>]{1,40})", re.IGNORECASE)
_META = re.compile(rb"<meta\s[^>]{0,500}?charset\s*=\s*[\"']?\s*([^\s\"'/;>]{1,40})", re.IGNORECASE)
_XML = re.compile(rb"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([^\"']{1,40})[\"']")
_DETECTION_BYTES = 64 * 1024
# x-user-defined maps bytes to private use; replacement is no encoding; UTF-16 needs its mark.
_REFUSED = {"x-user-defined", "replacement", "utf-16le", "utf-16be"}


def decode(data: bytes, content_type: str = "", *, markup: bool = False) -> str:
    """Return bytes as text, never failing: what cannot be decoded becomes U+FFFD.

    In order: a byte order mark, the charset of the content type, `<meta>` in the first 1024 bytes
    (when `markup`), strict UTF-8, detection. NULs are dropped.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return _text(data[len(mark) :], codec)
    for label in _labels(data, content_type, markup):
        if (codec_name := codec_of(label)) is not None:
            return _text(data, codec_name)
    try:
        return data.decode("utf-8").replace("\0", "")
    except UnicodeDecodeError:
        return _text(data, _detect(data))


def codec_of(label: str) -> str | None:
    """Return the codec of a label of the WHATWG Encoding Standard, None for every other label."""
    import webencodings

    if not label.isascii():
        return None
    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name in _REFUSED:
        return None
    name: str = encoding.codec_info.name
    return name


def _labels(data: bytes, content_type: str, markup: bool) -> list[str]:
    found = [match[1] for match in [_LABEL.search(content_type[:1000])] if match]
    if markup:
        head = data[:1024]
        matches = (_META.search(head), _XML.match(head.lstrip()))
        found += [match[1].decode("ascii", "replace") for match in matches if match]
    return found


def _text(data: bytes, codec: str) -> str:
    return data.decode(codec, "replace").replace("\0", "")


def _detect(data: bytes) -> str:
    """Guess from the start of the data; Western European when there is nothing to go by."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_DETECTION_BYTES]).best()
    guessed = None if best is None else codec_of(best.encoding.replace("_", "-"))
    return guessed or "cp1252"
