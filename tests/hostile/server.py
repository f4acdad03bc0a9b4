"""A hostile web server on loopback: HTTP, TLS with an authority of its own, and a victim.

`python -m tests.hostile.server` listens on free ports, says where in one line of JSON, and ends
with its standard input. It plays what the path (tests.hostile.paths) and, for robots.txt, the host
ask for. The victim stands for what must never be reached: it answers every request with a secret.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from tests.hostile.paths import play_of
from tests.hostile.plays import HTML, OK, Call
from tests.hostile.robots import robots_of

SECRET = b"<!doctype html><p>The secret of the machine behind the wall.</p>"
BOMB = 32_000_000

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the server listens, on 127.0.0.1, and whom its certificates are signed by."""

    http: int
    tls: int
    victim: int
    loud: int
    """Greets like a mail server before it is asked."""
    mute: int
    """Takes connections and never says a word."""
    authority: str
    """The authority's certificate, PEM."""


class HostileServer:
    """Three listening sockets; counts what was asked for, to change its answer the next time."""

    def __init__(self, bomb: int = BOMB) -> None:
        self._bomb = bomb
        self._asked: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    async def start(self) -> Ports:
        """Listen."""
        authority = trustme.CA()
        tls = certificates(authority)
        return Ports(
            http=await self._listen(self._serve),
            tls=await self._listen(self._serve, tls),
            victim=await self._listen(serve_secret),
            loud=await self._listen(greet),
            mute=await self._listen(say_nothing),
            authority=authority.cert_pem.bytes().decode(),
        )

    async def _listen(self, conversation: Conversation, tls: ssl.SSLContext | None = None) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            try:
                await conversation(reader, writer)
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                pass  # the client hung up
            finally:
                self._tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, backlog=512)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            call = self._call(head, reader, writer)
            if call.path == "/robots.txt":
                await robots_of(call.host)(call)
            else:
                await play_of(call.path)(call)
            if not call.path.startswith(
                ("/page", "/robots", "/hops", "/to", "/echo", "/search", "/br")
            ):
                # A reply that may have no end of its own ends with the connection.
                return

    def _call(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Call:
        lines = head.decode("latin-1").split("\r\n")
        target = [*lines[0].split(" "), ""][1]
        path, _, query = target.partition("?")
        hosts = [line[5:].strip() for line in lines if line.lower().startswith("host:")]
        host = (hosts or [""])[0].partition(":")[0]
        self._asked[host + target] += 1
        return Call(host, path, query, head, self._asked[host + target], reader, writer, self._bomb)

    async def aclose(self) -> None:
        """Hang up on everyone."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def serve_secret(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request with the secret."""
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(OK + HTML + b"content-length: %d\r\n\r\n" % len(SECRET) + SECRET)
        await writer.drain()


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak first, and not HTTP."""
    writer.write(b"220 mail.hostile.test ESMTP ready\r\n")
    await say_nothing(reader, writer)


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read until the client hangs up."""
    while await reader.read(4096):
        continue


def certificates(authority: trustme.CA) -> ssl.SSLContext:
    """Return a context that shows each name its certificate, right or wrong.

    Names that are not listed are shown the certificate of hostile.test, which is not theirs.
    """
    past = datetime.now(UTC) - timedelta(days=2)
    stranger = trustme.CA()
    contexts = {
        "hostile.test": _context(authority.issue_cert("hostile.test", "www.hostile.test")),
        "expired.test": _context(
            authority.issue_cert("expired.test", not_before=past - timedelta(9), not_after=past)
        ),
        "stranger.test": _context(stranger.issue_cert("stranger.test")),
        "self-signed.test": _self_signed(trustme.CA()),
    }

    def choose(handshake: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        handshake.context = contexts.get(name or "", contexts["hostile.test"])

    front = _context(authority.issue_cert("hostile.test"))
    front.sni_callback = choose
    return front


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def _self_signed(authority: trustme.CA) -> ssl.SSLContext:
    """Use an authority's own certificate, which signs itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "self.pem"
        path.write_bytes(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
        context.load_cert_chain(path)
    return context


async def main(bomb: int) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    # What a hostile play leaves half done is no news.
    loop.set_exception_handler(lambda _loop, _context: None)
    server = HostileServer(bomb)
    ports = await server.start()
    sys.stdout.write(json.dumps(asdict(ports)) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    await server.aclose()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else BOMB))
