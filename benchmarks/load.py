"""Many questions at once against a local server of many hosts: speed, and whether limits hold.

    python -m benchmarks.load [--questions 256] [--hosts 64] [--clients 4] [--connections 32]
                              [--kilobytes 20] [--pause 0.02] [--no-convert]

Each question is a search and three pages (one of them asked for by a quarter of all). Politeness is
as it is by default but for the delay between two requests to a host. Client and server share one
process and its core; pages are converted in worker processes, unless `--no-convert`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from env.documents.urls import domain_of
from env.records import Page, make_page
from env.sanitise import sanitise
from env.web.conversion import Converters
from env.web.fetch.config import FetchConfig
from env.web.fetch.exchange import Fetched
from tests.env.web.live.crowd import Crowd, Load, ask_all

SENTENCE = b"<p>The kettle stands on the stove and the water in it is warm by now. </p>\n"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--questions", type=int, default=256)
    parser.add_argument("--hosts", type=int, default=64)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--kilobytes", type=int, default=20, help="of each page")
    parser.add_argument("--pause", type=float, default=0.02, help="seconds before each answer")
    parser.add_argument("--convert", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    asyncio.run(_measure(arguments))


async def _measure(arguments: argparse.Namespace) -> None:
    config = FetchConfig(
        host_delay=0.0,
        fetch_seconds=60.0,
        turn_seconds=600.0,
        clients=arguments.clients,
        connections=arguments.connections,
    )
    body = SENTENCE * (1000 * arguments.kilobytes // len(SENTENCE))
    async with (
        Crowd(arguments.hosts, config, body=body, pause=arguments.pause) as crowd,
        AsyncExitStack() as stack,
    ):
        convert: Callable[[Fetched], Awaitable[Page]] = _plain
        if arguments.convert:
            converters = Converters()
            stack.push_async_callback(converters.aclose)
            convert = converters.convert
        web = await crowd.web(convert, stack)
        url = f"http://{crowd.hosts[0]}/once"
        began = time.perf_counter()
        await asyncio.gather(*(web.open(url) for _ in range(arguments.questions)))
        print(f"first page, workers started: {time.perf_counter() - began:.2f} s")
        load = await ask_all(web, arguments.questions)
        _report(crowd, load, config)


async def _plain(fetched: Fetched) -> Page:
    text = sanitise(fetched.data.decode())
    return make_page(fetched.url, "", text, domain=domain_of(fetched.url), at=fetched.at)


def _report(crowd: Crowd, load: Load, config: FetchConfig) -> None:
    measured = crowd.measured
    hosts = max(measured.most_under_way[host] for host in crowd.hosts)
    addresses = {crowd.address_of(host) for host in crowd.hosts}
    busiest = max(measured.most_under_way[address] for address in addresses)
    pages = sum(n for url, n in measured.asked.items() if "/page/" in url or "/shared" in url)
    opened = 3 * load.questions
    shared = sum(n for url, n in measured.asked.items() if url.endswith("/shared"))
    print(f"{load.questions} questions at once, {load.answering} answered, {load.seconds:.2f} s")
    print(f"{opened} pages opened, {opened / load.seconds:.0f} a second; {pages} fetched, of them")
    print(f"  {shared} for {load.questions} openings of pages that many asked for")
    print(f"one URL asked for {load.questions} times at once: "
          f"fetched {measured.asked[crowd.hosts[0] + '/once']} times")  # fmt: skip
    most = sorted(measured.most_connections.values(), reverse=True)
    print(f"connections of each client at most: {most} (limit {config.connections})")
    print(f"requests at once to a host: {hosts} (limit {config.per_host}), "
          f"to an address: {busiest} (limit {config.per_address})")  # fmt: skip
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{os.cpu_count()} cores, {memory:.0f} MB in this process, load {os.getloadavg()[0]:.1f}")
    for notice, count in load.notices.most_common(5):
        print(f"{count} times: {notice}")


if __name__ == "__main__":
    main()
