"""From a host's name to the addresses that may be connected to: resolved once, each one vetted.

What is found is kept for a short while, so that politeness and the connection see the same
addresses; a later resolution is vetted afresh. Knows no URLs and opens no connections.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from weakref import WeakValueDictionary

from env.errors import NotFound, TimedOut, WebError
from env.web.fetch.addresses import address_of, vet
from env.web.fetch.config import NAME_SECONDS
from env.web.fetch.permits import Permits, plain_host

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Asks for the addresses of a host, as text; raises OSError when it cannot."""

KEPT_SECONDS = 30.0
FAULT_SECONDS = 1.0
"""How long a failure is kept: long enough that those who wait for the same name share it."""
KEPT_NAMES = 4096
MOST_ADDRESSES = 32
"""Of one host that are used; all are vetted."""
LOOKUPS = 16
"""Threads that ask the system at once."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a resolution gave, an answer or a fault, and until when it counts."""

    until: float
    addresses: tuple[str, ...] = ()
    fault: WebError | None = None


class Resolver:
    """Resolves names for one client."""

    def __init__(
        self,
        resolve: Resolve,
        permits: Permits = frozenset(),
        *,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = NAME_SECONDS,
    ) -> None:
        self._resolve = resolve
        self._permits = permits
        self._clock = clock
        self._seconds = seconds
        self._known: dict[tuple[str, int], _Known] = {}
        self._turns: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Return the addresses of a host, each vetted, best first.

        Raises:
            Blocked: one of its addresses must not be connected to: the whole name is refused.
            NotFound: there is no such name.
            TimedOut: no answer within the deadline.
            WebError: it could not be resolved.
        """
        key = (host, port)
        if (known := self._look(key)) is None:
            turn = self._turns.setdefault(key, asyncio.Lock())
            try:
                async with asyncio.timeout(self._seconds), turn:
                    if (known := self._look(key)) is None:
                        known = await self._find(key)
            except TimeoutError:
                known = self._timed_out(key)
        if known.fault is not None:
            # A new error each time: one that is raised twice keeps the traces of both.
            raise type(known.fault)(str(known.fault), known.fault.reason)
        return known.addresses

    def permits(self, host: str, port: int) -> bool:
        """Tell whether the user permits this host to be at home."""
        return (plain_host(host), port) in self._permits

    def _look(self, key: tuple[str, int]) -> _Known | None:
        known = self._known.get(key)
        return known if known is not None and self._clock() < known.until else None

    async def _find(self, key: tuple[str, int]) -> _Known:
        try:
            addresses = self._vetted(*key, await self._answers(*key))
        except WebError as fault:
            return self._keep(key, _Known(self._clock() + FAULT_SECONDS, fault=fault))
        return self._keep(key, _Known(self._clock() + KEPT_SECONDS, addresses))

    def _timed_out(self, key: tuple[str, int]) -> _Known:
        fault = TimedOut(f"the name {key[0]} was not resolved in {self._seconds:g} s", "name")
        return self._keep(key, _Known(self._clock() + FAULT_SECONDS, fault=fault))

    def _keep(self, key: tuple[str, int], known: _Known) -> _Known:
        self._known.pop(key, None)
        if len(self._known) >= KEPT_NAMES:
            del self._known[next(iter(self._known))]
        self._known[key] = known
        return known

    async def _answers(self, host: str, port: int) -> Sequence[str]:
        if address_of(host) is not None:
            return (host,)
        try:
            return await self._resolve(host, port)
        except socket.gaierror as error:
            if error.errno in _NO_SUCH_NAME:
                raise NotFound(f"there is no host {host}", "name") from None
            why = error.strerror or "no reason given"
        except (OSError, UnicodeError) as error:
            why = type(error).__name__
        raise WebError(f"the name {host} could not be resolved: {why}", "name")

    def _vetted(self, host: str, port: int, answers: Sequence[str]) -> tuple[str, ...]:
        if not answers:
            raise NotFound(f"the host {host} has no address", "name")
        permitted = self.permits(host, port)
        plain = plain_host(host)
        vetted = dict.fromkeys(str(vet(one, plain, permitted=permitted)) for one in answers)
        return _alternate(tuple(vetted))[:MOST_ADDRESSES]


def _alternate(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Change between the families, so that one that leads nowhere costs one try (RFC 8305, 4)."""
    first = ":" in addresses[0]
    same = [one for one in addresses if (":" in one) == first]
    other = [one for one in addresses if (":" in one) != first]
    mixed = [one for pair in zip(same, other, strict=False) for one in pair]
    shorter = min(len(same), len(other))
    return (*mixed, *same[shorter:], *other[shorter:])


_NO_SUCH_NAME = frozenset(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)
)


@dataclass(frozen=True, slots=True)
class _Lookup:
    host: str
    port: int
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[list[str]]


class _Threads:
    """Asks the system for names, which cannot be interrupted, in a few threads of its own.

    A lookup that hangs holds up one thread, not the event loop's executor, and, as the thread is a
    daemon, not the end of the process either.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Lookup] = deque()
        self._running = 0

    def add(self, lookup: _Lookup) -> None:
        with self._lock:
            self._waiting.append(lookup)
            if self._running >= LOOKUPS:
                return
            self._running += 1
        threading.Thread(target=self._work, name="webqa-names", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                lookup = self._waiting.popleft()
            # Whoever asked may have given up while the lookup waited for its turn.
            if not lookup.answer.done():
                _look_up(lookup)


def _look_up(lookup: _Lookup) -> None:
    found: list[str] = []
    error: OSError | UnicodeError | None = None
    try:
        infos = socket.getaddrinfo(lookup.host, lookup.port, type=socket.SOCK_STREAM)
        found = [str(info[4][0]) for info in infos]
    except (OSError, UnicodeError) as fault:
        error = fault
    with suppress(RuntimeError):  # the loop was closed meanwhile
        lookup.loop.call_soon_threadsafe(_tell, lookup.answer, found, error)


def _tell(answer: asyncio.Future[list[str]], found: list[str], error: Exception | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(found)
    else:
        answer.set_exception(error)


@cache
def _threads() -> _Threads:
    return _Threads()


async def system_resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver for the addresses of a host.

    Raises:
        OSError: it could not be resolved.
        UnicodeError: no host looks like this.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()
    _threads().add(_Lookup(host, port, loop, answer))
    return await answer
