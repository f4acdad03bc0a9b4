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
BUSY = "the database is being written by somebody else for long: nothing was saved, try again"


class Turn:
    """Lets one thread of one process write at a time; kept by a locked file, so a kill frees it."""

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self._threads, self._patience = threading.Lock(), patience
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        deadline = time.monotonic() + self._patience
        if not self._threads.acquire(timeout=self._patience):
            raise NotSaved(BUSY)
        try:
            self._wait_for_processes(deadline)
        except BaseException:
            self._threads.release()
            raise

    def _wait_for_processes(self, deadline: float) -> None:
        while True:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise NotSaved(BUSY) from None
                time.sleep(0.002)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
