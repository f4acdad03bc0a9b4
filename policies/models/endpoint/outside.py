"""The world around a client: clocks, sleep, chance, the environment. Tests put in their own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True, slots=True)
class Outside:
    """What a client takes from the world."""

    clock: Callable[[], float] = time.monotonic
    """Seconds that never go back."""
    now: Callable[[], float] = time.time
    """Seconds since 1970, for servers that name a time."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Random = field(default_factory=Random)
    """Draws the waits between tries."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


class Budget:
    """The seconds that one completion may take; waiting for a connection is not counted."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self.whole = seconds
        self.left = seconds
        self._clock = clock

    def copy(self) -> Budget:
        """Return another with what is left, for work that goes on beside other work."""
        budget = Budget(self.whole, self._clock)
        budget.left = self.left
        return budget

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Count the time of what happens within."""
        began = self._clock()
        try:
            yield
        finally:
            self.left -= self._clock() - began
