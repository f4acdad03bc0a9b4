"""HTML and XHTML to text and links. Knows where the title is and which tree to lay out.

What the main content is, `main_content` decides; how text looks, `layout` decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from env.documents.charset import decode
from env.documents.elements import HEADINGS
from env.documents.hidden import is_faded, is_hidden, remove_hidden
from env.documents.layout import Layout
from env.documents.main_content import select_content
from env.documents.page import Rendered
from env.documents.tree import (
    TooDeep,
    drop_buttons,
    parse,
    unfold_layout_tables,
)
from env.documents.urls import absolute
from env.errors import DocumentError

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import Tag
    from lxml.etree import _Element

_SOUP_CHARACTERS = 2_000_000
"""Only hostile pages come this way, and BeautifulSoup reads about a megabyte a second."""


def render_html(data: bytes, *, url: str, content_type: str = "") -> Rendered:
    """Render the main content of a page.

    Raises:
        DocumentError: there is no element in it.
    """
    return render_markup(decode(data, content_type, markup=True), url=url)


def render_markup(markup: str, *, url: str, whole: bool = False) -> Rendered:
    """Render HTML that is text already; `whole` when all of it is content.

    Raises:
        DocumentError: there is no element in it.
    """
    try:
        root = parse(markup)
    except TooDeep:
        return _render_deep(markup, url)
    if root is None:
        raise DocumentError("no HTML element found: the document is empty or not HTML")
    base = base_url(root, url)
    title = title_of(root)
    remove_hidden(root)
    drop_buttons(root)
    unfold_layout_tables(root)
    body = root.find("body")
    body = root if body is None else body
    layout = Layout(base, url)
    feed(layout, body if whole else select_content(body))
    return Rendered(title, layout.text, layout.spans)


def base_url(root: _Element, url: str) -> str:
    """Return what relative links are relative to."""
    base = root.find(".//base[@href]")
    return (base is not None and absolute(url, base.get("href", ""))) or url


def title_of(root: _Element) -> str:
    """Return what the page calls itself: title, og:title or first heading."""
    head = root.find("head")
    if head is not None:
        for title in head.iter("title"):
            if text := "".join(title.itertext()).strip():
                return text
        for meta in head.iter("meta"):
            content = (meta.get("content") or "").strip()
            if content and meta.get("property") == "og:title":
                return content
    for heading in root.iter(*sorted(HEADINGS)):
        if text := "".join(heading.itertext()).strip():
            return text
    return ""


def feed(layout: Layout, root: _Element) -> None:
    """Tell the layout about every element below the root, in order."""
    from lxml import etree

    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            layout.start(element.tag, element.attrib)
            if element.text:
                layout.write(element.text)
        else:
            layout.end(element.tag)
            if element.tail and element is not root:
                layout.write(element.tail)


def _render_deep(markup: str, url: str) -> Rendered:
    """Render the whole page by way of BeautifulSoup, whose parser has no limit of depth."""
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup

    try:
        soup = BeautifulSoup(markup[:_SOUP_CHARACTERS], "html.parser")
    except ParserRejectedMarkup as error:
        raise DocumentError("this HTML cannot be parsed") from error
    layout = Layout(url, url)
    feed_soup(layout, soup)
    return Rendered(soup.title.get_text() if soup.title else "", layout.text, layout.spans)


def feed_soup(layout: Layout, soup: BeautifulSoup) -> None:
    """Tell the layout about every visible element of a soup, in order and without recursion."""
    from bs4.element import NavigableString, Tag

    open_tags: list[Tag] = []
    hidden: Tag | None = None
    for node in soup.descendants:
        while open_tags and open_tags[-1] is not node.parent:
            closed = open_tags.pop()
            if hidden is None:
                layout.end(closed.name)
            elif closed is hidden:
                hidden = None
        if isinstance(node, Tag):
            open_tags.append(node)
            if hidden is None:
                hidden = _start(layout, node)
        elif type(node) is NavigableString and hidden is None:
            layout.write(str(node))
    if hidden is None:
        for tag in reversed(open_tags):
            layout.end(tag.name)


def _start(layout: Layout, tag: Tag) -> Tag | None:
    """Open a tag; return it instead if it is hidden."""
    attributes = {name: str(value) for name, value in tag.attrs.items()}
    if is_hidden(tag.name, attributes) or is_faded(attributes):
        return tag
    layout.start(tag.name, attributes)
    return None
