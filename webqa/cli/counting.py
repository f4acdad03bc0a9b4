"""How far a long command is: one line on a terminal, now and then a whole one elsewhere."""

from __future__ import annotations

import sys

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
