"""The form in which two ways of writing one URL are the same."""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, urlsplit

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_RESERVED = frozenset(b"/?#[]%&=+")
_PORTS = {"http": ":80", "https": ":443"}


def key_of(url: str) -> str:
    """Return what a page is looked up by: without fragment, escapes made uniform, http as https.

    A slash at the end of the path is left out; a query is kept.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url
    scheme = parts.scheme.lower()
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(_PORTS.get(scheme, ":"))
    key = _uniform(parts.path).rstrip("/")
    if parts.query:
        key += "?" + _uniform(parts.query)
    return f"{'https' if scheme == 'http' else scheme}://{host}{key}"


def _uniform(text: str) -> str:
    raw = _ESCAPE.sub(_unescape, text.encode(errors="surrogateescape"))
    return quote_from_bytes(raw, safe=":/?#[]@!$&'()*+,;=%")


def _unescape(match: re.Match[bytes]) -> bytes:
    value = int(match.group(1), 16)
    return match.group().upper() if value in _RESERVED else bytes([value])
