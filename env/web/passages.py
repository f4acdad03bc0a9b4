"""A page's text cut into sentences, and into passages that never cross a section.

Headings are the lines that start with `#`. All results are spans of the text; nothing is copied
or changed. Knows nothing of words or of ranking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

SIZE = 900
"""Characters of a passage, about."""

_LINE = re.compile(r"\S[^\n]*")
_HEADING = re.compile(r"#{1,6} +(?=\S)")
# A sentence ends at . ! ? and what closes behind it, before white space and a word that does not
# go on in lower case; or at the full stops of Chinese and Japanese.
_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s+[^\sa-z])|[。！？]")
_SHORT = (
    "Mr Mrs Ms Dr Prof St Jr Sr vs no No ca cf Lt Mt ed pp Co Rev Gen Col Sgt Sir etc vol Vol Inc "
    "Ltd Adm Fig fig Gov Capt Pres i.e e.g a.k.a"
)
_SHORT_FORMS = frozenset(_SHORT.split())


class Span(NamedTuple):
    """A half-open range of code points of a text."""

    start: int
    end: int


class Passage(NamedTuple):
    """Sentences that stand together in one section."""

    start: int
    end: int
    heading: str
    """The section's heading, with those above it; empty before the first."""


def lines(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Yield the lines of a range that are not blank, without the white space around them."""
    for match in _LINE.finditer(text, start, len(text) if end is None else end):
        yield Span(match.start(), match.start() + len(match.group().rstrip()))


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Yield the sentences of a range, without the white space around them."""
    for first, last in lines(text, start, end):
        for match in _END.finditer(text, first, last):
            if _is_short_form(text, match.start()):
                continue
            yield Span(first, match.end())
            first = match.end()
            while first < last and text[first].isspace():
                first += 1
        if first < last:
            yield Span(first, last)


def _is_short_form(text: str, dot: int) -> bool:
    """Tell whether a dot belongs to an initial or an abbreviation."""
    if text[dot] != ".":
        return False
    before = text[max(0, dot - 12) : dot].split()
    word = before[-1].lstrip("(\"'“‘") if before and not text[dot - 1].isspace() else ""
    return word in _SHORT_FORMS or (len(word) == 1 and word.isalpha() and word.isupper())


def split(text: str, size: int = SIZE) -> list[Passage]:
    """Cut a text into passages of about `size` characters, each within one section."""
    passages: list[Passage] = []
    headings: list[tuple[int, str]] = []
    start = end = -1

    def close() -> None:
        nonlocal start
        if start >= 0:
            passages.append(Passage(start, end, " ".join(name for _, name in headings)))
        start = -1

    for line in lines(text):
        if mark := _HEADING.match(text, line.start, line.end):
            close()
            level = mark.group().count("#")
            headings = [above for above in headings if above[0] < level]
            headings.append((level, text[mark.end() : line.end]))
            continue
        for piece in _pieces(text, line, size):
            if start >= 0 and piece.end - start > size:
                close()
            if start < 0:
                start = piece.start
            end = piece.end
    close()
    return passages


def heading_of(text: str, start: int) -> str:
    """Return the heading of the section in which an offset lies; empty before the first."""
    at = text.rfind("\n#", 0, start)
    at = 0 if at < 0 and text.startswith("#") else at + 1
    end = text.find("\n", at)
    mark = _HEADING.match(text, at)
    return text[mark.end() : end if end >= 0 else len(text)] if mark and at < start else ""


def _pieces(text: str, line: Span, size: int) -> Iterator[Span]:
    """Yield a short line whole, the sentences of a long one, a long sentence in parts."""
    if line.end - line.start <= size // 2:
        yield line
        return
    for sentence in sentences(text, line.start, line.end):
        start = sentence.start
        while sentence.end - start > size:
            cut = text.rfind(" ", start + 1, start + size)
            cut = cut if cut > start else start + size
            yield Span(start, cut)
            start = cut + 1 if text[cut].isspace() else cut
        yield Span(start, sentence.end)
