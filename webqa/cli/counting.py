"""How far a long command is: one line on a terminal, now and then a whole one elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from webqa.cli.terminal import one_line


class Counting:
    """Tells of so many of so many."""

    def __init__(self, what: str, every: int = 200, often: int = 1) -> None:
        """Begin.

        Args:
            what: is counted, in the plural.
            every: how often where there is no terminal.
            often: how often on a terminal.
        """
        self._what = one_line(what, 80)
        self._terminal = sys.stderr.isatty()
        self._every = often if self._terminal else every

    def __call__(self, done: int, total: int, doing: str = "") -> None:
        """Tell of it; `doing` says what is done with them."""
        if done != total and done % self._every:
            return
        text = f"{doing}: " * bool(doing) + f"{done:,} of {total:,} {self._what}"
        start, end = ("\r\033[K", "" if done < total else "\n") if self._terminal else ("", "\n")
        print(f"{start}{text}", end=end, file=sys.stderr, flush=True)


class Pace:
    """Tells of so many of so many, how quick it is, and how long it will still take."""

    def __init__(
        self,
        what: str,
        total: int,
        every: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            what: is counted, in the plural.
            total: how many there will be.
            every: seconds between two lines where there is no terminal; there, half a second.
            clock: tells the seconds.
        """
        self._what, self._total, self._clock = what, total, clock
        self._terminal = sys.stderr.isatty()
        self._every = 0.5 if self._terminal else every
        self._begin = self._last = clock()
        self._done = 0

    def one(self) -> None:
        """Count one more."""
        self._done += 1
        now = self._clock()
        if self._done != self._total and now - self._last < self._every:
            return
        self._last = now
        text = paced(self._what, self._done, self._total, now - self._begin)
        last = self._done == self._total
        start, end = ("\r\033[K", "\n" if last else "") if self._terminal else ("", "\n")
        print(f"{start}{text}", end=end, file=sys.stderr, flush=True)


def paced(what: str, done: int, total: int, seconds: float) -> str:
    """Return how far it is: the count, how many a second, and the time that is left."""
    rate = done / max(seconds, 1e-9)
    left = f", {lasting((total - done) / rate)} left" if done < total else ""
    return f"{done:,} of {total:,} {what}, {rate:.3g} a second{left}"


def lasting(seconds: float) -> str:
    """Return a time in the two units that matter."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
