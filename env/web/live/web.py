"""The live web: search services and the fetcher, joined.

Every URL is judged before it is asked for, also by the lists of domains; results that could not
be opened are not shown. Knows no particular service, and nothing of how a page is fetched.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, Protocol

from env.documents.urls import domain_of
from env.errors import DocumentError, NotFound, WebError
from env.records import Link, Page, WebIdentity
from env.sanitise import sanitise_line
from env.web.fetch.config import DEFAULT, FetchConfig
from env.web.fetch.exchange import Fetched
from env.web.fetch.permits import plain_host, rules_of
from env.web.fetch.targets import host_and_port, target
from env.web.live.health import Clock, Services
from env.web.live.services.base import SearchService
from env.web.live.services.found import shortened
from env.web.live.services.wanted import one_line
from env.web.live.sharing import Sharing
from env.web.live.waiting import Waiting
from env.web.results import Result, results_page
from env.web.visits import Visit, Watch

CACHE = "cache"
"""The source of a page that was not fetched."""
WAITING_BYTES = 64_000_000
"""Of documents that wait for their conversion; with more, no further one is fetched."""
LONGEST_MESSAGE = 300
LONGEST_ASKED = 4000
Convert = Callable[[Fetched], Awaitable[Page]]
"""Makes the page of a document (env.web.conversion); raises WebError or DocumentError."""


class PageFetcher(Protocol):
    """Fetches documents (env.web.fetch.fetcher.Fetcher)."""

    async def fetch(self, url: str) -> Fetched:
        """Return the document at a URL.

        Raises:
            WebError: it could not be had.
        """

    async def aclose(self) -> None:
        """Close all connections."""


class PageCache(Protocol):
    """Keeps pages for a while (env.web.cache)."""

    def get(self, url: str) -> Page | None:
        """Return the page kept for a URL, None without one."""

    def put(self, url: str, page: Page) -> None:
        """Keep a page."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A page, where it came from, and the bytes of its document."""

    page: Page
    source: str
    bytes: int = 0


class LiveWeb:
    """A web (env.web.base.Web) that is really there.

    Use one in one event loop only: the connections of its fetcher belong to that loop. `aclose`
    ends what is under way and closes the fetcher; whoever made the client of the search services
    and the converter closes those.
    """

    def __init__(
        self,
        services: Sequence[SearchService],
        fetcher: PageFetcher,
        convert: Convert,
        *,
        results: int = 10,
        snippet: int = 300,
        config: FetchConfig = DEFAULT,
        cache: PageCache | None = None,
        watch: Watch | None = None,
        clock: Clock = time.time,
    ) -> None:
        """Join services and a fetcher.

        Args:
            services: the preferred one first; the next is asked when it fails.
            fetcher: for the pages; it judges every redirect by the same settings.
            convert: makes a page of a document.
            results: shown on a results page.
            snippet: characters shown of each.
            config: the settings of the fetcher, for the lists of domains.
            cache: asked before the fetcher.
            watch: told of every search and every page asked for.
            clock: seconds since 1970.

        Raises:
            ConfigError: there are no services.
        """
        self.identity = WebIdentity("live", _identity(services, results, snippet, config))
        self._services = Services(services, clock=clock)
        self._fetcher = fetcher
        self._convert = convert
        self._results = results
        self._snippet = snippet
        self._config = config
        self._cache = cache
        self._watch = watch
        self._clock = clock
        self._sharing: Sharing[_Opened] = Sharing()
        self._waiting = Waiting(WAITING_BYTES)

    async def search(self, query: str) -> Page:
        """Return the results of the first service that answers.

        Raises:
            WebError: none did.
        """
        began = self._clock()
        asked = one_line(query)
        try:
            # Nothing is asked for nothing; services refuse it.
            found = await self._services.search(asked) if asked else None
        except (WebError, asyncio.CancelledError) as error:
            self._tell("search", query, "", began, error)
            raise
        if found is None:
            self._tell("search", query, "", began)
            return results_page(query, [])
        shown, hidden = self._shown(found.results)
        on_the_way = "; ".join((*found.instead_of, *hidden))
        self._tell("search", query, found.service, began, on_the_way=on_the_way)
        return results_page(query, shown)

    async def open(self, url: str) -> Page:
        """Return the page at a URL, from the cache or from its site.

        Raises:
            WebError: it may not be opened, or could not be had.
        """
        began = self._clock()
        try:
            opened = await self._open(url)
        except (WebError, asyncio.CancelledError) as error:
            self._tell("open", url, domain_of(url), began, error)
            raise
        self._tell("open", url, opened.source, began, size=opened.bytes)
        return opened.page

    async def aclose(self) -> None:
        """End what is under way and close the fetcher."""
        try:
            await self._sharing.aclose()
        finally:  # a cancellation must not leave the connections open
            await self._fetcher.aclose()

    def _shown(self, results: Sequence[Result]) -> tuple[list[Result], tuple[str, ...]]:
        """Return the results that are shown, and a line if others could not be opened."""
        once: dict[str, Result] = {}
        faults: list[WebError] = []
        for result in results:
            try:
                target(result.url, self._config)
            except WebError as fault:
                faults.append(fault)
            else:
                once.setdefault(result.url, result)
        shown = [
            replace(result, snippet=shortened(result.snippet, self._snippet))
            for result in list(once.values())[: self._results]
        ]
        if not faults:
            return shown, ()
        number = f"{len(faults)} result{'s' if len(faults) > 1 else ''} hidden"
        return shown, (f"{number}, such as: {faults[0]}",)

    def _may_open(self, url: str) -> bool:
        try:
            target(url, self._config)
        except WebError:
            return False
        return True

    async def _open(self, url: str) -> _Opened:
        if not url.strip():
            raise NotFound("there is no page without an address", "url")
        # Without fragment: that is a place on the page, not another page.
        address = str(target(url, self._config))
        if (kept := self._kept(address)) is not None:
            return kept
        return await self._sharing.once(address, lambda: self._load(address))

    def _kept(self, address: str) -> _Opened | None:
        page = None if self._cache is None else self._cache.get(self._kept_under(address))
        # Lists of domains may have changed since it was kept. And what came over http, where others
        # on the way may write, must not stand for what https was asked for.
        if page is None or not self._may_open(page.url) or _is_weaker(page.url, address):
            return None
        return _Opened(page, CACHE)

    def _kept_under(self, address: str) -> str:
        """Return a name for the cache: what a permit opened is not found without the permit."""
        host, port = host_and_port(target(address, self._config))
        permitted = (plain_host(host), port) in rules_of(self._config).permits
        return f"permitted+{address}" if permitted else address

    async def _load(self, address: str) -> _Opened:
        await self._waiting.room()
        fetched = await self._fetcher.fetch(address)
        try:
            with self._waiting.hold(len(fetched.data)):
                page = await self._convert(fetched)
        except DocumentError as error:
            line = sanitise_line(str(error), LONGEST_MESSAGE)
            raise WebError(f"cannot be read: {line}", "conversion") from error
        page = replace(page, links=_web_links(page), retrieved_at=fetched.at)
        if self._cache is not None and fetched.keep:
            self._cache.put(self._kept_under(address), page)
        return _Opened(page, domain_of(fetched.url), len(fetched.data))

    def _tell(
        self,
        call: Literal["search", "open"],
        asked: str,
        source: str,
        began: float,
        error: WebError | asyncio.CancelledError | None = None,
        *,
        size: int = 0,
        on_the_way: str = "",
    ) -> None:
        if self._watch is None:
            return
        message = str(error) if error else on_the_way
        if isinstance(error, asyncio.CancelledError):
            message = "stopped"
        self._watch(
            Visit(
                at=datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds"),
                call=call,
                asked=sanitise_line(asked, LONGEST_ASKED),
                source=source,
                outcome=type(error).__name__ if error else "page",
                reason=error.reason if isinstance(error, WebError) else "",
                message=sanitise_line(message, LONGEST_MESSAGE),
                seconds=round(max(0.0, self._clock() - began), 6),
                bytes=size,
            )
        )


def _is_weaker(url: str, asked: str) -> bool:
    return asked.startswith("https:") and not url.startswith("https:")


def _web_links(page: Page) -> tuple[Link, ...]:
    """Return the links of a page that lead into the web: none to a file of this machine."""
    kept = [link for link in page.links if link.url.startswith(("http://", "https://"))]
    if len(kept) == len(page.links):
        return page.links
    return tuple(replace(link, id=number) for number, link in enumerate(kept))


def _identity(
    services: Sequence[SearchService], results: int, snippet: int, config: FetchConfig
) -> str:
    """Return a hash of what decides which pages this web shows."""
    asked = [f"{service.about.name}|{service.settings}" for service in services]
    shown = (results, snippet, config.page_bytes, config.ignore_robots, config.allow_host)
    return sha256(
        repr((asked, shown, config.allow_domain, config.deny_domain)).encode()
    ).hexdigest()
