"""The time that one fetch has: so long for its work, so long for waiting its turn.

Knows nothing of what the time is spent on. All times are seconds of the event loop's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from env.errors import TimedOut


def loop_time() -> float:
    """Return the seconds of the running event loop's clock."""
    return asyncio.get_running_loop().time()


class Deadline:
    """One limit for all that a fetch does, which stands still while the fetch waits its turn."""

    def __init__(self, timeout: asyncio.Timeout, seconds: float, turn_seconds: float) -> None:
        self.host = ""
        """Whom the fetch is asking now, for the message."""
        self.waiting = False
        """Whether it waits its turn."""
        self._timeout = timeout
        self._seconds = seconds
        self._turn_seconds = turn_seconds
        self._turn_left = turn_seconds

    @property
    def over(self) -> bool:
        """Whether the time has run out; what is still running is being cancelled."""
        return self._timeout.expired()

    def left(self) -> float:
        """Return how much time is left for work."""
        when = self._timeout.when()
        assert when is not None, "a deadline is always set"
        return when - loop_time()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Count what happens within as waiting, not as work."""
        left, began = self.left(), loop_time()
        self._timeout.reschedule(began + self._turn_left)
        self.waiting = True
        yield
        # Not reached by a cancelled wait: the fetch is over then, and its limit with it.
        self.waiting = False
        now = loop_time()
        self._turn_left -= now - began
        self._timeout.reschedule(now + left)

    def fault(self) -> TimedOut:
        """Return what to say when the time has run out."""
        if self.waiting:
            words = f"{self.host} is busy: no turn within {self._turn_seconds:g} seconds"
        else:
            words = f"{self.host} did not answer within {self._seconds:g} seconds"
        return TimedOut(words, "time")


@asynccontextmanager
async def deadline(seconds: float, turn_seconds: float) -> AsyncIterator[Deadline]:
    """Limit what happens within.

    Args:
        seconds: for work.
        turn_seconds: for waiting, in all.

    Raises:
        TimedOut: the time ran out.
    """
    limit = None
    try:
        async with asyncio.timeout(seconds) as timeout:
            limit = Deadline(timeout, seconds, turn_seconds)
            yield limit
    except TimeoutError:
        if limit is None or not limit.over:
            raise
        raise limit.fault() from None
