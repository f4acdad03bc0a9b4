"""The file of a cassette: append-only, locked while it is recorded, its index in memory.

A write is whole lines, waited for until they are on the disk. What a crash leaves is a torn last
line, which is cut off. Where a line is damaged, what stands before it is used, the loss is said in
`notes`, and whoever records on moves the rest aside first, so that nothing more is lost. Reading
builds an index; pages are read from the disk when they are asked for. Knows no web.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from env.errors import ConfigError, RecordError
from env.records import Page, from_json
from env.sanitise import sanitise_line
from env.web.cassette.file import DISK, Disk, copy_rest, keep_name, open_file, take_lock
from env.web.cassette.lines import (
    Call,
    Header,
    Kept,
    Kind,
    Line,
    Reply,
    body_of,
    content_of,
    exchange_of,
    header_json,
    keep_exchange,
    reply_json,
    sealed,
)
from env.web.cassette.scan import Scan, agree, is_torn_header, loss, scan, usable
from env.web.check import ContractError, check_page
from env.web.fetch.exchange import Exchange

_HEAD = 1 << 16
"""Bytes in which a first line ends, if it is one."""


class Given(NamedTuple):
    """A reply to be recorded, and its page unless it is an error."""

    reply: Reply
    page: Kept | None = None


class _Place(NamedTuple):
    """Where a line stands in the file, its end left out."""

    offset: int
    length: int


@dataclass(slots=True)
class _Index:
    """What stands where."""

    places: dict[tuple[Kind, str], _Place] = field(default_factory=dict)
    replies: dict[tuple[Call, str], Reply] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """By the hash of a page's text, the id of the first page with it."""

    def add(self, other: _Index) -> None:
        """Take over what another index holds; what is here already stays."""
        # Replies last: other threads look for them, and find then what they name.
        for text, name in other.texts.items():
            self.texts.setdefault(text, name)
        self.places.update(other.places)
        self.replies.update(other.replies)


class Tape:
    """A cassette's file, open for reading or for recording."""

    def __init__(self, path: Path, begin: Header | None = None, disk: Disk = DISK) -> None:
        """Open a cassette.

        Args:
            path: the file; it is made when something is recorded.
            begin: what is going to be recorded; None opens for reading alone.
            disk: how it is written.

        Raises:
            ConfigError: the file is none of ours, too new, unusable, recorded by another process
                at this time, or was recorded from another web.
        """
        self.path = path
        self.notes: tuple[str, ...] = ()
        """What a person should know: what was lost."""
        self._disk = disk
        self._index = _Index()
        self._checked: set[str] = set()
        """Ids of the pages that were found clean."""
        self._lock = threading.Lock()
        self._fault = ""
        self._file = open_file(path, writing=begin is not None)
        self._close = weakref.finalize(self, os.close, self._file)
        try:
            if begin is not None:
                take_lock(self._file, path)
            self._load(begin)
        except OSError as error:
            self._close()
            raise ConfigError(f"cannot read {path}: {error.strerror}") from error
        except BaseException:
            self._close()
            raise

    def close(self) -> None:
        """Close the file; others may record to it."""
        with self._lock:
            self._fault = self._fault or f"{self.path} is closed: open it again"
            # The number may be given to another file, which must not be written to.
            self._file = -1
            self._close()

    @property
    def replies(self) -> tuple[Reply, ...]:
        """All replies, in the order they were recorded."""
        return tuple(self._index.replies.values())

    @property
    def pages(self) -> tuple[str, ...]:
        """The ids of all pages, in the order they were recorded."""
        return tuple(name for kind, name in self._index.places if kind == "page")

    @property
    def texts(self) -> dict[str, str]:
        """By the hash of a text, the id of the first page that has it."""
        return self._index.texts

    def reply(self, call: Call, asked: str) -> Reply | None:
        """Return the reply that was recorded, if there is one."""
        return self._index.replies.get((call, asked))

    def page(self, name: str) -> Page:
        """Read a page by its id, and check it: a cassette may come from anyone.

        Raises:
            ConfigError: the file was changed since it was opened, or the page is not clean.
        """
        try:
            page = from_json(self._content("page", name), Page)
        except RecordError as error:
            raise self._changed(error) from error
        if name not in self._checked:
            try:
                check_page(page)
            except ContractError as fault:
                why = sanitise_line(str(fault))
                raise ConfigError(
                    f"{self.path} holds a page that webqa did not make ({why}): "
                    "take a cassette from someone you trust"
                ) from fault
            self._checked.add(name)
        return page

    def exchanges(self) -> Iterator[Exchange]:
        """Read all exchanges in the order they were recorded.

        Raises:
            ConfigError: the file was changed since it was opened.
        """
        for name in [name for kind, name in self._index.places if kind == "exchange"]:
            try:
                content = self._content("exchange", name)
                body = body_of(content)
                yield exchange_of(content, self._content("blob", body) if body else b"")
            except RecordError as error:
                raise self._changed(error) from error

    def append(self, exchanges: Sequence[Exchange], given: Sequence[Given]) -> None:
        """Record exchanges and replies; what is there already is not stored again.

        One write, which is on the disk when this returns. May be called by several threads.

        Raises:
            ConfigError: it could not be written; the file is as it was, and takes no more.
        """
        with self._lock:
            if self._fault:
                raise ConfigError(self._fault)
            batch = _Batch(self._index, self._end, self._checksum)
            try:
                for exchange in exchanges:
                    batch.keep(*keep_exchange(exchange))
            except RecordError as error:
                self._fault = f"cannot record to {self.path}: {error}"
                raise ConfigError(self._fault) from error
            for one in given:
                batch.answer(one)
            self._write(batch)

    def _write(self, batch: _Batch) -> None:
        if not batch.data:
            return
        try:
            self._put(bytes(batch.data))
        except OSError as error:
            # What was written of it would be cut off by the next to open the file anyway.
            with suppress(OSError):
                self._disk.truncate(self._file, self._end)
            self._fault = (
                f"cannot record to {self.path} ({error.strerror}): make room, or name another file"
            )
            raise ConfigError(self._fault) from error
        self._end += len(batch.data)
        self._checksum = batch.checksum
        self._index.add(batch.new)

    def _put(self, data: bytes) -> None:
        while data:
            data = data[self._disk.write(self._file, data) :]
        self._disk.fsync(self._file)

    def _load(self, begin: Header | None) -> None:
        """Read the index, mend the file when it is to be recorded to, and check the header."""
        found = scan(self._file, self._add)
        size = os.fstat(self._file).st_size
        self._end, self._checksum = found.end, found.checksum
        head = os.pread(self._file, _HEAD, 0)
        if begin is not None and (size == 0 or is_torn_header(head)):
            self.header = begin
            if size:
                self._set_aside(found)
            self._begin()
            return
        self.header = usable(found, head, self.path)
        if begin is not None:
            agree(self.header, begin, self.path)
        if found.end < size:
            self.notes = (loss(found, self.path),)
            if begin is not None:
                self._set_aside(found)

    def _begin(self) -> None:
        batch = _Batch(self._index, 0, 0)
        batch.add(header_json(self.header))
        self._write(batch)
        keep_name(self.path)

    def _add(self, line: Line, offset: int, length: int) -> bool:
        """Take a line of the file into the index; False when it cannot be right."""
        for kind in ("blob", "exchange", "page"):
            if (name := getattr(line, kind)) is not None:
                self._index.places.setdefault((kind, name.id), _Place(offset, length))
                if kind == "page":
                    self._index.texts.setdefault(name.text, name.id)
        if (reply := line.reply) is not None:
            if (reply.error is None) == (("page", reply.page) not in self._index.places):
                return False
            self._index.replies.setdefault((reply.call, reply.asked), reply)
        return True

    def _set_aside(self, found: Scan) -> None:
        """Cut off what cannot be used; unless it is a torn record, keep it in a file beside."""
        said = loss(found, self.path)
        if not found.torn or found.header is None:
            beside = copy_rest(self._file, found.end, self.path)
            said += f"; from there on it was moved to {beside.name}"
        try:
            self._disk.truncate(self._file, found.end)
            self._disk.fsync(self._file)
        except OSError as error:
            raise ConfigError(
                f"cannot mend {self.path} ({error.strerror}): record to another file"
            ) from error
        self.notes = (said,)

    def _content(self, kind: Kind, name: str) -> bytes:
        place = self._index.places.get((kind, name))
        if place is None:
            raise RecordError(f"there is no {kind} {name[:12]}")
        try:
            line = os.pread(self._file, place.length, place.offset)
        except OSError as error:
            raise RecordError(str(error.strerror)) from error
        return content_of(line, kind, name)

    def _changed(self, error: RecordError) -> ConfigError:
        return ConfigError(f"{self.path} was changed while it was in use ({error}): open it again")


class _Batch:
    """Lines that are to be written at once, and what the index gains by them."""

    def __init__(self, index: _Index, end: int, checksum: int) -> None:
        self.data = bytearray()
        self.checksum = checksum
        self.new = _Index()
        self._index = index
        self._end = end

    def add(self, json: bytes) -> _Place:
        line, self.checksum = sealed(json, self.checksum)
        place = _Place(self._end + len(self.data), len(line) - 1)
        self.data += line
        return place

    def keep(self, *things: Kept) -> None:
        for kind, name, json in things:
            key = (kind, name.id)
            if key not in self._index.places and key not in self.new.places:
                self.new.places[key] = self.add(json)
                if kind == "page":
                    self.new.texts.setdefault(name.text, name.id)

    def answer(self, given: Given) -> None:
        reply = given.reply
        key = (reply.call, reply.asked)
        if key in self._index.replies or key in self.new.replies:
            return
        if given.page is not None:
            self.keep(given.page)
        self.add(reply_json(reply))
        self.new.replies[key] = reply
