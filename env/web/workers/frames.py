"""What crosses the pipes between a program and its workers: records in frames of bounded length.

A frame is four bytes of length, highest first, and a record as MessagePack. Never a pickle: a
worker that a document has taken over must not decide what its parent executes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

import msgspec

from env.records import Page
from env.web.store import Row

HEAD = 4
LONGEST_REQUEST = 1 << 30
"""Bytes; the parent is trusted, this only keeps the length within its four bytes."""
LONGEST_START = 4096
"""Bytes of the job, and of the reply that the worker is ready."""

Fault = Literal["", "document", "memory", "size", "bug"]
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use; None is no limit. Systems that lack a limit go without it."""

    memory: int | None = None
    """Bytes of address space. macOS does not keep to it."""
    cpu_seconds: float | None = None
    """Processor time for one document."""
    seconds: float = 60.0
    """Wall time for one document."""
    reply: int = 512_000_000
    """Bytes of the longest reply."""
    files: int = 128
    """Open at once."""


@dataclass(frozen=True, slots=True)
class Job:
    """The first frame: what the worker is for."""

    convert: str
    """`module:function` of a function such as env.documents.convert."""
    limits: Limits
    pack: bool = False
    """Reply with rows for the index instead of pages."""


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes to be converted."""

    url: str
    data: bytes
    content_type: str = ""
    at: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one document: a page, a row, or a fault and its message."""

    page: Page | None = None
    row: Row | None = None
    fault: Fault = ""
    message: str = ""


READY = Reply(message="ready")


class BadFrame(Exception):
    """What came is no frame of the expected kind."""


class LongFrame(BadFrame):
    """A frame is longer than its limit."""


class Frame(NamedTuple):
    """A record ready to be sent; in two parts, for copying them together takes memory."""

    head: bytes
    body: bytes


def frame_of(record: object) -> Frame:
    """Return the record as a frame."""
    body = msgspec.msgpack.encode(record)
    return Frame(len(body).to_bytes(HEAD), body)


def length_of(head: bytes | bytearray, limit: int) -> int:
    """Read the head of a frame.

    Raises:
        LongFrame: what follows is longer than the limit.
    """
    length = int.from_bytes(head)
    if length > limit:
        raise LongFrame(f"a frame of {length} bytes, at most {limit} expected")
    return length


def unpack(body: bytes | bytearray, kind: type[Record]) -> Record:
    """Read the body of a frame; every field is checked for its type.

    Raises:
        BadFrame: it holds something else.
    """
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(str(error)[:200]) from error


def unicode_only(text: str) -> str:
    """Replace half surrogate pairs, which file names have and no frame can hold."""
    return text if text.isascii() else text.encode(errors="replace").decode()
