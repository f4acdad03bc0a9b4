"""Plain text to text: lines as they are, bare web addresses become links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from env.documents.charset import decode
from env.documents.page import Rendered, Span
from env.documents.urls import absolute
from env.sanitise import sanitise

_ADDRESS = re.compile(r"(?<![\w/])https?://[^\s<>\"'{}|\\^`〔〕‹›]+", re.IGNORECASE)
_TITLE_CHARACTERS = 100


def render_plain(data: bytes, *, url: str, content_type: str = "") -> Rendered:
    """Render text; its first line is the title when it is short enough for one."""
    text = sanitise(decode(data, content_type))
    first = text.partition("\n")[0].strip()
    title = first if len(first) <= _TITLE_CHARACTERS else ""
    return Rendered(title, text, list(_addresses(text)))


def _addresses(text: str) -> Iterator[Span]:
    for match in _ADDRESS.finditer(text):
        end = match.start() + _address_length(match[0])
        target = absolute("", text[match.start() : end])
        if target is not None:
            yield Span(match.start(), end, target)


def _address_length(address: str) -> int:
    """Return the length without punctuation and unopened brackets at the end."""
    surplus = {
        close: address.count(close) - address.count(opening) for opening, close in ("()", "[]")
    }
    length = len(address)
    while length and (last := address[length - 1]) in ".,;:!?*_)]":
        if last in surplus:
            if surplus[last] <= 0:
                break
            surplus[last] -= 1
        length -= 1
    return length
