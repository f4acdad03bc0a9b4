"""Converting documents in processes of their own, so that all cores work and none can do harm.

A worker is `python -m env.web.workers` with pickled chunks on its pipes: nothing of the calling
program is imported there, so a script without a main guard may build an index. A worker that dies
or hangs is replaced, and the document at fault is told and passed over.
"""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from env.errors import DocumentError
from env.records import Page
from env.sanitise import sanitise_line
from env.web.sources import Item, Skip
from env.web.store import Row, pack

Convert = Callable[..., Page]
"""`convert(data, *, url, content_type, at, title) -> Page`; raises DocumentError."""

Outcome = Row | Skip
CHUNK_ITEMS = 32
CHUNK_BYTES = 2_000_000
PATIENCE = 60.0
"""Seconds that one document may take."""
_NUMBER = re.compile(r"\d+")


def convert_item(convert: Convert, item: Item) -> Outcome:
    """Convert one document; whatever goes wrong is told as a skip."""
    try:
        page = convert(
            item.data, url=item.url, content_type=item.content_type, at=item.at, title=item.title
        )
    except DocumentError as fault:
        # Reasons are counted: what differs from document to document stands in the detail.
        reason = _NUMBER.sub("N", str(fault).partition(":")[0]).strip()
        return Skip(reason or "conversion failed", item.url, str(fault))
    # A boundary: parsers meet any bytes here, and one document must not end the build.
    except Exception as fault:  # noqa: BLE001
        return Skip("conversion failed", item.url, f"{type(fault).__name__}: {fault}"[:500])
    # A source that names its documents knows better than their first line.
    if given := sanitise_line(item.title):
        page = replace(page, title=given)
    return pack(page)


def convert_all(
    convert: Convert, items: Iterable[Item | Skip], workers: int, patience: float = PATIENCE
) -> Iterator[Outcome]:
    """Convert documents, keeping their order; with no workers, in this process.

    Args:
        convert: a function that can be imported by name, since workers import it.
        items: documents, and skips that are passed on.
        workers: number of processes; 0 converts in this one.
        patience: seconds after which a worker that is stuck in one document is replaced.
    """
    if workers < 1:
        for item in items:
            yield item if isinstance(item, Skip) else convert_item(convert, item)
        return
    pool = _Pool(convert, workers, patience)
    try:
        yield from pool.map(_chunks(items))
    finally:
        pool.close()


def _chunks(items: Iterable[Item | Skip]) -> Iterator[list[Item | Skip]]:
    chunk: list[Item | Skip] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += len(item.data) if isinstance(item, Item) else 0
        if len(chunk) >= CHUNK_ITEMS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


class _Pool:
    """Threads that each feed one worker process."""

    def __init__(self, convert: Convert, workers: int, patience: float) -> None:
        self._workers = [_Worker(convert, patience) for _ in range(workers)]
        self._free: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)
        self._threads = ThreadPoolExecutor(workers)

    def map(self, chunks: Iterator[list[Item | Skip]]) -> Iterator[Outcome]:
        waiting: deque[Future[list[Outcome]]] = deque()
        for chunk in chunks:
            waiting.append(self._threads.submit(self._convert, chunk))
            # Two more than can run: enough to keep all busy, few enough to bound memory.
            if len(waiting) > len(self._workers) + 2:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()

    def _convert(self, chunk: list[Item | Skip]) -> list[Outcome]:
        worker = self._free.get()
        try:
            return worker.convert(chunk)
        finally:
            self._free.put(worker)

    def close(self) -> None:
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.clean_up()


class _Worker:
    """One process, started when first needed."""

    def __init__(self, convert: Convert, patience: float) -> None:
        self._convert = convert
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def convert(self, chunk: list[Item | Skip]) -> list[Outcome]:
        items = [item for item in chunk if isinstance(item, Item)]
        found = iter(self._exchange(items))
        return [item if isinstance(item, Skip) else next(found) for item in chunk]

    def _exchange(self, items: list[Item]) -> list[Outcome]:
        """Have the process convert; after an accident, one by one to find the culprit."""
        try:
            return self._ask(items)
        except (EOFError, OSError, pickle.UnpicklingError):
            self.clean_up()
            if self._stopped:
                return [Skip("interrupted", item.url) for item in items]
            if len(items) == 1:
                return [Skip("conversion failed", items[0].url, "the converter died or hung")]
        return [outcome for item in items for outcome in self._exchange([item])]

    def _ask(self, items: list[Item]) -> list[Outcome]:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        alarm = threading.Timer(self._patience * max(1, len(items) ** 0.5), process.kill)
        alarm.start()
        try:
            pickle.dump(items, process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            outcomes: list[Outcome] = pickle.load(process.stdout)
            return outcomes
        finally:
            alarm.cancel()

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        with self._lock:
            if self._stopped:
                raise EOFError
            self._process = process = subprocess.Popen(
                [sys.executable, "-m", "env.web.workers"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
            )
        assert process.stdin is not None
        pickle.dump(self._convert, process.stdin, pickle.HIGHEST_PROTOCOL)
        return process

    def stop(self) -> None:
        """End the process; the thread that waits for it, if any, cleans up."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def clean_up(self) -> None:
        """Close the pipes of a process that has ended or is to end."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Convert chunks until there are no more: the main loop of a worker."""
    convert: Convert = pickle.load(requests)
    while True:
        try:
            items: list[Item] = pickle.load(requests)
        except EOFError:
            return
        outcomes = [convert_item(convert, item) for item in items]
        pickle.dump(outcomes, replies, pickle.HIGHEST_PROTOCOL)
        replies.flush()


def main() -> None:
    """Serve on the pipes; what libraries print goes to standard error."""
    # Ctrl-C reaches the whole process group; the parent decides what becomes of the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
