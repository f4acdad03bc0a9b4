"""The one renderer: markup events become lines of text and the spans of its links.

It is told of start tags, text and end tags and keeps no tree, so depth costs nothing. It does not
know who tells it, what the main content of a page is, or what a Page is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from env.documents.elements import BLOCKS, HEADINGS
from env.documents.page import Span
from env.documents.urls import absolute
from env.sanitise import clean_characters

_INDENTED_LEVELS = 8
_CELL = " | "
_SCRIPTS = {"sup": "^", "sub": "_"}
_PLAIN_SCRIPT = re.compile(r"(?:st|nd|rd|th|TM|SM|®|™|\[.*|[\s,;.]*)", re.DOTALL)
_DIGITS = re.compile(r"-?[0-9]{1,6}")
_FENCE = "```"
Attributes = Mapping[str, str]


class Layout:
    """Collects the text of one document. Feed it, then read `text` and `spans`."""

    def __init__(self, base: str, page_url: str) -> None:
        self.spans: list[Span] = []
        self._base = base
        self._page_url = page_url.partition("#")[0]
        self._parts: list[str] = []
        self._length = 0
        self._breaks = 0  # line ends owed before the next text
        self._space = False  # a space owed before the next text
        self._joint = ""  # what stands between this cell or definition and the one before
        self._marker = ""  # what the next line starts with: "# ", "- "
        self._line_open = False
        self._lists: list[int] = []  # one per open list: next number, or -1 for bullets
        self._quotes = 0
        self._pre = 0
        self._cell = False
        self._row_used = False
        self._script = ""
        self._anchor_url = self._anchor_label = ""
        self._anchor_start = -1

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    def start(self, tag: str, attributes: Attributes) -> None:
        """Open an element."""
        if (handler := _STARTS.get(tag)) is not None:
            handler(self, tag, attributes)
        elif tag == "dt":
            self._break(1)
        elif tag in BLOCKS or "-" in tag:
            self._break(2)

    def end(self, tag: str) -> None:
        """Close an element."""
        if (handler := _ENDS.get(tag)) is not None:
            handler(self)
        elif tag in BLOCKS or "-" in tag:
            self._break(2)

    def write(self, text: str) -> None:
        """Add text between tags."""
        if not text.isascii():
            text = clean_characters(text)
        if self._pre:
            self._write_lines(clean_characters(text))
            return
        words = text.split()
        if not words:
            self._space = self._space or bool(text)
            return
        if text[0].isspace():
            self._space = True
        self._emit(" ".join(words))
        self._space = text[-1].isspace()

    def _write_lines(self, text: str) -> None:
        for number, line in enumerate(text.split("\n")):
            if number:
                self._close_span()
                self._breaks = min(self._breaks + 1, 2)
                self._line_open = False
            if line.strip():
                self._raw(line.rstrip())

    def _raw(self, line: str) -> None:
        """Write a line of code, indentation and all."""
        self._flush_breaks()
        code = line.lstrip()
        if indentation := line[: len(line) - len(code)]:
            self._append(indentation)
        self._open_span()
        self._append(code)

    def _emit(self, text: str) -> None:
        self._flush_breaks()
        if self._joint:
            self._append(self._joint)
            self._joint = ""
        elif self._space and self._line_open:
            self._append(" ")
        self._space = False
        if self._script:
            if not _PLAIN_SCRIPT.fullmatch(text):
                self._append(self._script)
            self._script = ""
        self._open_span()
        self._append(text)
        if self._cell:
            self._row_used = True

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)
        self._line_open = True

    def _flush_breaks(self) -> None:
        if self._breaks:
            if self._length:
                self._parts.append("\n" * self._breaks)
                self._length += self._breaks
            self._breaks = 0
            self._line_open = self._space = False
        if not self._line_open:
            self._space = False
            if prefix := self._prefix():
                self._parts.append(prefix)
                self._length += len(prefix)
            self._marker = ""

    def _prefix(self) -> str:
        if self._pre:
            return ""
        depth = min(len(self._lists), _INDENTED_LEVELS)
        if self._marker and self._lists:
            depth -= 1
        return "> " * min(self._quotes, 1) + "  " * max(depth, 0) + self._marker

    def _break(self, lines: int) -> None:
        """Owe line ends: one for the next line, two for a paragraph. Inside a cell: a space."""
        if self._cell:
            self._space = True
            return
        self._close_span()
        self._joint = ""
        if self._line_open:
            self._breaks = max(self._breaks, 1 if self._lists and not self._pre else lines)

    def _open_span(self) -> None:
        if self._anchor_url and self._anchor_start < 0:
            self._anchor_start = self._length

    def _close_span(self) -> None:
        """End the anchor at the end of its first line: a link never spans lines."""
        if self._anchor_start >= 0:
            self.spans.append(Span(self._anchor_start, self._length, self._anchor_url))
            self._anchor_url, self._anchor_start = "", -1

    def _start_link(self, tag: str, attributes: Attributes) -> None:
        self._end_link()
        href = attributes.get("href")
        if not href:
            return
        target = absolute(self._base, href)
        if target is None or ("#" in href and target == self._page_url):
            return
        self._anchor_url = target
        self._anchor_label = attributes.get("aria-label") or attributes.get("title") or ""

    def _end_link(self) -> None:
        if self._anchor_url and self._anchor_start < 0 and self._anchor_label.strip():
            self.write(self._anchor_label)
        self._close_span()
        self._anchor_url = self._anchor_label = ""

    def _start_heading(self, tag: str, attributes: Attributes) -> None:
        self._break(2)
        if not self._cell and not self._lists:
            self._marker = "#" * int(tag[1]) + " "

    def _end_heading(self) -> None:
        self._break(2)
        if not self._lists:
            self._marker = ""

    def _start_list(self, tag: str, attributes: Attributes) -> None:
        self._break(1 if self._lists else 2)
        self._marker = self._marker if self._lists else ""
        first = attributes.get("start", "1").strip()
        number = int(first) if _DIGITS.fullmatch(first) else 1
        self._lists.append(max(number, 0) if tag == "ol" else -1)

    def _end_list(self) -> None:
        if self._lists:
            self._lists.pop()
        self._marker = ""
        self._break(2)

    def _start_item(self, tag: str, attributes: Attributes) -> None:
        self._break(1)
        if not self._lists:
            return
        number = self._lists[-1]
        if number >= 0:
            self._lists[-1] += 1
        if not self._cell:
            self._marker = f"{number}. " if number >= 0 else "- "

    def _end_item(self) -> None:
        self._break(1)
        self._marker = ""

    def _line_break(self, tag: str, attributes: Attributes) -> None:
        if self._cell:
            self._space = True
        elif self._line_open:
            self._close_span()
            self._breaks = min(self._breaks + 1, 2)

    def _start_code(self, tag: str, attributes: Attributes) -> None:
        if self._cell:
            self._space = True
            return
        self._break(2)
        if not self._pre:
            self._flush_breaks()
            self._append(_FENCE)
            self._breaks = 1
        self._pre += 1

    def _end_code(self) -> None:
        if not self._pre:
            return
        self._close_span()
        self._pre -= 1
        if not self._pre:
            self._breaks, self._line_open = 1, True
            self._pre = 1
            self._flush_breaks()
            self._pre = 0
            self._append(_FENCE)
            self._break(2)

    def _start_quote(self, tag: str, attributes: Attributes) -> None:
        self._break(2)
        self._quotes += 1

    def _end_quote(self) -> None:
        self._break(2)
        self._quotes = max(self._quotes - 1, 0)

    def _start_row(self, tag: str, attributes: Attributes) -> None:
        self._cell = False
        self._break(1)
        self._joint, self._row_used = "", False

    def _end_row(self) -> None:
        self._cell = False
        self._joint = ""
        self._break(1)

    def _start_cell(self, tag: str, attributes: Attributes) -> None:
        self._close_span()
        self._cell = True
        if self._row_used:
            self._joint = self._joint.rstrip() + _CELL
        self._space = False

    def _end_cell(self) -> None:
        self._close_span()
        self._cell = False

    def _end_table(self) -> None:
        self._cell = False
        self._break(2)

    def _start_definition(self, tag: str, attributes: Attributes) -> None:
        if self._joint == ": ":
            self._breaks = 0
        else:
            self._break(1)

    def _end_term(self) -> None:
        self._close_span()
        if self._line_open and not self._cell:
            self._joint = ": "

    def _start_image(self, tag: str, attributes: Attributes) -> None:
        alt = attributes.get("alt")
        if alt is not None and not alt.strip():
            return
        if "1" in (attributes.get("width"), attributes.get("height")):
            return
        words = " ".join(clean_characters(alt or "").split())
        self._emit(f"[Image: {words}]" if words else "[Image]")

    def _start_script(self, tag: str, attributes: Attributes) -> None:
        self._script = "" if self._pre else _SCRIPTS[tag]

    def _end_script(self) -> None:
        self._script = ""


_Start = Callable[[Layout, str, Attributes], None]
_End = Callable[[Layout], None]
_STARTS: dict[str, _Start] = {
    "a": Layout._start_link,
    "ul": Layout._start_list,
    "ol": Layout._start_list,
    "menu": Layout._start_list,
    "li": Layout._start_item,
    "br": Layout._line_break,
    "pre": Layout._start_code,
    "blockquote": Layout._start_quote,
    "tr": Layout._start_row,
    "td": Layout._start_cell,
    "th": Layout._start_cell,
    "dd": Layout._start_definition,
    "img": Layout._start_image,
    "sup": Layout._start_script,
    "sub": Layout._start_script,
    **dict.fromkeys(HEADINGS, Layout._start_heading),
}
_ENDS: dict[str, _End] = {
    "a": Layout._end_link,
    "ul": Layout._end_list,
    "ol": Layout._end_list,
    "menu": Layout._end_list,
    "li": Layout._end_item,
    "pre": Layout._end_code,
    "blockquote": Layout._end_quote,
    "tr": Layout._end_row,
    "td": Layout._end_cell,
    "th": Layout._end_cell,
    "table": Layout._end_table,
    "dt": Layout._end_term,
    "dd": Layout._end_item,
    "sup": Layout._end_script,
    "sub": Layout._end_script,
    **dict.fromkeys(HEADINGS, Layout._end_heading),
}
