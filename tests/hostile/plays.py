"""What the hostile server plays: one function for each way to misbehave.

Each writes raw bytes, so that nothing corrects them. It knows one call and no other; a play that
never ends is ended by the client, who hangs up, or by the server, which is stopped.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote_to_bytes

from tests.hostile.bodies import PAGE, bomb, document, plain

HTML = b"content-type: text/html; charset=utf-8\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, and the way back."""

    host: str
    path: str
    query: str
    head: bytes
    times: int
    """How often this host and path were asked for, this time included."""
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    bomb: int
    """Bytes that a bomb unpacks to."""

    async def send(self, data: bytes) -> None:
        """Write and wait until the client takes it."""
        self.writer.write(data)
        await self.writer.drain()

    async def forever(self, data: bytes, pause: float = 0) -> None:
        """Send the same again and again, until the client hangs up."""
        while True:
            await self.send(data)
            await asyncio.sleep(pause)

    async def page(self, body: bytes = PAGE, head: bytes = HTML, status: bytes = OK) -> None:
        """Send a well-formed reply."""
        await self.send(b"%s%scontent-length: %d\r\n\r\n%s" % (status, head, len(body), body))

    async def silence(self) -> None:
        """Say nothing until the client hangs up."""
        while await self.reader.read(4096):
            continue

    def reset(self) -> None:
        """Have the connection end in a reset rather than an orderly end."""
        linger = struct.pack("ii", 1, 0)
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Play = Callable[[Call], Awaitable[None]]


def raw(data: bytes) -> Play:
    """Play bytes as they are, then hang up."""

    async def play(call: Call) -> None:
        await call.send(data)

    return play


def held(data: bytes) -> Play:
    """Play bytes as they are, then say nothing more."""

    async def play(call: Call) -> None:
        await call.send(data)
        await call.silence()

    return play


def endless(start: bytes, again: bytes, pause: float = 0) -> Play:
    """Play a start, then the same for ever."""

    async def play(call: Call) -> None:
        await call.send(start)
        await call.forever(again, pause)

    return play


async def good(call: Call) -> None:
    """A page as it should be."""
    await call.page()


async def echo(call: Call) -> None:
    """A page that shows the head of the request."""
    body = b"<!doctype html><p>This is what was asked.</p><pre>" + call.head + b"</pre>"
    await call.page(body, HTML + b"set-cookie: other=1\r\n")


async def reset(call: Call) -> None:
    """Half a body, then a reset."""
    await call.send(OK + HTML + b"content-length: 100000\r\n\r\n" + PAGE)
    await asyncio.sleep(0.05)
    call.reset()


async def reset_at_once(call: Call) -> None:
    """A reset instead of a reply."""
    call.reset()


async def hang_up(call: Call) -> None:
    """No reply at all."""


async def silent(call: Call) -> None:
    """No reply, and no end."""
    await call.silence()


async def large(call: Call) -> None:
    """A body of many megabytes, sent in pieces."""
    await call.send(OK + HTML + b"connection: close\r\n\r\n")
    for piece in plain(call.bomb):
        await call.send(piece)


async def many_headers(call: Call) -> None:
    """A hundred thousand header lines before the page."""
    await call.send(OK + HTML)
    for start in range(0, 100_000, 1000):
        await call.send(b"".join(b"x-%d: y\r\n" % n for n in range(start, start + 1000)))
    await call.send(b"content-length: %d\r\n\r\n%s" % (len(PAGE), PAGE))


async def one_interim(call: Call) -> None:
    """One early hint, then the page."""
    await call.page(status=b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n" + OK)


async def bombed(call: Call) -> None:
    """A body that unpacks to hundreds of megabytes. The query is its encoding."""
    encoding = unquote_to_bytes(call.query).decode()
    named = encoding.replace("raw-deflate", "deflate").encode()
    body = bomb(encoding, call.bomb)
    await call.page(body, HTML + b"content-encoding: " + named + b"\r\n")


async def bombed_chunks(call: Call) -> None:
    """A gzip bomb in chunks of a few bytes."""
    await call.send(OK + HTML + b"content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n")
    body = bomb("gzip", call.bomb)
    for start in range(0, len(body), 100):
        piece = body[start : start + 100]
        await call.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    await call.send(b"0\r\n\r\n")


async def bombed_redirect(call: Call) -> None:
    """A redirect to a good page, whose own body is a bomb."""
    body = bomb("gzip", call.bomb)
    head = b"location: /page\r\ncontent-encoding: gzip\r\n"
    await call.page(body, head, b"HTTP/1.1 302 Found\r\n")


async def large_redirect(call: Call) -> None:
    """A redirect to a good page, with a body that is large without any packing."""
    await call.send(b"HTTP/1.1 302 Found\r\nlocation: /page\r\nconnection: close\r\n\r\n")
    for piece in plain(call.bomb):
        await call.send(piece)


async def bombed_fault(call: Call) -> None:
    """A bomb as the body of an error."""
    head = HTML + b"content-encoding: gzip\r\n"
    await call.page(bomb("gzip", call.bomb), head, b"HTTP/1.1 404 Not Found\r\n")


def encoded(named: bytes, body: Callable[[], bytes]) -> Play:
    """Play a small body under the name of an encoding, true or not."""

    async def play(call: Call) -> None:
        await call.page(body(), HTML + b"content-encoding: " + named + b"\r\n")

    return play


async def redirect(call: Call) -> None:
    """A redirect to what stands in the query, escaped; its status stands in the path."""
    status = call.path.rpartition("/")[2].encode()
    where = unquote_to_bytes(call.query)
    await call.page(b"", b"location: " + where + b"\r\n", b"HTTP/1.1 %s Moved\r\n" % status)


async def hops(call: Call) -> None:
    """Some redirects, as many as the path says, then a page."""
    left = int(call.path.rpartition("/")[2])
    if left == 0:
        await call.page()
    else:
        await call.page(b"", b"location: /hops/%d\r\n" % (left - 1), b"HTTP/1.1 302 Found\r\n")


def located(lines: bytes) -> Play:
    """Play a redirect with these header lines."""

    async def play(call: Call) -> None:
        await call.page(b"", lines, b"HTTP/1.1 302 Found\r\n")

    return play


async def status(call: Call) -> None:
    """A status without more."""
    number = call.path.rpartition("/")[2].encode()
    await call.page(PAGE, HTML, b"HTTP/1.1 %s Something\r\n" % number)


async def busy(call: Call) -> None:
    """Always 429; the query, escaped, is the value of Retry-After."""
    after = unquote_to_bytes(call.query)
    line = b"retry-after: " + after + b"\r\n" if after else b""
    await call.page(b"busy", line, b"HTTP/1.1 429 Too Many Requests\r\n")


async def busy_once(call: Call) -> None:
    """503 on the first and every second further request, a page otherwise."""
    if call.times % 2:
        await call.page(b"", b"retry-after: 0\r\n", b"HTTP/1.1 503 Unavailable\r\n")
    else:
        await call.page()


async def typed(call: Call) -> None:
    """A page whose content type is what the query says, escaped, and bytes that are no UTF-8."""
    body = PAGE.replace(b"rock", b"r\xf6ck +ADw-script+AD4-alert(1)+ADw-/script+AD4-")
    kind = unquote_to_bytes(call.query)
    await call.page(body, b"content-type: " + kind + b"\r\n")


def called(kind: bytes) -> Play:
    """Play the good page under another type, as text that shows no markup."""

    async def play(call: Call) -> None:
        await call.page(b"no markup here", b"content-type: " + kind + b"\r\n")

    return play


async def text_of_20_megabytes(call: Call) -> None:
    """One text node, sent in pieces."""
    await call.send(OK + HTML + b"connection: close\r\n\r\n")
    for piece in plain(20_000_000):
        await call.send(piece)


async def wide(call: Call) -> None:
    """A page in UTF-16 without a mark of its byte order, called UTF-16."""
    body = PAGE.decode().encode("utf-16-le")
    await call.page(body, b"content-type: text/html; charset=utf-16\r\n")


async def strange(call: Call) -> None:
    """A strange document; the path names it and the query, escaped, is its type."""
    kind = unquote_to_bytes(call.query) or b"text/html; charset=utf-8"
    await call.page(document(call.path.rpartition("/")[2]), b"content-type: " + kind + b"\r\n")


async def search(call: Call) -> None:
    """Results as SearXNG gives them: two pages of the host that the first word names."""
    words = parse_qs(call.query).get("q", [""])[0].split()
    host = words[0] if words else "hostile"
    pages = (f"http://{host}.test/page", f"https://hostile.test/br?{host}")
    results = [{"url": url, "title": f"On {url}", "content": "A page."} for url in pages]
    await call.page(
        json.dumps({"results": results}).encode(), b"content-type: application/json\r\n"
    )


async def cookies(call: Call) -> None:
    """A cookie, and a redirect to a page that shows whether it came back."""
    lines = b"set-cookie: session=secret; path=/\r\nlocation: /echo\r\n"
    await call.page(b"", lines, b"HTTP/1.1 302 Found\r\n")


async def absent(call: Call) -> None:
    """There is no such page."""
    await call.page(b"no such page", b"", b"HTTP/1.1 404 Not Found\r\n")
