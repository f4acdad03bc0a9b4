"""Work that several processes share, its results in order. Knows not what the work is.

An offline web answers at once, so that episodes side by side in one process gain nothing: policies
without a model are run so.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TypeVar

from env.errors import Error

SHARE = 16
"""Tasks that a process is given at a time."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_processes(
    work: Callable[[Sequence[Task]], list[Result]], tasks: Iterable[Task], jobs: int
) -> Iterator[Result]:
    """Do tasks, and yield their results in the order of the tasks.

    Tasks are read as they are wanted, and few results wait: what is in memory does not grow.

    Args:
        work: does some tasks one after the other; it travels to the processes.
        tasks: what is to be done.
        jobs: processes; 1 does all in this one.

    Raises:
        Error: a process died.
    """
    shares = _shares(tasks)
    if jobs == 1:
        for share in shares:
            yield from work(share)
        return
    # Not forked: threads of this process may hold locks just then.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _begin)
    try:
        waiting: deque[Future[list[Result]]] = deque()
        for share in shares:
            waiting.append(pool.submit(work, share))
            if len(waiting) > 2 * jobs:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool as error:
        raise Error(
            "one of several processes died, perhaps for want of memory: "
            "the same command with --jobs 1 goes on from here"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _shares(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    stream = iter(tasks)
    while share := list(islice(stream, SHARE)):
        yield share


def _begin() -> None:
    """Leave interrupts to the parent, and end where it does, however that is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """Wait for the parent's end: one that was killed tells nobody, and its processes would stay."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)
