"""From the items of a service's reply to results: sanitised, bounded, odd ones passed over.

Knows no particular service and no network.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from env.documents.urls import absolute, domain_of
from env.errors import WebError
from env.sanitise import LINE_LIMIT, sanitise_line
from env.web.live.services.base import About
from env.web.results import Result
from env.web.urls import key_of

LONGEST_SNIPPET = 2000
"""Characters of a snippet that are kept; what is shown of it is decided elsewhere."""
MOST_ITEMS = 100
"""Items of a reply that are looked at."""
_TAG = re.compile(r"<[^<>]{0,500}>")


@dataclass(frozen=True, slots=True)
class Fields:
    """Under which names a service's results hold what."""

    url: str
    title: str
    snippet: str
    markup: bool = False
    """Whether title and snippet hold tags and character references."""


def changed(about: About, what: str) -> WebError:
    """Return the error of an answer that is not as documented."""
    return WebError(f"{about.name} did not answer as documented: {what}", "service")


def items(about: About, found: object, *path: str) -> list[object]:
    """Return the list at a path of names in a document.

    Raises:
        WebError: it is not there.
    """
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            raise changed(about, f"expected `{'.'.join(path)}`, found no `{name}`")
        found = found[name]
    if not isinstance(found, list):
        raise changed(about, f"expected a list at `{'.'.join(path)}`")
    return found[:MOST_ITEMS]


def results(about: About, found: list[object], fields: Fields, count: int) -> list[Result]:
    """Make results of items; odd ones are passed over, a URL comes once.

    Args:
        about: the service, for the error.
        found: the items.
        fields: the names of URL, title and snippet in them.
        count: how many results at most.

    Raises:
        WebError: there are items, but none of them is a result.
    """
    kept: dict[str, Result] = {}
    for item in found:
        if (result := _result(item, fields)) and len(kept) < count:
            kept.setdefault(key_of(result.url), result)
    if found and not kept:
        raise changed(about, f"none of {len(found)} results has a web address at `{fields.url}`")
    return list(kept.values())


def _result(item: object, fields: Fields) -> Result | None:
    if not isinstance(item, Mapping):
        return None
    href = item.get(fields.url)
    url = absolute("", href) if isinstance(href, str) else None
    if url is None:
        return None
    title = _line(item.get(fields.title), LINE_LIMIT, fields.markup) or sanitise_line(url)
    snippet = _line(item.get(fields.snippet), LONGEST_SNIPPET, fields.markup)
    return Result(url, title, domain_of(url), snippet)


def _line(text: object, limit: int, markup: bool) -> str:
    if not isinstance(text, str):
        return ""
    if markup:
        # Tags first: what was written as `&lt;b&gt;` is text and stays.
        text = html.unescape(_TAG.sub("", text[: 10 * limit]))
    return sanitise_line(text, limit)


def shortened(text: str, limit: int) -> str:
    """Cut a line behind a word so that it has at most `limit` characters, the ellipsis included."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    cut = head.rfind(" ")
    return head[: cut if cut > limit // 2 else limit - 1].rstrip() + "…"
