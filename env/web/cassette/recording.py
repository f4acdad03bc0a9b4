"""A web that records what another one replies.

The first reply to a question, page or error, is the reply for the whole recording: episodes in any
order and at any concurrency then replay exactly. Knows no network and no particular web.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from env.errors import WebError
from env.records import Page
from env.version import VERSION
from env.web.base import Web
from env.web.cassette.file import DISK, Disk
from env.web.cassette.lines import (
    Call,
    Header,
    Reply,
    error_of,
    failure,
    keep_page,
    writable,
)
from env.web.cassette.tape import Given, Tape
from env.web.encoding import Encoder
from env.web.fetch.exchange import Exchange, Heard

_WRITERS = 4
"""Threads: one waits for the disk while the others pack what it writes next."""


class RecordingWeb:
    """A web (see env.web.base.Web) whose every reply is on a tape before it is given."""

    def __init__(self, web: Web, tape: Tape, exchanges: list[Exchange]) -> None:
        """Record a web.

        Args:
            web: the web that is asked.
            tape: a tape that is open for recording; it is closed with this web.
            exchanges: the list to which the web adds what crosses the network, if anything does;
                they are written with the reply that follows.
        """
        self.identity = web.identity
        self.notes = tape.notes
        self.encoder: Encoder | None = getattr(web, "encoder", None)
        """What the web lends to a policy; None where it lends nothing."""
        self._web = web
        self._tape = tape
        self._exchanges = exchanges
        self._given: list[Given] = []
        # Its own threads: those that all share may all be waiting for a name server.
        self._writers = ThreadPoolExecutor(_WRITERS, "cassette")
        self._writing = threading.Lock()
        self._adding = threading.Lock()
        self._asking: dict[tuple[Call, str], asyncio.Event] = {}

    async def search(self, query: str) -> Page:
        """Return the results page that is recorded, or record one.

        Raises:
            WebError: that is what is recorded.
            ConfigError: the tape cannot be written.
        """
        return await self._replied("search", query)

    async def open(self, url: str) -> Page:
        """Return the page that is recorded, or record it.

        Raises:
            WebError: that is what is recorded.
            ConfigError: the tape cannot be written.
        """
        return await self._replied("open", url)

    def close(self) -> None:
        """Write what is left and close the tape; the web that was recorded stays open.

        Raises:
            ConfigError: the tape cannot be written.
        """
        self._writers.shutdown()
        try:
            self._write()
        finally:
            self._tape.close()

    async def _replied(self, call: Call, asked: str) -> Page:
        """Give what is on the tape; if nothing is, ask and put it there first."""
        key = (call, writable(asked))
        while (reply := self._tape.reply(*key)) is None:
            if (asking := self._asking.get(key)) is not None:
                # Who asks may be cancelled, or fail: then the next one asks.
                await asking.wait()
                continue
            self._asking[key] = asking = asyncio.Event()
            try:
                await self._ask(call, asked)
            finally:
                del self._asking[key]
                asking.set()
        if reply.error is not None:
            raise error_of(reply.error)
        return self._tape.page(reply.page)

    async def _ask(self, call: Call, asked: str) -> None:
        """Ask the web and have its reply written; any error but a WebError is not for the tape."""
        came: Page | WebError
        try:
            came = await (self._web.search(asked) if call == "search" else self._web.open(asked))
        except WebError as error:
            came = error
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writers, self._record, call, asked, came)

    def _record(self, call: Call, asked: str, came: Page | WebError) -> None:
        """Write a reply; what else waits to be written goes into the same write."""
        if isinstance(came, WebError):
            given = Given(Reply(call, writable(asked), error=failure(came)))
        else:
            page = keep_page(came)
            given = Given(Reply(call, writable(asked), page.name.id), page)
        with self._adding:
            self._given.append(given)
        self._write()

    def _write(self) -> None:
        with self._writing:
            with self._adding:
                given, self._given = self._given, []
            # The web may add to the list meanwhile, but nobody else takes from it.
            exchanges = self._exchanges[:]
            del self._exchanges[: len(exchanges)]
            self._tape.append(exchanges, given)


def record(
    path: Path,
    make: Callable[[Heard], Web],
    *,
    notes: Sequence[str] = (),
    disk: Disk = DISK,
) -> RecordingWeb:
    """Begin a recording, or go on with one.

    Args:
        path: the cassette.
        make: makes the web, which tells the given listener of its exchanges.
        notes: what a person should know about what is recorded.
        disk: how the tape is written.

    Raises:
        ConfigError: the file cannot be recorded to (see Tape).
    """
    exchanges: list[Exchange] = []
    web = make(exchanges.append)
    encoder: Encoder | None = getattr(web, "encoder", None)
    begin = Header(
        webqa=VERSION,
        begun_at=datetime.now(UTC).isoformat(timespec="seconds"),
        web=web.identity,
        encoder=encoder.name if encoder else "",
        notes=tuple(notes),
    )
    return RecordingWeb(web, Tape(path, begin, disk), exchanges)
