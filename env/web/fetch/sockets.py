"""TCP and TLS connections for httpcore, directly on asyncio, to addresses only.

A backend of our own for three reasons. It never resolves a name, so nothing can be connected to
that was not vetted. Its `aclose` does not wait, so a cancellation cannot fall into it and leave a
socket open. And it knows without a system call whether an idle connection was closed by the other
side, which httpcore asks of every idle connection for every request. Knows no HTTP.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any, cast

import httpcore

from env.errors import Blocked

BUFFER_BYTES = 262_144
"""Received and not yet read; with more, the other side has to wait."""


class Sockets(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to an address.

        Raises:
            httpcore.ConnectTimeout: not in time.
            httpcore.ConnectError: refused, or not reachable.
            Blocked: the other end is not at this address.
            ValueError: `host` is a name.
        """
        address = ip_address(host)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, stream = await loop.create_connection(SocketStream, host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("no connection in time") from error
        except OSError as error:
            raise httpcore.ConnectError(error.strerror or type(error).__name__) from error
        peer = stream.get_extra_info("server_addr")
        if peer is None or ip_address(peer[0]) != address:
            await stream.aclose()
            raise Blocked(f"not connected: asked for {address}, reached another", "address")
        return stream

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: nothing of the web is there."""
        raise Blocked("not connected: a socket of this machine", "address")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class SocketStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection: read by one task at a time, written by one task at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._ended = False
        self._error: Exception | None = None
        self._full = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held > BUFFER_BYTES and self._transport is not None:
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        """Note that no more will come; what was received can still be read."""
        self._ended = True
        _wake(self._reader)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits."""
        self._ended = True
        self._error = exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """Let the next write wait."""
        self._full = True

    def resume_writing(self) -> None:
        """Let a waiting write go on."""
        self._full = False
        _wake(self._writer)

    # What httpcore calls.

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, empty at the end."""
        if not self._pieces and not self._ended:
            self._reader = asyncio.get_running_loop().create_future()
            await _wait(self._reader, timeout, httpcore.ReadTimeout)
        if not self._pieces:
            if self._error is not None:
                raise httpcore.ReadError(type(self._error).__name__) from self._error
            return b""
        return self._take(max_bytes)

    def _take(self, most: int) -> bytes:
        piece = self._pieces.popleft()
        if len(piece) > most:
            self._pieces.appendleft(piece[most:])
            piece = piece[:most]
        was_paused = self._held > BUFFER_BYTES
        self._held -= len(piece)
        if was_paused and self._held <= BUFFER_BYTES and not self._ended and self._transport:
            self._transport.resume_reading()
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send, waiting while the other side does not take it."""
        if not buffer:
            return
        if self._transport is None or self._transport.is_closing():
            raise httpcore.WriteError("the connection is closed")
        self._transport.write(buffer)
        if self._full:
            self._writer = asyncio.get_running_loop().create_future()
            await _wait(self._writer, timeout, httpcore.WriteTimeout)
            if self._error is not None:
                raise httpcore.WriteError(type(self._error).__name__) from self._error

    async def aclose(self) -> None:
        """Close at once, without waiting for anything or reading what still comes."""
        if self._transport is not None:
            self._transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return the same connection, encrypted, once the other side has shown who it is.

        Raises:
            httpcore.ConnectTimeout: not in time.
            httpcore.ConnectError: broken off; the cause is an ssl.SSLError if that was why.
        """
        # A fresh protocol: what came unencrypted must not be read as if it had come encrypted.
        stream = SocketStream()
        loop = asyncio.get_running_loop()
        if self._transport is None or self._ended:
            raise httpcore.ConnectError("the connection is closed")
        try:
            async with asyncio.timeout(timeout):
                stream._transport = await loop.start_tls(
                    self._transport, stream, ssl_context, server_hostname=server_hostname
                )
        except BaseException as error:
            await self.aclose()
            if isinstance(error, TimeoutError):
                raise httpcore.ConnectTimeout("no TLS handshake in time") from error
            if isinstance(error, OSError | ValueError):
                raise httpcore.ConnectError("the TLS handshake failed") from error
            raise
        return stream

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 (httpcore's own)
        """Return what httpcore and we ask for: addresses, the TLS object, and whether it ended."""
        if info == "is_readable":
            return self._ended or bool(self._pieces)
        name = {"server_addr": "peername", "client_addr": "sockname"}.get(info, info)
        return None if self._transport is None else self._transport.get_extra_info(name)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


async def _wait(waiter: asyncio.Future[None], timeout: float | None, late: type[Exception]) -> None:
    if timeout is None:
        await waiter
        return
    try:
        async with asyncio.timeout(timeout):
            await waiter
    except TimeoutError as error:
        raise late("not in time") from error
