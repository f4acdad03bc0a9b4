"""Pages asked for by several at once: fetched once, given up by the last one, ended by closing."""

import asyncio
import gc

import pytest

from env.errors import NotFound, WebError
from env.web.live.sharing import Sharing
from env.web.live.web import LiveWeb
from tests.env.web.live.fakes import Scripted, Site, convert, result

A, B = "https://a.example/", "https://b.example/"
FOUND = [result(A)]
DOCUMENTS = {A: b"Water boils.", B: b"Other text."}


class Slow(Site):
    """Fetches when it is let; knows how many fetches were given up."""

    def __init__(self, documents=DOCUMENTS):
        super().__init__(documents)
        self.gate = asyncio.Event()
        self.given_up = 0

    async def fetch(self, url):
        fetched = await super().fetch(url)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)  # as if a socket had to be closed
            self.given_up += 1
            raise
        return fetched


def slow():
    site = Slow()
    return site, LiveWeb((Scripted(FOUND),), site, convert)


async def begin(*calls):
    tasks = [asyncio.create_task(call) for call in calls]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_a_page_asked_for_twice_at_once_is_fetched_once():
    site, live = slow()
    tasks = await begin(live.open(A), live.open(A + "#x"), live.open(B), live.open(A))
    site.gate.set()
    pages = await asyncio.gather(*tasks)
    assert [page.url for page in pages] == [A, A, B, A]
    assert site.fetched == [A, B]
    await live.open(A)
    assert site.fetched == [A, B, A]


async def test_a_fault_reaches_all_who_wait_and_is_not_remembered():
    site, live = slow()
    url = "https://gone.example/"
    tasks = await begin(live.open(url), live.open(url))
    got = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(fault) for fault in got] == [NotFound, NotFound]
    site.documents[url] = b"Now there."
    site.gate.set()
    assert (await live.open(url)).text == "Now there."


async def test_one_who_gives_up_does_not_spoil_it_for_the_others():
    site, live = slow()
    first, second = await begin(live.open(A), live.open(A))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    site.gate.set()
    assert (await second).url == A
    assert (site.fetched, site.given_up) == ([A], 0)


async def test_the_last_one_to_give_up_ends_the_work():
    """Catches fetches that go on for nobody."""
    site, live = slow()
    tasks = await begin(live.open(A), live.open(A))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (site.given_up, len(asyncio.all_tasks())) == (1, 1)
    site.gate.set()
    assert (await live.open(A)).url == A


async def test_who_comes_while_given_up_work_ends_begins_anew():
    """Catches a newcomer who is given the cancellation of somebody else's work."""
    site, live = slow()
    (first,) = await begin(live.open(A))
    first.cancel()
    (second,) = await begin(live.open(A))
    assert site.given_up == 0
    await asyncio.gather(first, return_exceptions=True)
    (third,) = await begin(live.open(A))
    site.gate.set()
    assert [(await second).url, (await third).url] == [A, A]
    assert (site.fetched, site.given_up) == ([A, A], 1)


async def test_work_that_fails_after_all_have_gone_is_no_noise():
    """Catches "Task exception was never retrieved" on the terminal."""

    class Failing(Slow):
        async def fetch(self, url):
            try:
                return await super().fetch(url)
            except asyncio.CancelledError:
                raise WebError("broken while ending", "connection") from None

    noise = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: noise.append(told))
    live = LiveWeb((Scripted(FOUND),), Failing(), convert)
    tasks = await begin(live.open(A), live.open(A))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    del tasks
    gc.collect()
    assert noise == []


async def test_a_deadline_of_one_caller_is_his_alone():
    site, live = slow()
    (other,) = await begin(live.open(A))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await live.open(A)
    site.gate.set()
    assert (await other).url == A


async def test_closing_ends_what_is_under_way_with_a_typed_error():
    """Catches a program that hangs at its end, or ends in a traceback."""
    site, live = slow()
    tasks = await begin(live.open(A), live.open(A), live.open(B))
    await live.aclose()
    faults = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(fault) for fault in faults} == {WebError}
    assert (site.given_up, site.closed, len(asyncio.all_tasks())) == (2, True, 1)


async def test_who_is_cancelled_while_the_web_closes_stays_cancelled():
    """Catches a cancellation that is swallowed: the program would go on."""
    sharing = Sharing()
    (caller,) = await begin(sharing.once("key", asyncio.Event().wait))
    (work,) = asyncio.all_tasks() - {caller, asyncio.current_task()}
    work.add_done_callback(lambda _: caller.cancel())
    await sharing.aclose()
    with pytest.raises(asyncio.CancelledError):
        await caller


class Unanswering:
    """A search that takes until it is given up."""

    async def __call__(self):
        await asyncio.Event().wait()


async def test_what_is_given_up_is_told():
    """Catches a search or a page that was asked for and stopped, and left no trace in the log."""
    told = []
    live = LiveWeb((Scripted(Unanswering()),), Slow(), convert, watch=told.append)
    for task in await begin(live.search("water"), live.open(A)):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    seen = [(v.call, v.asked, v.outcome, v.reason, v.message) for v in told]
    assert seen == [
        ("search", "water", "CancelledError", "", "stopped"),
        ("open", A, "CancelledError", "", "stopped"),
    ]
