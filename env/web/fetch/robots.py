"""What a site's robots.txt lets a robot read (RFC 9309). Is given a way to ask for it.

A robots.txt that is not there (4xx, or behind redirects without end) allows everything; one that
cannot be read forbids everything until it is asked for again a little later.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

import httpx
from protego import Protego

from env.errors import Blocked, WebError
from env.web.fetch.config import FetchConfig
from env.web.fetch.deadline import Deadline, loop_time
from env.web.fetch.exchange import Reply
from env.web.fetch.politeness import Clock
from env.web.fetch.redirects import REDIRECTS, next_target

Ask = Callable[[httpx.URL, Deadline], Awaitable[Reply]]
"""Send one request, politely and with retries; follow nothing."""

TOKEN = "webqa"
"""The name by which a robots.txt addresses us (RFC 9309, 2.2.1)."""
LIMIT = 500 * 1024
"""Bytes that are read of one; the RFC wants no less."""
REMEMBERED = 24 * 3600.0
"""Seconds for which rules hold; the RFC wants no more."""
UNREADABLE = 60.0
"""Seconds after which one that could not be read is asked for again."""
LONGEST_GAP = 10.0
"""Seconds between two requests that a Crawl-delay may ask for."""
FOLLOWED = 5
"""Redirects; the RFC wants no fewer."""
_ORIGINS = 2000
_CHARACTERS = 1_000_000
"""Of all that are remembered together: parsed, each takes about 40 bytes."""
_HOST_FAULTS = frozenset({"name", "address", "url", "filter", "connection", "tls", "time"})
"""Faults of the host rather than of its robots.txt; they are told as what they are."""
_AGENT = re.compile(r"(?i)\s*user(?:-|\s*)agent(?=[\s:]|$)\s*:?\s*([a-z_*-]*)")


@dataclass(frozen=True, slots=True)
class _Rules:
    """What one origin allows until a time, or why nothing."""

    until: float
    parsed: Protego | None = None
    fault: WebError | None = None
    size: int = 0


class Robots:
    """Remembers the rules of many origins; each is asked for them once, however many want them."""

    def __init__(self, ask: Ask, config: FetchConfig, *, clock: Clock = loop_time) -> None:
        self._ask = ask
        self._config = config
        self._clock = clock
        self._known: OrderedDict[str, _Rules] = OrderedDict()
        self._characters = 0
        self._doors: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def gap(self, url: httpx.URL, limit: Deadline) -> float:
        """Return the seconds that the site wants between two requests, if the URL may be read.

        Raises:
            Blocked: it may not be read, or the rules cannot be (`robots`).
            WebError: the host cannot be reached at all.
        """
        origin = _origin(url)
        rules = self._recall(origin) or await self._learn(origin, limit)
        if rules.fault is not None:
            raise type(rules.fault)(str(rules.fault), rules.fault.reason)
        if rules.parsed is None:
            return 0.0
        if not rules.parsed.can_fetch(str(url), TOKEN):
            host = url.raw_host.decode("ascii")
            raise Blocked(f"{host} forbids robots to read this page (robots.txt)", "robots")
        return min(rules.parsed.crawl_delay(TOKEN) or 0.0, LONGEST_GAP)

    def __len__(self) -> int:
        """Return how many origins are remembered."""
        return len(self._known)

    def _recall(self, origin: str) -> _Rules | None:
        rules = self._known.get(origin)
        if rules is None or rules.until <= self._clock():
            return None
        self._known.move_to_end(origin)
        return rules

    async def _learn(self, origin: str, limit: Deadline) -> _Rules:
        door = self._doors.get(origin)
        if door is None:
            door = self._doors[origin] = asyncio.Lock()
        with limit.turn():
            await door.acquire()
        try:
            # Whoever came first has asked meanwhile, unless it was cancelled.
            return self._recall(origin) or await self._request(origin, limit)
        finally:
            door.release()

    async def _request(self, origin: str, limit: Deadline) -> _Rules:
        try:
            rules = await self._follow(origin, limit)
        except asyncio.CancelledError:
            if limit.over and not limit.waiting:
                self._remember(origin, self._unreadable(origin, limit.fault(), False))
            raise
        self._remember(origin, rules)
        return rules

    async def _follow(self, origin: str, limit: Deadline) -> _Rules:
        url = httpx.URL(f"{origin}/robots.txt")
        for _ in range(FOLLOWED + 1):
            try:
                reply = await self._ask(url, limit)
            except WebError as fault:
                return self._unreadable(origin, fault, _origin(url) == origin)
            if reply.exchange.status not in REDIRECTS:
                rules = self._judge(origin, reply)
                if url.raw_path == b"/robots.txt":
                    # Often it was only the way from http to https: its rules are these, too.
                    self._remember(_origin(url), rules)
                return rules
            try:
                url = next_target(reply.exchange, self._config)
            except Blocked as fault:
                return self._unreadable(origin, fault, False)
            except WebError:
                break
        return _Rules(self._clock() + REMEMBERED)

    def _judge(self, origin: str, reply: Reply) -> _Rules:
        status = reply.exchange.status
        if 400 <= status < 500:
            return _Rules(self._clock() + REMEMBERED)
        if not 200 <= status < 300:
            fault = WebError(f"the server answered with status {status}", "status")
            return self._unreadable(origin, fault, False)
        text = relevant(reply.content[:LIMIT], cut=len(reply.content) > LIMIT)
        return _Rules(self._clock() + REMEMBERED, Protego.parse(text), size=len(text))

    def _unreadable(self, origin: str, fault: WebError, own: bool) -> _Rules:
        """Forbid everything for a while; a fault of the origin's own host is told as it is."""
        until = self._clock() + UNREADABLE
        if own and fault.reason in _HOST_FAULTS:
            return _Rules(until, fault=fault)
        words = f"{origin}/robots.txt cannot be read, so the site is left alone for a minute"
        return _Rules(until, fault=Blocked(f"{words}: {fault}", "robots"))

    def _remember(self, origin: str, rules: _Rules) -> None:
        before = self._known.pop(origin, None)
        self._characters += rules.size - (before.size if before else 0)
        self._known[origin] = rules
        while len(self._known) > _ORIGINS or self._characters > _CHARACTERS:
            _, dropped = self._known.popitem(last=False)
            self._characters -= dropped.size


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def relevant(content: bytes, *, cut: bool) -> str:
    """Return the lines of a robots.txt that can concern us, as text.

    Groups for others all get one name: a file that lists thousands of robots above thousands of
    rules would otherwise be parsed into millions of them. Names are compared as the RFC says,
    by the product token before any version.

    Args:
        content: the file, or its beginning.
        cut: whether it is only the beginning; its last line is then left out.
    """
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = text.splitlines()
    if cut and lines:
        lines.pop()
    return "\n".join(_renamed(line) for line in lines)


def _renamed(line: str) -> str:
    match = _AGENT.match(line)
    if match is None:
        return line
    name = match[1].lower()
    if name != "*":
        name = TOKEN if name.replace("*", "") == TOKEN else "other"
    return f"User-agent: {name}"
