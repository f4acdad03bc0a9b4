"""The inside of a worker: documents in, replies out, within limits. Knows no pool and no web."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from math import ceil
from typing import BinaryIO

from env.errors import DocumentError
from env.records import Page
from env.sanitise import sanitise_line
from env.web.store import pack
from env.web.workers.frames import (
    HEAD,
    LONGEST_REQUEST,
    LONGEST_START,
    READY,
    BadFrame,
    Document,
    Frame,
    Job,
    Limits,
    Reply,
    frame_of,
    length_of,
    unpack,
)

Convert = Callable[..., Page]
"""`convert(data, *, url, content_type, at, title) -> Page`; raises DocumentError."""
_LONGEST_MESSAGE = 500


def reply_to(convert: Convert, document: Document, packed: bool) -> Reply:
    """Convert one document; whatever goes wrong is told in the reply."""
    try:
        page = convert(
            document.data,
            url=document.url,
            content_type=document.content_type,
            at=document.at,
            title=document.title,
        )
        # A source that names its documents knows better than their first line.
        if given := sanitise_line(document.title):
            page = replace(page, title=given)
        return Reply(row=pack(page)) if packed else Reply(page=page)
    except DocumentError as fault:
        return Reply(fault="document", message=str(fault)[:_LONGEST_MESSAGE])
    except MemoryError:
        return Reply(fault="memory", message="not enough memory")
    # A boundary: parsers meet any bytes here, and one document must not end the others.
    except Exception as fault:  # noqa: BLE001
        return Reply(fault="bug", message=f"{type(fault).__name__}: {fault}"[:_LONGEST_MESSAGE])


def main() -> None:
    """Serve on standard input and output until the input ends."""
    # Ctrl-C may reach the whole process group; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(os.dup(0), "rb") as requests, os.fdopen(os.dup(1), "wb") as replies:
        # What libraries print must not stand among the replies; the text of a document must not
        # reach a terminal either, but why a worker cannot start should.
        with open(os.devnull, "r+b") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 0)
            os.dup2(2, 1)
            job = unpack(_read(requests, LONGEST_START), Job)
            convert = load(job.convert)
            _limit(job.limits)
            _write(replies, frame_of(READY))
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        # The parent is gone, and with it whoever wanted a reply.
        with suppress(EOFError, BrokenPipeError):
            while True:
                _serve(convert, job, requests, replies)


def _serve(convert: Convert, job: Job, requests: BinaryIO, replies: BinaryIO) -> None:
    for document in unpack(_read(requests, LONGEST_REQUEST), list[Document]):
        _allow_time(job.limits)
        _write(replies, _frame(reply_to(convert, document, job.pack), job.limits))


def _frame(reply: Reply, limits: Limits) -> Frame:
    try:
        frame = frame_of(reply)
    except MemoryError:
        return frame_of(Reply(fault="memory", message="not enough memory"))
    except UnicodeEncodeError:
        return frame_of(Reply(fault="bug", message="a page with text that is no Unicode"))
    if (length := len(frame.body)) <= limits.reply:
        return frame
    message = f"it makes {length} bytes, at most {limits.reply} are kept"
    return frame_of(Reply(fault="size", message=message))


def _read(requests: BinaryIO, limit: int) -> bytes:
    head = requests.read(HEAD)
    if len(head) < HEAD:
        raise EOFError
    length = length_of(head, limit)
    body = requests.read(length)
    if len(body) < length:
        raise EOFError
    return body


def _write(replies: BinaryIO, frame: Frame) -> None:
    replies.write(frame.head)
    replies.write(frame.body)
    replies.flush()


def load(name: str) -> Convert:
    """Import a function by its `module:function`.

    Raises:
        BadFrame: it is none.
    """
    module, _, function = name.partition(":")
    convert = getattr(import_module(module), function, None)
    if not callable(convert):
        raise BadFrame(f"{name[:200]} is not a function")
    found: Convert = convert
    return found


def _limit(limits: Limits) -> None:
    """Set what the system can keep this process to."""
    _set("RLIMIT_CORE", 0)
    _set("RLIMIT_NOFILE", limits.files)
    if limits.memory is not None:
        _set("RLIMIT_AS", limits.memory)
    _set("RLIMIT_FSIZE", 0)


def _set(name: str, value: int) -> None:
    """Set a limit that this process cannot raise again, where the system has it."""
    with suppress(AttributeError, ValueError, OSError):
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _allow_time(limits: Limits) -> None:
    """Let the next document have its share of processor time and no more."""
    if limits.cpu_seconds is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    # The system counts whole seconds.
    soft = ceil(used.ru_utime + used.ru_stime + limits.cpu_seconds)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
