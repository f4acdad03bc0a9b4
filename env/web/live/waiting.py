"""How much waits for work that is slower than what brings it. Knows nothing of either."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Waiting:
    """Counts the bytes that wait, and makes those who would bring more wait for room."""

    def __init__(self, limit: int) -> None:
        """Allow so many bytes; what was under way when they were reached comes on top."""
        self._limit = limit
        self._bytes = 0
        self._room = asyncio.Event()
        self._room.set()

    async def room(self) -> None:
        """Wait until fewer bytes wait than are allowed."""
        await self._room.wait()

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Count bytes in, and out again once they are worked off or given up."""
        self._add(size)
        try:
            yield
        finally:
            self._add(-size)

    def _add(self, size: int) -> None:
        self._bytes += size
        if self._bytes < self._limit:
            self._room.set()
        else:
            self._room.clear()
