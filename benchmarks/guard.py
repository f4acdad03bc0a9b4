"""What the guard of the fetcher costs: our client against a plain httpx of the same pages.

    python -m benchmarks.guard --web WARC [--pages 400] [--rounds 12] [--at-once 8]

A server in another process, as plain as can be, serves the pages of a web archive on loopback. Both
clients fetch all pages, 8 at once, in pairs of rounds that take turns at being first. What counts
is the time of this process's processor (the server's own is not in it); the time on the clock, in
which the two processes share what there is, stands beside it. Overhead is the median of the pairs.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import httpx

from env.web.fetch.client import Client
from env.web.fetch.config import FetchConfig
from env.web.sources.items import Item, Limits
from env.web.sources.warc import read_warc

Get = Callable[[str], Awaitable[int]]
"""Fetches a URL and returns the bytes of its page."""


class Round(NamedTuple):
    """What fetching all pages took, in seconds, and the bytes that came."""

    clock: float
    processor: float
    size: int


def pages_of(web: Path, count: int) -> list[bytes]:
    """Return the first pages of a web archive."""
    items = (item for item in read_warc(web, Limits()) if isinstance(item, Item))
    return [item.data for item in islice(items, count)]


def serve(pages: list[bytes], told: Connection) -> None:
    """Serve the pages under their numbers until the process is ended."""
    replies = [
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: %d\r\n"
        b"date: Thu, 01 Jan 2026 00:00:00 GMT\r\nserver: plain\r\nvary: accept-encoding\r\n\r\n%b"
        % (len(page), page)
        for page in pages
    ]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(replies[int(head.split(b" ", 2)[1][1:])])
                await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def fetch_all(get: Get, urls: list[str], at_once: int) -> Round:
    """Fetch all pages, some at once."""
    waiting = iter(urls)
    size = 0

    async def work() -> None:
        nonlocal size
        for url in waiting:
            got = await get(url)
            size += got

    clock, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return Round(time.perf_counter() - clock, time.process_time() - processor, size)


async def compare(port: int, count: int, rounds: int, at_once: int) -> list[tuple[Round, Round]]:
    """Return pairs of rounds: plain httpx, then ours."""
    urls = [f"http://127.0.0.1:{port}/{number}" for number in range(count)]
    ours = Client(FetchConfig(allow_host=(f"127.0.0.1:{port}",)))
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
    async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=20) as plain:

        async def get(url: str) -> int:
            return len((await plain.get(url)).content)

        async def send(url: str) -> int:
            return len((await ours.send(url)).content)

        for one in (get, send):  # connections are opened, and nothing is measured
            await fetch_all(one, urls, at_once)
        pairs = []
        for number in range(rounds):
            order = (get, send) if number % 2 else (send, get)
            first, second = [await fetch_all(one, urls, at_once) for one in order]
            pairs.append((first, second) if number % 2 else (second, first))
    await ours.aclose()
    return pairs


def report(pairs: list[tuple[Round, Round]], count: int) -> None:
    """Print both clients and what ours costs more."""
    for name, place in (("plain httpx", 0), ("our client", 1)):
        processor = statistics.median(pair[place].processor for pair in pairs)
        clock = statistics.median(pair[place].clock for pair in pairs)
        print(
            f"{name:12} {1e6 * processor / count:7.0f} us of processor a page, "
            f"{count / clock:6.0f} pages/s"
        )
    for name in ("processor", "clock"):
        shares = [getattr(ours, name) / getattr(plain, name) - 1 for plain, ours in pairs]
        middle = statistics.median(shares)
        print(f"overhead, {name:9} {middle:+7.1%} (from {min(shares):+.1%} to {max(shares):+.1%})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--web", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--at-once", type=int, default=8)
    options = parser.parse_args()
    pages = pages_of(options.web, options.pages)
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(pages, there), daemon=True)
    server.start()
    try:
        pairs = asyncio.run(compare(here.recv(), len(pages), options.rounds, options.at_once))
    finally:
        server.terminate()
        server.join()
    size = sum(map(len, pages))
    assert {one.size for pair in pairs for one in pair} == {size}, "both must get every byte"
    print(f"{len(pages)} pages of {size / len(pages) / 1000:.1f} kB, {options.at_once} at once")
    report(pairs, len(pages))


if __name__ == "__main__":
    main()
