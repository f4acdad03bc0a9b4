"""Many documents through several workers, in order: what builds an index. Knows no index."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

from env.errors import ConfigError
from env.records import Page
from env.web.sources import Item, Skip
from env.web.store import Row
from env.web.workers.frames import Document, Job, Limits, Reply, unicode_only
from env.web.workers.process import Worker, WorkerFault
from env.web.workers.serving import Convert, reply_to

Outcome = Row | Skip
CHUNK_ITEMS = 32
CHUNK_BYTES = 2_000_000
LIMITS = Limits(memory=8_000_000_000)
"""Documents of an index are the user's own: only accidents are guarded against."""
_NUMBER = re.compile(r"\d+")


def convert_all(
    convert: Convert, items: Iterable[Item | Skip], workers: int, limits: Limits = LIMITS
) -> Iterator[Outcome]:
    """Convert documents, keeping their order; with no workers, in this process.

    Args:
        convert: a function that can be imported by name, since workers import it.
        items: documents, and skips that are passed on.
        workers: number of processes; 0 converts in this one, without limits.
        limits: what a worker may use; one that passes them is replaced.

    Raises:
        ConfigError: a worker process cannot be started.
    """
    if workers < 1:
        for item in items:
            yield item if isinstance(item, Skip) else _here(convert, item)
        return
    pool = _Pool(Job(name_of(convert), limits, pack=True), workers)
    try:
        yield from pool.map(_chunks(items))
    finally:
        pool.close()


def name_of(convert: Callable[..., Page]) -> str:
    """Return the `module:function` by which a worker imports a function."""
    return f"{convert.__module__}:{convert.__qualname__}"


def _here(convert: Convert, item: Item) -> Outcome:
    return _outcome(item, reply_to(convert, _document(item), packed=True))


def _document(item: Item) -> Document:
    url, title = unicode_only(item.url), unicode_only(item.title)
    return Document(url, item.data, unicode_only(item.content_type), item.at, title)


def _outcome(item: Item, reply: Reply) -> Outcome:
    if reply.row is not None:
        return reply.row
    if reply.fault == "document":
        # Reasons are counted: what differs from document to document stands in the detail.
        reason = _NUMBER.sub("N", reply.message.partition(":")[0]).strip()
        return Skip(reason or "conversion failed", item.url, reply.message)
    return Skip("conversion failed", item.url, reply.message)


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

    def __init__(self, job: Job, workers: int) -> None:
        self._workers = [Worker(job) for _ in range(workers)]
        self._free: SimpleQueue[Worker] = SimpleQueue()
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
        items = [item for item in chunk if isinstance(item, Item)]
        worker = self._free.get()
        try:
            found = iter(_exchange(worker, items))
        finally:
            self._free.put(worker)
        return [item if isinstance(item, Skip) else next(found) for item in chunk]

    def close(self) -> None:
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.discard()


def _exchange(worker: Worker, items: list[Item]) -> list[Outcome]:
    """Have a worker convert; an accident costs the document that it was busy with."""
    outcomes: list[Outcome] = []
    while rest := items[len(outcomes) :]:
        try:
            for reply in worker.ask([_document(item) for item in rest]):
                outcomes.append(_outcome(items[len(outcomes)], reply))
        except WorkerFault as fault:
            if fault.accident == "start":
                raise ConfigError(str(fault)) from fault
            if fault.accident == "stopped":
                return outcomes + [Skip("interrupted", item.url) for item in items[len(outcomes) :]]
            outcomes.append(Skip("conversion failed", items[len(outcomes)].url, str(fault)))
    return outcomes
