"""HTML as an element tree: parsing within bounds, taking parts out. Knows no layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from env.documents.elements import HEADINGS

if TYPE_CHECKING:
    from lxml.etree import _Element

# libxml2 needs quadratic time for the attributes of one tag: 300,000 of them take minutes.
_ATTRIBUTE = r"[\s/]*+[^\s/>=][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+|))?+"
_CROWDED_TAG = re.compile(rf"<([a-zA-Z][^\s/>]*+)(?:{_ATTRIBUTE}){{256,}}+")
# `&#x1b;` puts a character into the tree that lxml then refuses to move.
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_TOP_HEADINGS = ("h1", "h2", "h3")
_ROW_GROUPS = ("thead", "tbody", "tfoot")
_TABLE_PARTS = (*_ROW_GROUPS, "tr", "td", "th")
_RESOURCE_LIMIT = "ERR_RESOURCE_LIMIT"


class TooDeep(Exception):
    """libxml2 gave up in the middle: the tree would lack the rest of the page."""


def parse(markup: str) -> _Element | None:
    """Parse leniently into a tree; None when nothing is in it.

    Raises:
        TooDeep: more than about 2,000 elements inside each other.
    """
    from lxml import etree

    markup = _REFERENCE.sub(_storable, _CROWDED_TAG.sub(r"<\1", markup))
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, no_network=True
    )
    try:
        root = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        return None
    if any(error.type_name == _RESOURCE_LIMIT for error in parser.error_log[-3:]):
        raise TooDeep
    return root


def _storable(reference: re.Match[str]) -> str:
    """Return a character reference as it stands, or a blank if XML has no such character."""
    digits = reference[1] or reference[2]
    code = int(digits, 16 if reference[1] else 10) if len(digits.lstrip("0")) <= 7 else 0
    is_text = code in (0x09, 0x0A, 0x0D) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE
    return reference[0] if is_text or 0x10000 <= code <= 0x10FFFF else " "


def drop_buttons(root: _Element) -> None:
    """Take out buttons, but not those that are the text of a heading that unfolds."""
    for button in list(root.iter("button")):
        parent = button.getparent()
        if parent is not None and parent.tag not in HEADINGS and parent.tag != "summary":
            drop(button)


def unfold_layout_tables(root: _Element) -> None:
    """Turn tables that hold headings, code or tables into plain blocks: they are no tables."""
    for table in list(root.iter("table")):
        if next(table.iterdescendants("table", "pre", *_TOP_HEADINGS), None) is None:
            continue
        for part in list(table):
            rows = [part] if part.tag == "tr" else list(part) if part.tag in _ROW_GROUPS else []
            for element in (part, *rows, *(cell for row in rows for cell in row)):
                if element.tag in _TABLE_PARTS:
                    element.tag = "div"
        table.tag = "div"


def drop(element: _Element) -> None:
    """Remove an element but not the text after it."""
    parent = element.getparent()
    if parent is None:
        return
    if tail := element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
    parent.remove(element)
