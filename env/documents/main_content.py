"""Which part of an HTML page is its content. Knows element trees, not how text is laid out.

An article that its author marked and filled with nothing but text markup needs no guess. Anywhere
else trafilatura reads the page, and what it keeps shows where the content is; the part is then
taken from the page itself, with the links, captions and tables that trafilatura drops. Pages
made of links, and pages of which trafilatura keeps little, are taken whole.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from env.documents.tree import drop

if TYPE_CHECKING:
    from lxml.etree import _Element

_LANDMARKS = ("nav", "header", "footer", "aside")
_NOT_PROSE = ("div", "form", "button", "iframe", *_LANDMARKS)
_CONTAINER_NAMES = (
    "article aside body center details div dl fieldset font footer form header main nav ol section"
    " span table tbody td tr ul"
)
_CONTAINERS = frozenset(_CONTAINER_NAMES.split())
_ALWAYS_PAGE = frozenset(("nav", "footer", "aside", "form", "dialog"))
_FURNITURE = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|menu|breadcrumbs?|sidebar|footer|cookies?|consent|newsletter|promo"
    r"|subscribe|subscription|share|sharing|social|related|recommended|advert|ads?|comments?|popup"
    r"|modal|pagination|pager|toolbar|banner)(?:$|[\s_-])",
    re.IGNORECASE,
)
_LISTS = frozenset(("ul", "ol", "dl"))
_PROSE_CHARACTERS = 200
_KEY_CHARACTERS = 24
_SHORTEST_KEY = 8
_MOST_OF_IT = 0.95
_TOO_LITTLE = 0.25
_LINK_DENSE = 0.5
_READER_LIMIT = 2_000_000
"""Characters of text above which a page is taken whole: guessing would take minutes."""
_READER_ELEMENTS = 100_000


@dataclass(slots=True)
class _Weight:
    """Characters below an element: all, those inside links, those that trafilatura kept."""

    text: int = 0
    linked: int = 0
    kept: int = 0


def select_content(body: _Element) -> _Element:
    """Return the element that holds the content, with what is not content removed from it."""
    if (article := _plain_article(body)) is not None:
        return article
    elements = list(body.iter())
    kept = _kept_by_trafilatura(body, elements)
    weights = _weigh(elements, kept)
    if not kept or _take_whole(body, elements, weights):
        return _whole(body)
    root = _common_root(body, weights)
    _prune(root, weights)
    return root


def _plain_article(body: _Element) -> _Element | None:
    for tag in ("main", "article"):
        found = list(body.iter(tag))
        if len(found) != 1:
            continue
        if next(found[0].iter(*_NOT_PROSE), None) is None and _has_prose(found[0]):
            return found[0]
    return None


def _has_prose(element: _Element) -> bool:
    length = 0
    for text in element.itertext():
        length += len(text)
        if length >= _PROSE_CHARACTERS:
            return True
    return False


def _kept_by_trafilatura(body: _Element, elements: list[_Element]) -> set[str]:
    """Return a key for each piece of text that trafilatura takes for content; none if it fails."""
    from lxml import etree
    from trafilatura import bare_extraction

    if len(elements) > _READER_ELEMENTS:
        return set()
    # It reports pages it cannot use on standard error where nobody set up logging.
    logging.getLogger("trafilatura").addHandler(logging.NullHandler())
    source = etree.tostring(body, encoding="unicode", method="html", with_tail=False)
    if len(source) > _READER_LIMIT:
        return set()
    try:
        document = bare_extraction(
            source,
            fast=True,
            include_comments=False,
            include_tables=True,
            include_links=True,
            include_formatting=True,
        )
    # It documents ValueError; the others are what it and lxml were seen to let through.
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, RecursionError):
        return set()
    except etree.LxmlError:
        return set()
    if document is None or isinstance(document, dict) or document.body is None:
        return set()
    keys = (_key(text) for text in document.body.itertext())
    return {key for key in keys if len(key) >= _SHORTEST_KEY}


def _key(text: str) -> str:
    return "".join(text[: 4 * _KEY_CHARACTERS].split())[:_KEY_CHARACTERS]


def _weigh(elements: list[_Element], kept: set[str]) -> dict[_Element, _Weight]:
    weights = {element: _Weight() for element in elements}
    for element in reversed(elements):
        weight = weights[element]
        _add(weight, element.text, kept)
        if element.tag == "a":
            weight.linked = weight.text
        parent = weights.get(element.getparent())
        if parent is not None:
            parent.text += weight.text
            parent.linked += weight.linked
            parent.kept += weight.kept
            _add(parent, element.tail, kept)
    return weights


def _add(weight: _Weight, text: str | None, kept: set[str]) -> None:
    if text and (stripped := text.strip()):
        weight.text += len(stripped)
        if _key(stripped) in kept:
            weight.kept += len(stripped)


def _take_whole(body: _Element, elements: list[_Element], weights: dict[_Element, _Weight]) -> bool:
    """Tell whether the page is one of links, or trafilatura lost most of it."""
    whole = _Weight(weights[body].text, weights[body].linked, weights[body].kept)
    inside: set[_Element] = set()
    for element in elements:
        if element.getparent() in inside:
            inside.add(element)
        elif element.tag in _LANDMARKS:
            inside.add(element)
            whole.text -= weights[element].text
            whole.linked -= weights[element].linked
    return whole.linked > _LINK_DENSE * whole.text or whole.kept < _TOO_LITTLE * whole.text


def _whole(body: _Element) -> _Element:
    """Return the body; without its landmarks if the author says where the content is."""
    content = next(body.iter("main", "article"), None)
    if content is None:
        return body
    around = set(content.iterancestors())
    inside = set(content.iter())
    for element in list(body.iter(*_LANDMARKS)):
        if element not in around and element not in inside:
            drop(element)
    return body


def _common_root(body: _Element, weights: dict[_Element, _Weight]) -> _Element:
    """Return the deepest container that holds nearly all that was kept."""
    needed = _MOST_OF_IT * weights[body].kept
    root = body
    while True:
        holder = next((child for child in root if weights[child].kept >= needed), None)
        if holder is None or not _is_container(holder):
            return root
        root = holder


def _is_container(element: _Element) -> bool:
    tag: str = element.tag
    return tag in _CONTAINERS or "-" in tag


def _prune(root: _Element, weights: dict[_Element, _Weight]) -> None:
    """Remove page furniture: parts of which nothing was kept and that look like it."""
    waiting = [root]
    while waiting:
        for child in list(waiting.pop()):
            if not _is_container(child):
                continue
            weight = weights[child]
            if weight.kept:
                waiting.append(child)
            elif _is_furniture(child, weight):
                drop(child)


def _is_furniture(element: _Element, weight: _Weight) -> bool:
    if element.tag in _ALWAYS_PAGE:
        return True
    if _FURNITURE.search(f"{element.get('class', '')} {element.get('id', '')}"[:500]):
        return True
    # A bare list of links beside kept text is a "See also"; a menu stands in a box of its own.
    return element.tag not in _LISTS and weight.linked > _LINK_DENSE * weight.text
