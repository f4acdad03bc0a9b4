"""What the tests of the client connect to: a server on loopback and a backend that is watched."""

import asyncio
from contextlib import asynccontextmanager, suppress

import httpcore

from env.web.fetch.client import Client
from env.web.fetch.config import FetchConfig
from env.web.fetch.sockets import Sockets

PUBLIC = "93.184.216.34"
"""The address that the names of these tests have; nothing is ever sent to it."""


def reply(body=b"", *headers, status="200 OK"):
    """Write a reply with its length."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


async def lookup(host, port):
    """Give every name one public address."""
    return [PUBLIC]


class Watched(Sockets):
    """Notes what it is asked to connect to, leads it to loopback, and counts what stays open."""

    def __init__(self, port=None, *, refused=()):
        self.port = port
        self.refused = refused
        self.asked = []
        self.streams = []

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.asked.append((host, port))
        if self.port is None or host in self.refused:
            raise httpcore.ConnectError("refused")
        stream = await super().connect_tcp("127.0.0.1", self.port, timeout)
        self.streams.append(stream)
        return stream

    async def open_now(self):
        """Return how many of the sockets are still open."""
        await asyncio.sleep(0.01)
        # asyncio forgets the socket of a transport that it has closed.
        return sum(stream._transport._sock is not None for stream in self.streams)


@asynccontextmanager
async def serving(answer, tls=None):
    """Serve on loopback: `answer(request, writer)` writes; returns False to close at once."""

    async def serve(reader, writer):
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                result = answer(head, writer)
                if asyncio.iscoroutine(result):
                    result = await result
                if result is False:
                    break
                if isinstance(result, bytes):
                    writer.write(result)
                await writer.drain()
        writer.close()

    # The tasks of the server are ended here, where a left one would warn elsewhere.
    tasks = set()

    async def connected(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            await serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def client_of(answer, *, tls=None, trust=None, resolve=lookup, heard=None, **settings):
    """Give a client whose every name leads to a server of loopback, and what watches it."""
    async with serving(answer, tls) as port:
        watched = Watched(port)
        client = Client(
            FetchConfig(**settings), resolve=resolve, connect=watched, tls=trust, heard=heard
        )
        try:
            yield client, watched
        finally:
            await client.aclose()
