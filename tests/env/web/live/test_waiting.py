"""Documents that wait for their conversion: how much of them there may be."""

import asyncio

from env.web.live.waiting import Waiting
from env.web.live.web import WAITING_BYTES, LiveWeb
from tests.env.web.live.fakes import Scripted, Site, convert, result

URLS = [f"https://s{number}.example/" for number in range(12)]


async def test_whoever_brings_more_waits_for_room():
    """Fails when the limit is not kept, or room is not made by what is given up."""
    waiting = Waiting(10)
    with waiting.hold(9):
        await asyncio.wait_for(waiting.room(), 1)
        with waiting.hold(1):
            later = asyncio.create_task(waiting.room())
            await asyncio.sleep(0)
            assert not later.done()
        await asyncio.wait_for(later, 5)


async def test_no_more_is_fetched_while_large_documents_wait():
    """Fails when pages pile up in memory before converters that cannot keep up."""
    site = Site(dict.fromkeys(URLS, b"x" * (WAITING_BYTES // 4)))
    gate = asyncio.Event()

    async def slow(fetched):
        await gate.wait()
        return await convert(type(fetched)(fetched.url, "text/plain", b"Water.", fetched.at, True))

    live = LiveWeb((Scripted([result(URLS[0])]),), site, slow)
    tasks = []
    for url in URLS:
        tasks.append(asyncio.create_task(live.open(url)))
        for _ in range(5):
            await asyncio.sleep(0)
    assert len(site.fetched) == 4
    gate.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert len(site.fetched) == len(URLS)
