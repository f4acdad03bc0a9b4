"""Pages from fetched documents, converted in limited worker processes: the live web's converter.

Whatever a document does to its worker costs that document and nothing else. What comes back is
checked like the document itself: a worker may have been taken over. Knows no network.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from env.documents.urls import domain_of
from env.errors import Error, TimedOut, TooLarge, WebError
from env.records import Page
from env.sanitise import sanitise_line
from env.web.check import ContractError, check_page
from env.web.fetch.exchange import Fetched
from env.web.workers.frames import Document, Job, Limits, Reply, unicode_only
from env.web.workers.process import Worker, WorkerFault

LIVE = Limits(memory=1_500_000_000, cpu_seconds=10.0, seconds=15.0, reply=6_000_000, files=64)
"""For documents of strangers, of at most 5 MB."""
CONVERT = "env.documents:convert"
LONGEST_MESSAGE = 200
_ORIGIN = re.compile(r"https?://[^/?#\\\s]+")


def cores() -> int:
    """Return how many cores this process may use."""
    # Containers often may use fewer cores than the machine has; not every system tells.
    ask = getattr(os, "sched_getaffinity", None)
    return len(ask(0)) if ask else os.cpu_count() or 1


class Converters:
    """Worker processes that turn fetched documents into pages, each started when first needed.

    May be used from one event loop after another; `aclose` ends the processes.
    """

    def __init__(
        self, workers: int | None = None, limits: Limits = LIVE, *, convert: str = CONVERT
    ) -> None:
        """Make converters.

        Args:
            workers: processes at most; None is one per core.
            limits: what each may use, for each document where that can be said.
            convert: `module:function`, for tests.
        """
        count = workers or cores()
        self.limits = limits
        self._workers = [Worker(Job(convert, limits)) for _ in range(count)]
        # The one used last is used first: those never needed are never started.
        self._free = deque(self._workers)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="convert")
        self._closed = False

    async def convert(self, fetched: Fetched) -> Page:
        """Convert a document; in turn, when all workers are busy.

        Raises:
            WebError: with reason `type` for a document that cannot be read, `conversion` for one
                that broke its worker or passed a limit (TimedOut and TooLarge among them).
        """
        if self._closed:
            raise WebError("not converted: the program is ending", "conversion")
        ticket = _Ticket()
        waiting = self._threads.submit(self._run, ticket, fetched)
        try:
            return await asyncio.wrap_future(waiting)
        except asyncio.CancelledError:
            ticket.cancel()
            raise

    def _run(self, ticket: _Ticket, fetched: Fetched) -> Page:
        worker = self._free.pop()
        try:
            if not ticket.take(worker):
                raise WebError("not converted: it was given up", "conversion")
            return _page_of(self._reply(worker, fetched), fetched)
        except _Untrue as fault:
            # Whoever made this worker lie may make it lie about other pages.
            worker.discard()
            raise WebError(str(fault), "conversion") from fault
        finally:
            if ticket.release():
                worker.discard()  # killed after its reply, it would cost the next document
            self._free.append(worker)

    def _reply(self, worker: Worker, fetched: Fetched) -> Reply:
        url, kind = unicode_only(fetched.url), unicode_only(fetched.content_type)
        document = Document(url, fetched.data, kind, fetched.at)
        try:
            return next(worker.ask([document]))
        except WorkerFault as fault:
            raise _told(fault) from fault

    async def aclose(self) -> None:
        """End all processes; conversions under way or waiting fail with a WebError."""
        self._closed = True
        for worker in self._workers:
            worker.stop()
        # Takes a moment only: every thread has lost its process.
        self._threads.shutdown(wait=True)
        for worker in self._workers:
            worker.discard()


class _Ticket:
    """Who works on a conversion, so that whoever gives it up ends the right process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._cancelled = False
        self._interrupted = False

    def take(self, worker: Worker) -> bool:
        with self._lock:
            self._worker = worker
            return not self._cancelled

    def release(self) -> bool:
        """End the work; tell whether its process was ended on the way."""
        with self._lock:
            self._worker = None
            return self._interrupted

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            if self._worker is not None:
                self._interrupted = True
                self._worker.interrupt()


class _Untrue(Error):
    """A worker made a page that cannot be right."""


def _page_of(reply: Reply, fetched: Fetched) -> Page:
    """Return the page of a reply, once it is one that an honest worker could have made.

    Raises:
        WebError: the document could not be converted.
        _Untrue: the page cannot be right.
    """
    message = sanitise_line(reply.message, LONGEST_MESSAGE)
    if reply.page is not None and not reply.fault:
        try:
            _check(reply.page, fetched)
        except ContractError as fault:
            line = sanitise_line(str(fault), LONGEST_MESSAGE)
            raise _Untrue(f"the converter made a page that cannot be right: {line}") from fault
        return reply.page
    if reply.fault == "document":
        raise WebError(f"cannot be read: {message}", "type")
    if reply.fault in ("memory", "size"):
        raise TooLarge(f"too large to be converted: {message}", "conversion")
    raise WebError(f"could not be converted: {message}", "conversion")


def _told(fault: WorkerFault) -> WebError:
    kinds = {"time": TimedOut, "cpu": TimedOut, "size": TooLarge}
    kind = kinds.get(fault.accident, WebError)
    return kind(f"could not be converted: {sanitise_line(str(fault), 300)}", "conversion")


def _check(page: Page, fetched: Fetched) -> None:
    """Check what a page says of itself: address, time, hash, clean text, links and their hosts.

    Raises:
        ContractError: something is not so.
    """
    if page.url != unicode_only(fetched.url) or page.retrieved_at != fetched.at:
        raise ContractError("it is of another document")
    check_page(page)
    domains: dict[str, str] = {}
    for link in page.links:
        origin = found[0] if (found := _ORIGIN.match(link.url)) else ""
        if origin not in domains:
            domains[origin] = domain_of(origin)
        if not origin or link.domain != domains[origin] or not link.url.isascii():
            raise ContractError("a link leads elsewhere than it says")
