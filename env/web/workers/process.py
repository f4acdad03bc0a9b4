"""One worker process as its parent sees it: started when needed, watched, ended, replaced.

Each document has its deadline, and a reply is believed no further than its type. Knows no pool.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

from env.errors import Error
from env.web.workers.frames import (
    HEAD,
    LONGEST_START,
    READY,
    BadFrame,
    Document,
    Job,
    LongFrame,
    Reply,
    frame_of,
    length_of,
    unpack,
)

START_SECONDS = 60.0
_CHUNK = 1 << 20
_GRACE = 0.2
"""Seconds between the end of a worker's replies and its own."""
_PASSED_ON = (
    "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH",
    "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONHOME", "PYTHONPYCACHEPREFIX", "PYTHONUTF8",
    "SYSTEMROOT", "TZ",
)  # fmt: skip
"""The environment of a worker: what Python needs, and no keys."""

Accident = Literal["start", "time", "cpu", "size", "nonsense", "death", "stopped"]


class WorkerFault(Error):
    """A worker failed at a document and has been ended; the text says why."""

    def __init__(self, accident: Accident, message: str) -> None:
        super().__init__(message)
        self.accident: Accident = accident


class Worker:
    """A process and its two pipes. One thread may ask at a time; any may stop or interrupt."""

    def __init__(self, job: Job) -> None:
        self.stopped = False
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def ask(self, documents: Sequence[Document]) -> Iterator[Reply]:
        """Have documents converted, one reply each, in order; ask again for those without one.

        Replies end early after one that ran out of memory: its process is worn out.

        Raises:
            WorkerFault: the worker died or passed a limit in the document whose turn it was.
        """
        seconds = self._job.limits.seconds
        try:
            if self._process is None:
                self._start()
            self._send_record(list(documents), time.monotonic() + seconds)
            for _ in documents:
                reply = self._receive(self._job.limits.reply, time.monotonic() + seconds)
                if reply.fault == "memory":
                    self.discard()
                    yield reply
                    return
                yield reply
        except (BadFrame, EOFError, OSError) as fault:
            raise self._told(fault) from fault

    def _start(self) -> None:
        """Start the process and wait until it is ready."""
        with self._lock:
            if self.stopped:
                raise WorkerFault("stopped", "the workers were closed")
            self._process = process = _spawned()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        deadline = time.monotonic() + START_SECONDS
        try:
            self._send_record(self._job, deadline)
            if self._receive(LONGEST_START, deadline) != READY:
                raise BadFrame("not ready")
        except (BadFrame, EOFError, OSError) as fault:
            if self.stopped:
                raise
            self.discard()
            raise WorkerFault(
                "start",
                f"a worker process cannot start with {self._job.convert}: it must be importable"
                " by name, and its memory limit must let Python load it",
            ) from fault

    def _send_record(self, record: object, deadline: float) -> None:
        head, body = frame_of(record)
        self._send(head, deadline)
        self._send(body, deadline)

    def _send(self, data: bytes, deadline: float) -> None:
        pipe = self._pipe("stdin").fileno()
        view = memoryview(data)
        while view:
            _wait(pipe, select.POLLOUT, deadline)
            with suppress(BlockingIOError):
                view = view[os.write(pipe, view[:_CHUNK]) :]

    def _receive(self, limit: int, deadline: float) -> Reply:
        length = length_of(self._read(HEAD, deadline), limit)
        return unpack(self._read(length, deadline), Reply)

    def _read(self, length: int, deadline: float) -> bytearray:
        pipe = self._pipe("stdout").fileno()
        found = bytearray()
        while len(found) < length:
            _wait(pipe, select.POLLIN, deadline)
            with suppress(BlockingIOError):
                part = os.read(pipe, min(length - len(found), _CHUNK))
                if not part:
                    raise EOFError
                found += part
        return found

    def _pipe(self, name: Literal["stdin", "stdout"]) -> IO[bytes]:
        process = self._process
        if process is None:
            raise EOFError
        pipe = process.stdin if name == "stdin" else process.stdout
        assert pipe is not None
        return pipe

    def _told(self, fault: Exception) -> WorkerFault:
        """End the process and say what happened."""
        limits = self._job.limits
        if isinstance(fault, TimeoutError):
            self.discard()
            return WorkerFault("time", f"it took longer than {limits.seconds:g} seconds")
        if isinstance(fault, LongFrame):
            self.discard()
            return WorkerFault("size", f"it makes more than {limits.reply} bytes")
        if isinstance(fault, BadFrame):
            self.discard()
            return WorkerFault("nonsense", "the converter replied with nonsense")
        code = self.discard(wait=True)
        if self.stopped:
            return WorkerFault("stopped", "the workers were closed")
        if code == -signal.SIGXCPU:
            taken = f"{limits.cpu_seconds:g} seconds of processor time"
            return WorkerFault("cpu", f"it took more than {taken}")
        return WorkerFault("death", "the converter died")

    def interrupt(self) -> None:
        """End the process, if there is one; whoever waits for its reply is told of its death."""
        with self._lock:
            if self._process is not None:
                _kill(self._process)

    def stop(self) -> None:
        """End the process for good; `discard` then cleans up."""
        self.stopped = True
        self.interrupt()

    def discard(self, wait: bool = False) -> int:
        """End the process, close its pipes and return its exit code; 0 when there is none.

        With `wait` it may take a moment to end by itself, so that the code tells of what.
        """
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return 0
            if wait:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_GRACE)
            _kill(process)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            return process.wait()


def _spawned() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "env.web.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=_environment(),
            # Of their own: Ctrl-C is for the parent, and what a worker starts ends with it.
            process_group=0,
        )
    except OSError as fault:
        words = f"a worker process cannot be started: {fault.strerror}"
        raise WorkerFault("start", words) from fault


def _environment() -> dict[str, str]:
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "PYTHONPATH": path}


def _wait(pipe: int, event: int, deadline: float) -> None:
    """Wait until a pipe can be used.

    Raises:
        TimeoutError: it could not until the deadline.
    """
    poll = select.poll()
    poll.register(pipe, event)
    if not poll.poll(max(0.0, 1000 * (deadline - time.monotonic()))):
        raise TimeoutError


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that nobody has waited for, so that its number is still its own."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
