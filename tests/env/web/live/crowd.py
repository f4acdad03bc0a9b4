"""Many questions at once against a local server that plays many hosts and measures what it gets.

Used by the load test and by `benchmarks/load.py`. Every host has an address of the public range,
which the backend leads to loopback; nothing else is ever connected to. There is one port for each
HTTP client, so that the server sees whose connections it holds.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpcore

from env.browser import Browser
from env.records import Question
from env.web.fetch.client import Client
from env.web.fetch.config import FetchConfig
from env.web.fetch.fetcher import Fetcher
from env.web.fetch.sockets import Sockets
from env.web.live.services.searxng import Searxng
from env.web.live.web import Convert, LiveWeb
from tests.hostile.names import Relabelled

SEARCH = "search.example"
LINES = ("Search water {0}", "Clicked on link 0", "Back", "Clicked on link 1", "Back",
         "Clicked on link 2", "Quote: Water boils", "End: Answer")  # fmt: skip


@dataclass
class Measured:
    """What the server saw."""

    connections: Counter[int] = field(default_factory=Counter)
    """Open now, by port."""
    most_connections: Counter[int] = field(default_factory=Counter)
    under_way: Counter[str] = field(default_factory=Counter)
    """Requests now, by host and by address."""
    most_under_way: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    """Requests in all, by URL."""

    def begin(self, *keys: str) -> None:
        """Note that a request has come."""
        for key in keys:
            self.under_way[key] += 1
            self.most_under_way[key] = max(self.most_under_way[key], self.under_way[key])

    def end(self, *keys: str) -> None:
        """Note that a request is answered."""
        self.under_way.subtract(keys)


class Crowd:
    """A local server of many hosts, two at each address, and live webs that ask it."""

    def __init__(self, hosts: int, config: FetchConfig, *, body: bytes = b"", pause: float = 0.0):
        """Make a server.

        Args:
            hosts: how many it plays.
            config: the limits of the fetcher under load.
            body: added to every page.
            pause: seconds before each answer.
        """
        self.hosts = [f"h{number}.example" for number in range(hosts)]
        self.measured = Measured()
        self._config = config
        self._body = body
        self._pause = pause
        self._servers: list[asyncio.Server] = []
        self._ports: list[int] = []
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Crowd:
        for _ in range(self._config.clients + 1):
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
            self._servers.append(server)
            self._ports.append(server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for writer in self._writers:
            writer.transport.abort()
        for server in self._servers:
            await server.wait_closed()
        await asyncio.sleep(0.01)  # the conversations end

    def address_of(self, host: str) -> str:
        """Return the address of a host: two hosts share one."""
        if host not in self.hosts:
            return "93.184.215.1"
        number = self.hosts.index(host) // 2
        return f"93.184.216.{number + 1}"

    async def web(self, convert: Convert, stack: AsyncExitStack) -> LiveWeb:
        """Make a live web over this server, closed by the stack."""
        clients = [self._client(port) for port in self._ports[:-1]]
        searching = self._client(self._ports[-1])
        stack.push_async_callback(searching.aclose)
        live = LiveWeb(
            [Searxng(searching, f"http://{SEARCH}")],
            Fetcher(self._config, clients=clients),
            convert,
            config=self._config,
        )
        stack.push_async_callback(live.aclose)
        return live

    def _client(self, port: int) -> Client:
        return Client(self._config, resolve=self._resolve, connect=_Led(port))

    async def _resolve(self, host: str, _: int) -> Sequence[str]:
        if host not in (*self.hosts, SEARCH):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return (self.address_of(host),)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port, measured = writer.get_extra_info("sockname")[1], self.measured
        self._writers.add(writer)
        measured.connections[port] += 1
        now = measured.connections[port]
        measured.most_connections[port] = max(measured.most_connections[port], now)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await self._answer(head.decode("latin-1"), writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client hung up
        finally:
            measured.connections[port] -= 1
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        lines = head.split("\r\n")
        path = lines[0].split(" ")[1]
        host = next(line[6:] for line in lines if line.lower().startswith("host: "))
        keys = (host, self.address_of(host))
        self.measured.asked[f"{host}{path}"] += 1
        self.measured.begin(*keys)
        await asyncio.sleep(self._pause)
        kind, body = self._page(host, path)
        status = b"404 Not Found" if path == "/robots.txt" else b"200 OK"
        self.measured.end(*keys)
        writer.write(
            b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (status, kind, len(body), body)
        )
        await writer.drain()

    def _page(self, host: str, path: str) -> tuple[bytes, bytes]:
        if host == SEARCH:
            # The query is "water NUMBER": results of its own at three hosts, the last one shared.
            digits = path.partition("q=water+")[2].partition("&")[0]
            number = int(digits) if digits.isdecimal() else 0
            names = [self.hosts[(number + step) % len(self.hosts)] for step in (0, 7)]
            urls = [f"http://{name}/page/{number}" for name in names]
            urls.append(f"http://{self.hosts[number % 4]}/shared")
            results = [{"url": url, "title": url, "content": "Water"} for url in urls]
            return b"application/json", json.dumps({"results": results}).encode()
        text = f"<!doctype html><title>{host}{path}</title><p>Water boils at {host}{path}.</p>"
        return b"text/html; charset=utf-8", text.encode() + self._body


class _Led(httpcore.AsyncNetworkBackend):
    """Leads every address to one port on loopback."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._sockets = Sockets()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._sockets.connect_tcp("127.0.0.1", self._port, timeout=timeout)
        return Relabelled(stream, (host, port))


@dataclass(frozen=True)
class Load:
    """How many questions were asked, and what came of them."""

    questions: int
    answering: int
    """Questions whose browsing ended with a quote."""
    notices: Counter[str]
    """What commands that were not carried out said."""
    seconds: float


async def ask_all(web: LiveWeb, questions: int) -> Load:
    """Ask many questions at once, each by the same lines: a search and three pages."""
    began = time.perf_counter()
    notices: Counter[str] = Counter()
    ends = await asyncio.gather(*(_ask(web, number, notices) for number in range(questions)))
    return Load(questions, sum(ends), notices, time.perf_counter() - began)


async def _ask(web: LiveWeb, number: int, notices: Counter[str]) -> bool:
    browser = Browser(web)
    browser.start(Question(str(number), f"How does water {number} boil?"))
    for line in LINES:
        seen = await browser.step(line.format(number))
        if seen.notice:
            notices[seen.notice] += 1
    return seen.answering
