"""From rendered text with spans to a Page: everything that leaves this package passes here.

Knows nothing of document types. The one rule: offsets belong to the final, sanitised text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from env.documents.urls import domain_of
from env.errors import DocumentError
from env.records import Link, Page, make_page
from env.sanitise import clean_characters, sanitise, sanitise_line


@dataclass(frozen=True, slots=True)
class Span:
    """A link before it has a number: its anchor is `text[start:end]`."""

    start: int
    end: int
    url: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """What every converter returns: text, its links, and the title the document gives itself."""

    title: str
    text: str
    spans: Sequence[Span] = ()


def finish(rendered: Rendered, *, url: str, at: str, title: str) -> Page:
    """Make the page.

    Args:
        rendered: what the document says.
        url: where it stands.
        at: when it was fetched, ISO 8601.
        title: used when the document has none of its own.

    Raises:
        DocumentError: no text is left.
    """
    text = sanitise(rendered.text)
    if not text:
        raise DocumentError(f"no text: the document at {sanitise_line(url)} is empty")
    spans: Iterable[Span] = rendered.spans
    if text != rendered.text:
        spans = _relocated(rendered, text)
    chosen = sanitise_line(rendered.title) or sanitise_line(title) or title_from(url)
    text, spans = _without_title(text, list(spans), chosen)
    links = [
        Link(number, span.start, span.end, span.url, domain_of(span.url))
        for number, span in enumerate(spans)
    ]
    return make_page(url, chosen, text, domain=domain_of(url), links=links, at=at)


def title_from(url: str) -> str:
    """Return the last part of the URL's path, or its host."""
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""
    last = unquote(path.rstrip("/").rpartition("/")[2])
    return sanitise_line(last) or domain_of(url) or "Untitled"


def _relocated(rendered: Rendered, text: str) -> Iterable[Span]:
    """Find each anchor again in the sanitised text, in order; an anchor that changed is dropped."""
    position = 0
    shift = 0
    for span in rendered.spans:
        anchor = sanitise(clean_characters(rendered.text[span.start : span.end])).strip()
        expected = max(position, span.start + shift)
        start = text.find(anchor, expected) if anchor else -1
        nearer = text.rfind(anchor, position, expected + len(anchor)) if anchor else -1
        if nearer >= 0 and (start < 0 or expected - nearer <= start - expected):
            start = nearer
        if start < 0:
            continue
        position = start + len(anchor)
        shift = start - span.start
        yield Span(start, position, span.url)


def _without_title(text: str, spans: list[Span], title: str) -> tuple[str, list[Span]]:
    """Drop a first heading that only repeats the title."""
    first, _, rest = text.partition("\n")
    if not first.startswith("# ") or not rest.strip():
        return text, spans
    if " ".join(first[2:].split()) != title:
        return text, spans
    body = rest.lstrip("\n")
    cut = len(text) - len(body)
    return body, [
        Span(span.start - cut, span.end - cut, span.url) for span in spans if span.start >= cut
    ]
