"""One case played against the real fetcher and the real converters, and what came of it."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from env.errors import Reason, WebError
from env.records import Page
from env.web.conversion import Converters
from env.web.fetch.config import FetchConfig
from env.web.fetch.exchange import Exchange
from env.web.fetch.fetcher import Fetcher
from tests.hostile.case import Case
from tests.hostile.names import Detour, Names
from tests.hostile.server import Ports

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a case."""

    outcome: str
    """`page`, or the name of the error's class."""
    reason: Reason
    message: str
    page: Page | None
    seconds: float
    """Of the fetch alone."""
    forbidden: tuple[str, ...]
    """Addresses that should never have been connected to, and were."""
    asked: tuple[str, ...]
    """Names that were looked up."""
    exchanges: int


class Stage:
    """What all cases share: the server's ports, its authority, the converters, the limits."""

    def __init__(
        self, ports: Ports, converters: Converters, config: FetchConfig, *, hurry: bool = False
    ) -> None:
        """Make a stage.

        Args:
            ports: where the server listens.
            converters: make pages of what is fetched.
            config: the limits of the fetcher.
            hurry: wait no more than a moment before a retry.
        """
        self._ports = ports
        self._converters = converters
        self._config = config
        self._hurry = hurry
        self._tls = ssl.create_default_context(cadata=ports.authority)

    async def play(self, case: Case) -> Played:
        """Play a case with a fetcher of its own."""
        names, detour = Names(), Detour(self._ports)
        exchanges: list[Exchange] = []
        fetcher = Fetcher(
            self._config,
            resolve=names.resolve,
            connect=detour,
            tls=self._tls,
            heard=exchanges.append,
            sleep=self._sleep,
            random=Random(0),
        )
        try:
            for url in case.before:
                await asyncio.gather(fetcher.fetch(url), return_exceptions=True)
            begin = time.perf_counter()
            fetched = await _outcome(fetcher.fetch(case.url))
            seconds = time.perf_counter() - begin
            if isinstance(fetched, WebError):
                done: Page | WebError = fetched
            else:
                done = await _outcome(self._converters.convert(fetched))
        finally:
            await fetcher.aclose()
        fault = done if isinstance(done, WebError) else None
        return Played(
            outcome="page" if fault is None else type(fault).__name__,
            reason="" if fault is None else fault.reason,
            message="" if fault is None else str(fault),
            page=None if isinstance(done, WebError) else done,
            seconds=seconds,
            forbidden=tuple(detour.forbidden()),
            asked=tuple(names.asked),
            exchanges=len(exchanges),
        )

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01) if self._hurry else seconds)


async def _outcome(asked: Awaitable[Found]) -> Found | WebError:
    try:
        return await asked
    except WebError as fault:
        return fault
