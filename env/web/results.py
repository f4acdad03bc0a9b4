"""The one maker of search results pages. Knows nothing of where results come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from env.records import Link, Page, make_page
from env.sanitise import break_tokens, sanitise_line

SCHEME = "search:"


@dataclass(frozen=True, slots=True)
class Result:
    """One search result. Title and snippet are sanitised text; the title is one line."""

    url: str
    title: str
    domain: str
    snippet: str


def results_page(query: str, results: Sequence[Result]) -> Page:
    """Lay results out as a page: for each a link (its title), its snippet, a blank line."""
    parts: list[str] = []
    links: list[Link] = []
    offset = 0
    for number, result in enumerate(results):
        title = result.title or result.url
        links.append(Link(number, offset, offset + len(title), result.url, result.domain))
        parts.append(f"{title}\n{result.snippet}\n\n" if result.snippet else f"{title}\n\n")
        offset += len(parts[-1])
    # A line end can complete a token that a title or snippet only began; lengths stay the same.
    text = break_tokens("".join(parts).rstrip("\n")) if parts else "No results."
    title = f"Search results for: {sanitise_line(query)}"
    return make_page(
        SCHEME + quote(query, safe="", errors="replace"), title, text, domain="", links=links
    )


def is_results(page: Page) -> bool:
    """Tell a results page from a page that was opened: nothing can be quoted from the first."""
    return page.url.startswith(SCHEME)


def snippet_of(page: Page, link: Link) -> str:
    """Return the snippet below a result's link; of one in pieces (live services) the longest."""
    following = page.links[link.id + 1 : link.id + 2]
    end = following[0].start if following else len(page.text)
    pieces = page.text[link.end : end].replace("...", "…").split("…")
    return max(pieces, key=len).strip()
