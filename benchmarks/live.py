"""How many pages a second are fetched and converted from a web of 64 hosts on this machine.

    python -m benchmarks.live --web WARC [--pages 1500] [--rounds 3] [--at-once 32]

A process of its own serves the pages of a WARC file over HTTP on loopback, under 64 host names;
robots.txt is off and so is politeness. Three things are measured in turn: plain httpx, with as many
clients, the fetcher (what it takes longer is the price of its guard), and the fetcher with the
converters in their worker processes. Server, fetcher and workers share the machine's cores. Each
is done `--rounds` times; the medians are printed, with the CPU seconds and the peak memory.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import median
from zlib import crc32

import httpx

from benchmarks.documents import documents
from env.web.conversion import Converters
from env.web.fetch.config import FetchConfig
from env.web.fetch.fetcher import Fetcher

HOSTS = 64
ADDRESSES = [f"127.0.1.{number + 1}" for number in range(HOSTS)]
"""Of this machine (on Linux): plain httpx, which cannot be told how to resolve, asks them."""
TYPE = "text/html; charset=utf-8"

Get = Callable[[str], Awaitable[object]]


class Serving(asyncio.Protocol):
    """Answers each request with bytes that were made before."""

    def __init__(self, replies: dict[bytes, bytes]) -> None:
        self._replies = replies
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection to write to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer all whole requests."""
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for head in heads:
            self._transport.write(self._replies[head.split(b" ", 2)[1]])


def serve(path: str, pages: int, pipe: Connection) -> None:
    """Serve the first pages of a WARC file; tell port and paths, end when the pipe does."""
    replies: dict[bytes, bytes] = {}
    for number, (_, body) in zip(range(pages), documents(path), strict=False):
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {TYPE}\r\ncontent-length: {len(body)}\r\n\r\n"
        replies[b"/%d.html" % number] = head.encode() + body

    async def run() -> None:
        loop = asyncio.get_running_loop()
        first = await loop.create_server(lambda: Serving(replies), ADDRESSES[0], 0)
        port = first.sockets[0].getsockname()[1]
        await loop.create_server(lambda: Serving(replies), ADDRESSES[1:], port)
        pipe.send((port, len(replies)))
        ended = asyncio.Event()
        loop.add_reader(pipe.fileno(), ended.set)
        await ended.wait()
        pipe.send(time.process_time())

    asyncio.run(run())


async def resolve(host: str, port: int) -> Sequence[str]:
    """Answer each name with its address on this machine."""
    return [ADDRESSES[int(host.removeprefix("h").removesuffix(".test"))]]


@dataclass(frozen=True, slots=True)
class Run:
    """What one round took, in seconds."""

    wall: float
    cpu: float


async def each(urls: Sequence[str], at_once: int, get: Get) -> Run:
    """Get all URLs, so many at once."""
    waiting = iter(urls)

    async def work() -> None:
        for url in waiting:
            await get(url)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return Run(time.perf_counter() - wall, time.process_time() - cpu)


async def plain(urls: Sequence[str], at_once: int, config: FetchConfig) -> Run:
    """Fetch with httpx as it is: as many clients, which share the hosts in the same way."""
    limits = httpx.Limits(max_connections=config.connections)
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(limits=limits, trust_env=False))
            for _ in range(config.clients)
        ]

        async def get(url: str) -> None:
            host, _, path = url.removeprefix("http://").partition(":")
            client = clients[crc32(host.encode()) % len(clients)]
            [address] = await resolve(host, 0)
            reply = await client.get(f"http://{address}:{path}")
            assert reply.status_code == 200

        return await each(urls, at_once, get)


async def guarded(urls: Sequence[str], at_once: int, config: FetchConfig) -> Run:
    """Fetch with the fetcher."""
    fetcher = Fetcher(config, resolve=resolve)
    try:
        return await each(urls, at_once, fetcher.fetch)
    finally:
        await fetcher.aclose()


async def converted(
    urls: Sequence[str], at_once: int, config: FetchConfig, converters: Converters
) -> Run:
    """Fetch with the fetcher, and make pages."""
    fetcher = Fetcher(config, resolve=resolve)

    async def get(url: str) -> None:
        page = await converters.convert(await fetcher.fetch(url))
        assert page.text

    try:
        return await each(urls, at_once, get)
    finally:
        await fetcher.aclose()


async def measure(
    urls: Sequence[str], options: argparse.Namespace, port: int
) -> dict[str, list[Run]]:
    """Do each of the three so many times, in turn."""
    hosts = tuple(f"h{number}.test:{port}" for number in range(HOSTS))
    config = FetchConfig(
        ignore_robots=True, host_delay=0.0, per_host=64, per_address=1000, allow_host=hosts
    )
    found: dict[str, list[Run]] = {"plain httpx": [], "fetcher": [], "fetched, converted": []}
    async with AsyncExitStack() as stack:
        converters = Converters(options.workers)
        stack.push_async_callback(converters.aclose)
        # Workers start when first needed, which is no part of the measurement.
        await converted(urls[:100], options.at_once, config, converters)
        for _ in range(options.rounds):
            found["plain httpx"].append(await plain(urls, options.at_once, config))
            found["fetcher"].append(await guarded(urls, options.at_once, config))
            run = await converted(urls, options.at_once, config, converters)
            found["fetched, converted"].append(run)
    return found


def print_table(found: dict[str, list[Run]], pages: int, served: float) -> None:
    """Print the medians, and what they say together."""
    print(f"{'':20}{'pages/s':>9}{'wall s':>9}{'CPU s':>9}{'CPU ms/page':>13}")
    for name, runs in found.items():
        wall, cpu = median(run.wall for run in runs), median(run.cpu for run in runs)
        print(f"{name:20}{pages / wall:9.0f}{wall:9.2f}{cpu:9.2f}{1000 * cpu / pages:13.2f}")
    bare, guard = (median(run.cpu for run in found[name]) for name in ("plain httpx", "fetcher"))
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    unit = 1e6 if sys.platform == "darwin" else 1e3
    print(f"guard               {guard / bare - 1:+9.1%} of the CPU time of plain httpx")
    print(f"server              {served:9.2f} CPU s in all")
    print(f"workers and server  {children.ru_utime + children.ru_stime:9.2f} CPU s in all")
    print(f"peak memory         {own.ru_maxrss / unit:9.0f} MB of this process")
    print(f"                    {children.ru_maxrss / unit:9.0f} MB of the largest other")


def main() -> None:
    """Serve, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--web", required=True, metavar="WARC")
    parser.add_argument("--pages", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--workers", type=int, default=None)
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(options.web, options.pages, theirs)
    )
    server.start()
    try:
        port, pages = ours.recv()
        urls = [f"http://h{n % HOSTS}.test:{port}/{n}.html" for n in range(pages)]
        found = asyncio.run(measure(urls, options, port))
        ours.send("end")
        served = ours.recv()
    finally:
        server.join(5)
        server.kill()
        server.join()
    print_table(found, pages, served)


if __name__ == "__main__":
    main()
