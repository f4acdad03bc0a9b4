"""Many questions at once: limits measured at the server, nothing lost, nothing fetched twice."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from env.web.check import check_web
from env.web.fetch.config import FetchConfig
from tests.env.web.live.crowd import SEARCH, Crowd, ask_all
from tests.env.web.live.fakes import convert

CONFIG = FetchConfig(host_delay=0.0, connections=8, fetch_seconds=30.0, ignore_robots=False)


async def in_process(fetched):
    return await convert(fetched)


def limits(crowd):
    """Return the most connections of a client, and requests at once to a host and an address."""
    most = crowd.measured.most_under_way
    addresses = {crowd.address_of(host) for host in crowd.hosts}
    return (
        max(crowd.measured.most_connections.values()),
        max(most[host] for host in crowd.hosts),
        max(most[address] for address in addresses),
    )


@pytest.mark.parametrize("questions", [64, pytest.param(256, marks=pytest.mark.slow)])
async def test_many_questions_at_once(questions):
    """Catches lost questions, hangs, and hosts or clients that get more than their share."""
    config = CONFIG if questions < 100 else FetchConfig(host_delay=0.0, fetch_seconds=30.0)
    async with Crowd(64, config, pause=0.002) as crowd, AsyncExitStack() as stack:
        web = await crowd.web(in_process, stack)
        load = await ask_all(web, questions)
        assert load.notices == {}
        assert load.answering == questions
        connections, to_host, to_address = limits(crowd)
        assert connections <= config.connections
        assert to_host <= config.per_host
        assert to_address <= config.per_address
        assert crowd.measured.most_under_way[SEARCH] <= 3
        robots = [count for url, count in crowd.measured.asked.items() if "robots" in url]
        assert set(robots) == {1}


async def test_limits_are_reached_and_not_passed_when_everybody_wants_pages():
    """Catches a limit that does not hold, or that is never used."""
    config = FetchConfig(
        host_delay=0.0, connections=3, per_host=2, per_address=3, ignore_robots=True
    )
    async with Crowd(32, config, pause=0.005) as crowd, AsyncExitStack() as stack:
        web = await crowd.web(in_process, stack)
        urls = [f"http://{host}/{number}" for number in range(8) for host in crowd.hosts]
        pages = await asyncio.gather(*(web.open(url) for url in urls))
        assert [page.url for page in pages] == urls
        connections, to_host, to_address = limits(crowd)
        assert (connections, to_host <= 2, to_address <= 3) == (3, True, True)
    config = FetchConfig(
        host_delay=0.0, connections=32, per_host=2, per_address=3, ignore_robots=True
    )
    async with Crowd(2, config, pause=0.005) as crowd, AsyncExitStack() as stack:
        web = await crowd.web(in_process, stack)
        await asyncio.gather(*(web.open(f"http://h{n % 2}.example/{n}") for n in range(24)))
        assert limits(crowd)[1:] == (2, 3)


async def test_a_url_asked_for_by_all_at_once_is_fetched_once():
    async with Crowd(4, CONFIG, pause=0.02) as crowd, AsyncExitStack() as stack:
        web = await crowd.web(in_process, stack)
        pages = await asyncio.gather(*(web.open("http://h0.example/one") for _ in range(100)))
        assert len({id(page) for page in pages}) == 1
        assert crowd.measured.asked["h0.example/one"] == 1


async def test_half_of_the_callers_give_up_and_the_rest_get_their_pages():
    """Catches a cancelled question that breaks a connection which others need."""
    async with Crowd(8, CONFIG, pause=0.01) as crowd, AsyncExitStack() as stack:
        web = await crowd.web(in_process, stack)
        urls = [f"http://{host}/{number}" for host in crowd.hosts for number in range(6)]
        tasks = [asyncio.create_task(web.open(url)) for url in urls for _ in range(2)]
        await asyncio.sleep(0.02)
        given_up = tasks[1::2] + tasks[::8]
        for task in given_up:
            task.cancel()
        pages = await asyncio.gather(*tasks, return_exceptions=True)
        for number, page in enumerate(pages):
            cancelled = isinstance(page, asyncio.CancelledError)
            assert cancelled or page.url == urls[number // 2]
            assert tasks[number] in given_up or not cancelled
        again = await asyncio.gather(*(web.open(url) for url in urls))
        assert [page.url for page in again] == urls
        await web.aclose()
        assert sum(crowd.measured.under_way.values()) == 0


async def test_the_live_web_keeps_the_contract_of_a_web():
    """Catches results or pages that break what every web must keep."""
    async with Crowd(8, CONFIG) as crowd, AsyncExitStack() as stack:
        web = await crowd.web(in_process, stack)
        await check_web(web, queries=("water 1", "water 2"))
