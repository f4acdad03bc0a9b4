"""A web held in memory, for tests and examples: naive search, real pages."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from env.errors import NotFound
from env.records import Page, WebIdentity
from env.web.passages import sentences
from env.web.results import Result, results_page
from env.web.urls import key_of


class MemoryWeb:
    """The given pages; results are those that share most words with the query."""

    def __init__(self, pages: Iterable[Page], *, results: int = 10, snippet: int = 300) -> None:
        """Hold the pages; of two with one URL the first stays."""
        self._pages: dict[str, Page] = {}
        for page in pages:
            self._pages.setdefault(key_of(page.url), page)
        self._results = results
        self._snippet = snippet
        content = "".join(sorted(f"{p.sha256} {p.url}\n" for p in self._pages.values()))
        self.identity = WebIdentity("memory", sha256(content.encode()).hexdigest())

    async def search(self, query: str) -> Page:
        """Return a results page; without results when no word of the query occurs."""
        words = set(query.lower().split())
        counted = [
            (len(words & set(f"{page.title} {page.text}".lower().split())), page)
            for page in self._pages.values()
        ]
        best = sorted((pair for pair in counted if pair[0]), key=lambda pair: -pair[0])
        return results_page(query, [self._result(page, words) for _, page in best[: self._results]])

    async def open(self, url: str) -> Page:
        """Return a page.

        Raises:
            NotFound: there is no such page.
        """
        if (page := self._pages.get(key_of(url))) is None:
            raise NotFound(f"{url} is not in this web", "missing")
        return page

    def _result(self, page: Page, words: set[str]) -> Result:
        def shared(text: str) -> int:
            return len(words & set(text.lower().split()))

        spans = [page.text[span.start : span.end] for span in sentences(page.text)]
        snippet = max(spans, key=shared, default="")[: self._snippet]
        return Result(page.url, page.title, page.domain, snippet)
