"""The seams of the live web, counted, and made to fail at one call: for the torture test.

Every call that can fail comes through here: names, connections, handshakes, reads and writes of
sockets, conversions, writes and syncs of files. It knows nothing of what the calls are for.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Literal

import httpcore

from env.errors import DocumentError, TimedOut, WebError
from env.records import Page
from env.web.cassette.file import DISK, Disk
from env.web.fetch.exchange import Fetched

Kind = Literal["resolve", "connect", "tls", "read", "write", "convert", "file write", "file sync"]
Way = Literal["refused", "reset", "timeout", "garbage", "end", "silence", "full", "half"]

WAYS: dict[Kind, tuple[Way, ...]] = {
    "resolve": ("refused", "end", "garbage", "silence"),
    "connect": ("refused", "timeout", "silence"),
    "tls": ("refused", "reset", "timeout", "silence"),
    "read": ("reset", "timeout", "end", "garbage", "silence"),
    "write": ("reset", "timeout", "silence"),
    "convert": ("refused", "timeout", "garbage"),
    "file write": ("full", "half", "garbage"),
    "file sync": ("full",),
}
"""In which ways each kind of call is made to fail."""


class Faults:
    """Counts calls, and says which one is to fail, and how."""

    def __init__(self, number: int = -1, way: Way = "reset") -> None:
        """Make call `number`, counted from 0, fail in a way; −1 lets all succeed."""
        self.number = number
        self.way = way
        self.calls: list[Kind] = []
        self.struck: Kind | None = None
        """The kind of the call that failed."""

    def strikes(self, kind: Kind) -> Way | None:
        """Count a call; return how it fails, or None when it does not."""
        self.calls.append(kind)
        if len(self.calls) - 1 != self.number or self.way not in WAYS[kind]:
            return None
        self.struck = kind
        return self.way

    def resolver(
        self, inner: Callable[[str, int], Awaitable[Sequence[str]]]
    ) -> Callable[[str, int], Awaitable[Sequence[str]]]:
        """Return a resolver that may fail."""

        async def resolve(host: str, port: int) -> Sequence[str]:
            way = self.strikes("resolve")
            if way == "refused":
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            if way == "silence":
                await asyncio.Event().wait()
            if way is not None:
                return () if way == "end" else ("rubbish",)
            return await inner(host, port)

        return resolve

    def converter(
        self, inner: Callable[[Fetched], Awaitable[Page]]
    ) -> Callable[[Fetched], Awaitable[Page]]:
        """Return a converter that may fail."""

        async def convert(fetched: Fetched) -> Page:
            way = self.strikes("convert")
            if way == "refused":
                raise WebError("the worker died", "conversion")
            if way == "timeout":
                raise TimedOut("the worker took too long", "conversion")
            if way is not None:
                raise DocumentError("the document is rubbish")
            return await inner(fetched)

        return convert

    def disk(self) -> Disk:
        """Return a disk that may fail."""
        return Disk(write=self._write, fsync=self._sync, truncate=DISK.truncate)

    def _write(self, file: int, data: bytes) -> int:
        way = self.strikes("file write")
        if way == "half":
            # The rest fails: the disk is full now.
            self.number, self.way = len(self.calls), "full"
            return os.write(file, data[: len(data) // 2])
        if way is not None:
            raise OSError(errno.ENOSPC if way == "full" else errno.EIO, "the disk failed")
        return os.write(file, data)

    def _sync(self, file: int) -> None:
        if self.strikes("file sync") is not None:
            raise OSError(errno.EIO, "the disk failed")


class FaultyNetwork(httpcore.AsyncNetworkBackend):
    """Connections that may fail."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend, faults: Faults) -> None:
        self._inner = inner
        self._faults = faults

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect, or fail to."""
        way = self._faults.strikes("connect")
        if way == "refused":
            raise httpcore.ConnectError("refused")
        if way is not None:
            await _late(way, timeout)
            raise httpcore.ConnectTimeout
        return _Stream(await self._inner.connect_tcp(host, port, timeout), self._faults)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse."""
        raise httpcore.ConnectError("no such socket")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def _late(way: Way, timeout: float | None) -> None:
    if way == "silence":
        await asyncio.sleep(3600 if timeout is None else timeout)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection whose every call may fail."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, faults: Faults) -> None:
        self._inner = inner
        self._faults = faults

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        way = self._faults.strikes("read")
        if way == "reset":
            raise httpcore.ReadError("reset")
        if way == "end":
            return b""
        if way == "garbage":
            return bytes(range(256))[:max_bytes]
        if way is not None:
            await _late(way, timeout)
            raise httpcore.ReadTimeout
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        way = self._faults.strikes("write")
        if way == "reset":
            # httpcore reads on after it: a server may have replied before it hung up.
            await self._inner.aclose()
            raise httpcore.WriteError("reset")
        if way is not None:
            await _late(way, timeout)
            raise httpcore.WriteTimeout
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        way = self._faults.strikes("tls")
        if way == "refused":
            raise httpcore.ConnectError("no") from ssl.SSLError(1, "wrong version number")
        if way == "reset":
            raise httpcore.ReadError("reset")
        if way is not None:
            await _late(way, timeout)
            raise httpcore.ConnectTimeout
        inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        return _Stream(inner, self._faults)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
