"""Whose turn it is: few requests at once to a host and to an address, and not one upon another.

Knows names of hosts and addresses only as words, and nothing of requests.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from env.web.fetch.deadline import loop_time

Clock = Callable[[], float]
"""Seconds that never run backwards."""
Sleep = Callable[[float], Awaitable[object]]


class _Place:
    """What is known of one host while somebody asks it or has just asked it."""

    def __init__(self, slots: int) -> None:
        self.door = asyncio.Lock()
        """Held by the one whose turn is next."""
        self.slots = asyncio.Semaphore(slots)
        self.free_at = 0.0
        """When the next request may start."""


class Politeness:
    """Gives turns, first come, first served at each host; forgets hosts that are idle.

    Limits are kept by taking, in this order, the host's door, a slot of the host, and a slot of
    each of its addresses in their alphabetical order. Nobody waits for what stands earlier in
    the order than what it holds, so waiting never goes round in a circle.
    """

    def __init__(
        self,
        per_host: int,
        per_address: int,
        *,
        clock: Clock = loop_time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._per_host = per_host
        self._per_address = per_address
        self._clock = clock
        self._sleep = sleep
        self._places: WeakValueDictionary[str, _Place] = WeakValueDictionary()
        self._addresses: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._resting: deque[tuple[float, _Place]] = deque()
        """Keeps those in memory who may not be asked before a time."""

    @asynccontextmanager
    async def turn(self, host: str, addresses: Sequence[str], gap: float) -> AsyncIterator[None]:
        """Wait for one's turn, and have it while the context lasts.

        Args:
            host: whom to ask.
            addresses: where it stands; the turn counts at each of them.
            gap: seconds from the start of this turn in which no other starts at the host.
        """
        place = self._place(host)
        taken: list[asyncio.Semaphore] = []
        try:
            async with place.door:
                await _take(place.slots, taken)
                if (wait := place.free_at - self._clock()) > 0:
                    await self._sleep(wait)
                for address in sorted(set(addresses)):
                    await _take(self._address(address), taken)
                self._rest(place, gap)
            yield
        finally:
            for slots in taken:
                slots.release()

    def __len__(self) -> int:
        """Return how many hosts are remembered."""
        return len(self._places)

    def _place(self, host: str) -> _Place:
        place = self._places.get(host)
        if place is None:
            place = self._places[host] = _Place(self._per_host)
        return place

    def _address(self, address: str) -> asyncio.Semaphore:
        slots = self._addresses.get(address)
        if slots is None:
            slots = self._addresses[address] = asyncio.Semaphore(self._per_address)
        return slots

    def _rest(self, place: _Place, gap: float) -> None:
        now = self._clock()
        while self._resting and self._resting[0][0] <= now:
            self._resting.popleft()
        if gap > 0:
            place.free_at = now + gap
            self._resting.append((place.free_at, place))


async def _take(slots: asyncio.Semaphore, taken: list[asyncio.Semaphore]) -> None:
    await slots.acquire()
    taken.append(slots)
