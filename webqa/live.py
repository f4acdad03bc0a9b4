"""Puts a live web together: search services, fetcher, converters, cache. Knows no command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AsyncExitStack

from env.config import BrowserConfig
from env.errors import ConfigError
from env.records import Page
from env.web.base import Web
from env.web.cache import PageCache
from env.web.conversion import Converters
from env.web.fetch.client import Client
from env.web.fetch.config import FetchConfig
from env.web.fetch.exchange import Heard
from env.web.fetch.fetcher import Fetcher
from env.web.live.services.base import Dates
from env.web.live.services.named import about_named, service_config, service_named, trusted_by
from env.web.live.services.wanted import Wanted, days
from env.web.live.web import LiveWeb
from env.web.visits import Watch
from webqa.folders import cache_folder
from webqa.webs import CONTACT, LiveConfig, Say, WebConfig, with_contact

SPARE = 2
"""Results asked for beyond those shown, as a factor: some may be hidden by lists of domains."""


class HeldWeb:
    """A web, and what it holds: `aclose` gives all of it back."""

    def __init__(self, web: Web, held: AsyncExitStack) -> None:
        self.identity = web.identity
        self.encoder = getattr(web, "encoder", None)
        self._web = web
        self._held = held

    async def search(self, query: str) -> Page:
        """Return a results page; see env.web.base.Web."""
        return await self._web.search(query)

    async def open(self, url: str) -> Page:
        """Return a page; see env.web.base.Web."""
        return await self._web.open(url)

    async def aclose(self) -> None:
        """Close connections, processes and files."""
        await self._held.aclose()


def open_live(
    services: Sequence[str],
    browser: BrowserConfig,
    config: WebConfig,
    *,
    say: Say,
    watch: Watch | None = None,
    heard: Heard | None = None,
) -> HeldWeb:
    """Open a live web; use it in one event loop, and close it there.

    Args:
        services: names of search services, the preferred one first.
        browser: how many results are shown, and how much of each.
        config: how pages are fetched and kept.
        say: is told what a person should know.
        watch: is told of every search and every page.
        heard: is told of every exchange on the network; pages are then never taken from the cache.

    Raises:
        ConfigError: a service is unknown, its key is missing, or a setting makes no sense.
    """
    fetch = with_contact(config.fetch)
    _check(config.live)
    wanted = _wanted(browser, fetch, config.live)
    _say_of_dates(services, config.live, say)
    if not fetch.contact:
        say(f"Note: sites are told no contact address and may refuse; set {CONTACT} or --contact")
    usable = _with_keys(services, say)
    trusted = frozenset[str]().union(*map(trusted_by, usable))
    client = Client(service_config(fetch), heard=heard, trusted=trusted)
    asked = [service_named(name, client, wanted) for name in usable]
    fetcher = Fetcher(fetch, heard=heard)
    converters = Converters()
    cache = None if heard else _cache(config.live, say)
    web = LiveWeb(
        asked,
        fetcher,
        converters.convert,
        results=browser.results,
        snippet=browser.snippet,
        config=fetch,
        cache=cache,
        watch=watch,
    )
    held = AsyncExitStack()
    if cache:
        held.callback(cache.close)
    held.push_async_callback(converters.aclose)
    held.push_async_callback(client.aclose)
    held.push_async_callback(web.aclose)
    return HeldWeb(web, held)


def _with_keys(services: Sequence[str], say: Say) -> Sequence[str]:
    """Return the services that can be asked; if none can, all, of which the first complains."""
    keys = {name: about_named(name).key for name in services}
    usable = [name for name, key in keys.items() if not key or os.environ.get(key)]
    for name in keys if usable else ():
        if name not in usable:
            say(f"Note: {name} is left out, for {keys[name]} is not set")
    return usable or services


def _check(live: LiveConfig) -> None:
    for flag, value in (
        ("--cache-hours", live.cache_hours),
        ("--cache-megabytes", live.cache_megabytes),
    ):
        if not value >= 0:
            raise ConfigError(f"{flag} must be 0 or more, not {value}")


def _wanted(browser: BrowserConfig, fetch: FetchConfig, live: LiveConfig) -> Wanted:
    dates = Dates(live.since, live.until)
    try:
        days(dates)  # complains of what is no date
    except ConfigError as error:
        raise ConfigError(f"--since and --until: {error}") from error
    return Wanted(
        count=browser.results * SPARE,
        dates=dates,
        allow_domain=fetch.allow_domain,
        deny_domain=fetch.deny_domain,
    )


def _say_of_dates(services: Sequence[str], live: LiveConfig, say: Say) -> None:
    if not (live.since or live.until):
        return
    for name in services:
        if not about_named(name).dates:
            say(f"Note: {name} cannot keep to dates: its results are of any time")


def _cache(live: LiveConfig, say: Say) -> PageCache | None:
    if not live.cache_hours:
        return None
    cache = PageCache(cache_folder(), hours=live.cache_hours, megabytes=live.cache_megabytes)
    for note in cache.notes:
        say(f"Note: {note}")
    return cache
