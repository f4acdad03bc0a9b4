"""What commands that train show on the way: one line on a terminal, whole lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from webqa.models import need_packages

if TYPE_CHECKING:
    from policies.cloning.training import Progress

EVERY = 250
"""Episodes between two lines of progress where there is no terminal."""


def quieten() -> None:
    """Keep the library's own bars and hints from the terminal: ours say what matters.

    Raises:
        ConfigError: the extra `models` is not installed.
    """
    need_packages()
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


class TrainingLine:
    """One line on a terminal that is written again and again; whole lines elsewhere."""

    def __init__(self, measured: Callable[[Progress], str]) -> None:
        """Begin; `measured` writes what a measurement found."""
        self._measured = measured
        self._terminal = sys.stderr.isatty()
        self._open = False

    def note(self, text: str) -> None:
        """Write a line that stays."""
        self.end()
        print(text, file=sys.stderr)

    def made(self, done: int, total: int) -> None:
        """Tell of how many episodes the examples are made."""
        if self._terminal:
            self._again(f"Examples of {done:,} of {total:,} episodes")
        elif done % EVERY == 0 or done == total:
            self.note(f"Examples of {done:,} of {total:,} episodes")

    def trained(self, progress: Progress) -> None:
        """Tell of a step, or of a measurement."""
        head = f"Step {progress.step:,} of {progress.steps:,}"
        if progress.measured is not None:
            self.note(f"{head}: held-out {self._measured(progress)}")
        elif progress.loss is not None:
            left = _time(progress.seconds_left or 0.0)
            text = f"{head}, loss {progress.loss:.3f}, {progress.tokens_per_second:,.0f} tokens/s"
            if self._terminal:
                self._again(f"{text}, {left} left")

    def end(self) -> None:
        """Leave the line that was being written."""
        if self._open:
            print(file=sys.stderr)
        self._open = False

    def _again(self, text: str) -> None:
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        self._open = True


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
