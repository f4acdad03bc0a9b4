"""Markdown to text and links, by way of HTML, so that both look the same."""

from __future__ import annotations

import re

from env.documents.charset import decode
from env.documents.html import render_markup
from env.documents.page import Rendered
from env.documents.plain import render_plain

_FRONT_MATTER = re.compile(r"\s*(---|\+\+\+)[ \t]*\r?\n(.*?)\r?\n\1[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title\s*[:=]\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_READABLE = 2_000_000
"""Characters above which it is shown as plain text: the parser is not linear on hostile input."""


def render_markdown(data: bytes, *, url: str, content_type: str = "") -> Rendered:
    """Render Markdown; front matter gives the title and is dropped.

    Raises:
        DocumentError: there is nothing in it.
    """
    from markdown_it import MarkdownIt

    source = decode(data, content_type)
    if len(source) > _READABLE:
        return render_plain(data, url=url, content_type=content_type)
    title, source = split_front_matter(source)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    rendered = render_markup(f"<div>{parser.render(source)}</div>", url=url, whole=True)
    if not rendered.text.strip():
        # The parser leaves out what is nested deeper than it can follow.
        return render_plain(data, url=url, content_type=content_type)
    return Rendered(title or rendered.title, rendered.text, rendered.spans)


def split_front_matter(source: str) -> tuple[str, str]:
    """Return the title that the front matter gives, and the rest."""
    match = _FRONT_MATTER.match(source)
    if match is None:
        return "", source
    title = _TITLE.search(match[2])
    return (title[1].strip("\"'") if title else ""), source[match.end() :]
