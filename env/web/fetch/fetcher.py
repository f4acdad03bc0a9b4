"""The careful client: one call for one document, with redirects, rules, turns and retries.

Knows nothing of sockets and addresses (see client.py), and nothing of what a document says.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import lru_cache
from random import Random
from typing import Protocol
from zlib import crc32

import httpcore
import httpx

from env.errors import WebError
from env.web.fetch.client import Client
from env.web.fetch.config import DEFAULT, FetchConfig, check
from env.web.fetch.deadline import Deadline, deadline
from env.web.fetch.exchange import Fetched, Heard, Reply
from env.web.fetch.interruption import orderly
from env.web.fetch.names import Resolve, system_resolve
from env.web.fetch.permits import plain_host
from env.web.fetch.politeness import Politeness, Sleep
from env.web.fetch.redirects import REDIRECTS, next_target
from env.web.fetch.replies import document, failure, storable
from env.web.fetch.retries import PASSING, pause, retry_after
from env.web.fetch.robots import Robots
from env.web.fetch.targets import target


class Sends(Protocol):
    """What the fetcher needs of a client: see `env.web.fetch.client.Client`."""

    async def send(self, url: str) -> Reply:
        """Make one exchange, whatever its status."""

    async def addresses(self, url: str) -> tuple[str, ...]:
        """Return the vetted addresses of the URL's host."""

    async def aclose(self) -> None:
        """Close all connections."""


class Fetcher:
    """Fetches documents: GET only, without cookies, credentials or Referer.

    Many fetches may run at once. One object belongs to one event loop.
    """

    def __init__(
        self,
        config: FetchConfig = DEFAULT,
        *,
        clients: Sequence[Sends] | None = None,
        heard: Heard | None = None,
        resolve: Resolve = system_resolve,
        connect: httpcore.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Sleep = asyncio.sleep,
        random: Random | None = None,
    ) -> None:
        """Make a fetcher; nothing is connected yet.

        Args:
            config: its limits.
            clients: share the hosts between them; by default `config.clients` of `Client`, made
                with `heard`, `resolve`, `connect` and `tls`.
            heard: told of every exchange.
            resolve: finds the addresses of a name.
            connect: opens connections.
            tls: whom to trust.
            clock: seconds since 1970, to understand servers that name a time.
            sleep: waits for one's turn, and between retries.
            random: draws the waits between retries.

        Raises:
            ConfigError: a host, domain, contact or number of the settings is none.
        """
        check(config)
        self._config = config
        self._clients: Sequence[Sends] = clients or [
            Client(config, resolve=resolve, connect=connect, tls=tls, heard=heard)
            for _ in range(config.clients)
        ]
        self._clock = clock
        self._sleep = sleep
        self._random = random or Random()
        self._politeness = Politeness(config.per_host, config.per_address, sleep=sleep)
        self._robots = Robots(self._ask, config)

    async def fetch(self, url: str) -> Fetched:
        """Return the document at a URL.

        Raises:
            Blocked: our rules, robots.txt or the server forbid it.
            NotFound: there is no such page.
            TooLarge: it is larger than `config.page_bytes`.
            TimedOut: it did not come within `config.fetch_seconds`, or there was no turn for it.
            WebError: anything else; the reason tells what.
        """
        config = self._config
        start = target(url, config)
        async with deadline(config.fetch_seconds, config.turn_seconds) as limit:
            limit.host = _host(start)
            return await self._follow(start, limit)

    async def aclose(self) -> None:
        """Close all connections, even when cancelled meanwhile."""
        # A task that is cancelled before it begins does nothing: gather alone might close nothing.
        await orderly(self._close())

    async def _close(self) -> None:
        await asyncio.gather(*(client.aclose() for client in self._clients))

    async def _follow(self, start: httpx.URL, limit: Deadline) -> Fetched:
        here, seen, keep = start, set[httpx.URL](), True
        for _ in range(self._config.redirects + 1):
            seen.add(here)
            gap = 0.0 if self._config.ignore_robots else await self._robots.gap(here, limit)
            reply = await self._ask(here, limit, gap)
            keep = keep and _same_origin(here, start) and storable(reply.exchange.headers)
            if reply.exchange.status not in REDIRECTS:
                if (fault := failure(reply.exchange, _host(here), self._clock())) is not None:
                    raise fault
                return document(reply, str(here), _host(here), keep=keep)
            here = next_target(reply.exchange, self._config)
            if here in seen:
                raise WebError(f"{_host(here)} redirects in a circle", "redirect")
        raise WebError(
            f"{_host(start)} redirects more than {self._config.redirects} times", "redirect"
        )

    async def _ask(self, url: httpx.URL, limit: Deadline, gap: float = 0.0) -> Reply:
        """Send a request, and again where that may help; any status is returned."""
        tries = 0
        while True:
            tries += 1
            outcome = await self._try(url, limit, gap)
            wait = self._wait(outcome, tries, limit)
            if wait is None:
                break
            await self._sleep(wait)
        if isinstance(outcome, WebError):
            raise outcome
        return outcome

    async def _try(self, url: httpx.URL, limit: Deadline, gap: float) -> Reply | WebError:
        try:
            return await self._send(url, limit, gap)
        except WebError as fault:
            return fault

    def _wait(self, outcome: Reply | WebError, tries: int, limit: Deadline) -> float | None:
        """Return the seconds after which to ask again, None when that would not help."""
        if tries > self._config.retries:
            return None
        asked = None
        if isinstance(outcome, Reply):
            if outcome.exchange.status not in PASSING:
                return None
            asked = retry_after(outcome.exchange.headers, self._clock())
        elif outcome.reason != "connection":
            return None
        return pause(tries, asked, limit.left(), self._random)

    async def _send(self, url: httpx.URL, limit: Deadline, gap: float) -> Reply:
        """Wait for a turn, then make one exchange."""
        text = str(url)
        limit.host = host = _host(url)
        client = self._clients[crc32(host.encode()) % len(self._clients)]
        addresses = await client.addresses(text)
        gap = max(gap, self._config.host_delay)
        async with AsyncExitStack() as stack:
            with limit.turn():
                turn = self._politeness.turn(host, addresses, gap)
                await stack.enter_async_context(turn)
            return await client.send(text)


def _host(url: httpx.URL) -> str:
    """Return the one spelling of a host, for messages, and to know it again."""
    return _spelled(url.raw_host)


@lru_cache(maxsize=1024)
def _spelled(raw: bytes) -> str:
    return plain_host(raw.decode("ascii"))


def _same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)
