"""One writer at a time: the queue before a SQLite file. Knows no database."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path

from webqa.rating.errors import NotSaved

PATIENCE = 15.0
"""Seconds that a writer waits for its turn before it says that nothing was saved."""
PAUSE = 0.002
"""Seconds between two looks at another process's lock."""
BUSY = "the database is being written by somebody else for long: nothing was saved, try again"


class Turn:
    """Lets one thread of one process write at a time; kept by locked files, so a kill frees it.

    Whoever waits for the writer holds the door: a process that writes one thing after another
    has to queue up behind him, and cannot keep all others out.
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self._threads, self._patience = threading.Lock(), patience
        self._writer, self._door = (
            os.open(path.with_name(f"{path.name}.{name}"), os.O_RDWR | os.O_CREAT, 0o600)
            for name in ("lock", "door")
        )

    def __enter__(self) -> None:
        deadline = time.monotonic() + self._patience
        if not self._threads.acquire(timeout=self._patience):
            raise NotSaved(BUSY)
        try:
            _lock(self._door, deadline)
            try:
                _lock(self._writer, deadline)
            finally:
                fcntl.flock(self._door, fcntl.LOCK_UN)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._writer, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Let go of the files."""
        os.close(self._writer)
        os.close(self._door)


def _lock(file: int, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise NotSaved(BUSY) from None
            time.sleep(PAUSE)
