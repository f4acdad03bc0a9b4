"""The leakage filter: hides what would give an answer away instead of supporting it.

WebGPT, appendix A and G: results and links to blocked domains are removed, and a page that shares
ten words in a row with the question, or with an answer that is supplied, is not shown. Words are
compared in lower case without punctuation; a question of fewer than ten words cannot match. Of a
script without spaces two characters are as much as a word.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import accumulate

from env.answers import normalise
from env.errors import Blocked
from env.records import Link, Page, make_page
from env.web.results import is_results
from env.words import is_unspaced

WORDS = 10
"""Length of the word sequences compared."""


class LeakageFilter:
    """Filters the pages of one episode."""

    def __init__(self, texts: Iterable[str], blocked_domains: Iterable[str]) -> None:
        self._grams = {gram for text in texts for gram in _grams(text)}
        self._blocked = tuple(domain.lower() for domain in blocked_domains)

    def apply(self, page: Page) -> Page:
        """Return the page as it may be shown.

        Raises:
            Blocked: it may not be shown at all.
        """
        if is_results(page):
            return self._filter_results(page)
        if self._is_blocked(page.domain):
            raise Blocked(f"pages of {page.domain} are hidden in this run", "filter")
        if self._leaks(page.title) or self._leaks(page.text):
            repeats = "it repeats the question or an answer"
            raise Blocked(f"this page is hidden in this run: {repeats}", "filter")
        kept = [link for link in page.links if not self._is_blocked(link.domain)]
        return page if len(kept) == len(page.links) else replace(page, links=_numbered(kept))

    def _filter_results(self, page: Page) -> Page:
        """Leave out whole entries: an entry runs from its link to the next one."""
        ends = [*(link.start for link in page.links[1:]), len(page.text)][: len(page.links)]
        parts: list[str] = []
        links: list[Link] = []
        length = 0
        for link, end in zip(page.links, ends, strict=True):
            entry = page.text[link.start : end]
            if self._is_blocked(link.domain) or self._leaks(entry):
                continue
            links.append(replace(link, start=length, end=length + link.end - link.start))
            parts.append(entry)
            length += len(entry)
        if len(links) == len(page.links):
            return page
        text = "".join(parts).rstrip("\n") or "No results."
        return make_page(
            page.url, page.title, text, domain="", links=_numbered(links), at=page.retrieved_at
        )

    def _is_blocked(self, domain: str) -> bool:
        domain = domain.lower()
        return any(domain == name or domain.endswith(f".{name}") for name in self._blocked)

    def _leaks(self, text: str) -> bool:
        return bool(self._grams) and not self._grams.isdisjoint(_grams(text))


def _numbered(links: Iterable[Link]) -> tuple[Link, ...]:
    return tuple(replace(link, id=number) for number, link in enumerate(links))


def _grams(text: str) -> Iterator[tuple[str, ...]]:
    words = normalise(text).split()
    # In halves of a word, so that two characters that stand alone in their script make one.
    ends = [0, *accumulate(1 if is_unspaced(word) else 2 for word in words)]
    for place, begun in enumerate(ends):
        end = bisect_left(ends, begun + 2 * WORDS)
        if end == len(ends):
            return
        yield tuple(words[place:end])
