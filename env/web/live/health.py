"""Search services in the order of preference, and how each one is doing.

One that fails gives way to the next. Who refused the key is not asked again in this session; who
has had enough rests as long as it says; who failed several times in a row rests longer each time
and is then tried by one search alone. Knows no particular service.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from env.errors import ConfigError, WebError
from env.sanitise import sanitise_line
from env.web.live.services.asking import Exhausted
from env.web.live.services.base import SearchService
from env.web.results import Result

FAILURES = 3
"""In a row, after which a service rests."""
FIRST_REST = 10.0
LONGEST_REST = 600.0
"""Seconds; each failed trial doubles the rest up to this."""
AT_ONCE = 3
"""Searches at once with one service: the strictest limit that a service states (Wikimedia's)."""
LONGEST_WHY = 100
_FOR_GOOD = float("inf")
Clock = Callable[[], float]
"""Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Found:
    """Results, and the name of the service that gave them."""

    results: list[Result]
    service: str
    instead_of: tuple[str, ...] = ()
    """A line for each service that was asked before and failed."""


class _Health:
    """How one service is doing."""

    def __init__(self, service: SearchService, clock: Clock, at_once: int) -> None:
        self.service = service
        self.places = asyncio.Semaphore(at_once)
        self.fault: WebError | None = None
        """What it failed with last; None while it is well."""
        self._clock = clock
        self._failures = 0
        self._since = 0.0
        self._rest = 0.0
        self._trying = False
        self._counted = 0
        """Failures that were counted ever: a search that began before the last one adds none."""

    @property
    def name(self) -> str:
        return self.service.about.name

    @property
    def out(self) -> bool:
        """Whether it is not to be asked now."""
        if self._trying:
            return True
        # A clock set back must not prolong a rest.
        return 0.0 <= self._clock() - self._since < self._rest

    async def search(self, query: str) -> list[Result]:
        """Ask it, and remember how it went."""
        trial = self._trying = self._failures >= FAILURES
        counted = self._counted
        try:
            results = await self.service.search(query)
        except WebError as error:
            self._failed(error, counted)
            raise
        finally:
            if trial:
                self._trying = False
        self.fault = None
        self._failures = 0
        self._rest = 0.0
        return results

    def _failed(self, error: WebError, counted: int) -> None:
        if self._rest == _FOR_GOOD:
            return
        self.fault = error
        if error.reason == "key":
            self._rests(_FOR_GOOD)
        elif isinstance(error, Exhausted):
            self._rests(error.rest)
        elif counted == self._counted:
            # Of many searches that fail at once, as in an outage, one counts.
            self._counted += 1
            self._failures += 1
            doubled = FIRST_REST * 2.0 ** min(self._failures - FAILURES, 10)
            self._rests(min(doubled, LONGEST_REST) if self._failures >= FAILURES else 0.0)

    def _rests(self, seconds: float) -> None:
        self._since = self._clock()
        self._rest = seconds


class Services:
    """Search services of which the first that is well answers."""

    def __init__(
        self,
        services: Sequence[SearchService],
        *,
        clock: Clock = time.time,
        at_once: int = AT_ONCE,
    ) -> None:
        """Join services.

        Args:
            services: the preferred one first.
            clock: seconds since 1970.
            at_once: searches at once with each; others wait their turn.

        Raises:
            ConfigError: there are none.
        """
        if not services:
            raise ConfigError("expected at least one search service, found none")
        self._all = [_Health(service, clock, at_once) for service in services]

    async def search(self, query: str) -> Found:
        """Ask one service after the other until one answers, possibly with nothing.

        Raises:
            WebError: none did; names each with its reason.
        """
        failed: list[str] = []
        for health in self._all:
            if health.out:
                continue
            async with health.places:
                # Others may have seen it fail in the meantime.
                if health.out:
                    continue
                try:
                    return Found(await health.search(query), health.name, tuple(failed))
                except WebError as error:
                    failed.append(_told(health.name, error))  # `health` remembers it
        raise self._nobody()

    def _nobody(self) -> WebError:
        faults = [(health.name, health.fault) for health in self._all]
        if len(faults) == 1 and (fault := faults[0][1]):
            # Raised before, perhaps: what happened then is not what happens now.
            return fault.with_traceback(None)
        told = "; ".join(_told(name, fault) for name, fault in faults)
        reasons = {fault.reason for _, fault in faults if fault}
        reason = reasons.pop() if len(reasons) == 1 else "service"
        return WebError(f"no search service answered: {told}", reason)


def _told(name: str, fault: WebError | None) -> str:
    why = sanitise_line(str(fault) if fault else "busy", LONGEST_WHY)
    return why if why.startswith(name) else f"{name}: {why}"
