"""A request can be cancelled at every point at which it waits, and nothing of it stays."""

import asyncio
import gc
import ssl

import httpcore
import pytest
import trustme

from env.errors import WebError
from env.web.fetch.config import FetchConfig
from env.web.fetch.fetcher import Fetcher
from env.web.fetch.interruption import orderly, waiting_for_network
from tests.env.web.fetch.wires import Watched, client_of, lookup, reply, serving

AUTHORITY = trustme.CA()


def server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("a.example").configure_cert(context)
    return context


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    AUTHORITY.configure_trust(context)
    return context


async def answer(head, writer):
    await asyncio.sleep(0)
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
    await asyncio.sleep(0)
    return b"3\r\ndef\r\n0\r\n\r\n"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("times", [1, 2])
async def test_cancelled_after_any_number_of_steps(scheme, warm, times):
    """Fails when httpcore loses a connection or a place to a cancellation at a bad moment."""
    tls = (server_context(), client_context()) if scheme == "https" else (None, None)
    url = f"{scheme}://a.example/"
    whole = steps = 0
    while whole < 3:
        steps += 1
        async with client_of(answer, tls=tls[0], trust=tls[1], connections=1) as (client, watched):
            if warm:
                await client.send(url)
            task = asyncio.create_task(client.send(url))
            for _ in range(steps):
                await asyncio.sleep(0)
            whole += task.done()
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0)
            await asyncio.wait((task,), timeout=5)
            assert task.done()
            # The only place there is must be free again, and whatever was left open be closed.
            async with asyncio.timeout(5):
                assert (await client.send(url)).content == b"abcdef"
            assert await watched.open_now() == 1
            assert len(client._transport._pool.connections) == 1
        assert await watched.open_now() == 0
        assert steps < 2000


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_fetcher_closes_all_although_its_closing_is_cancelled(steps, times):
    """Fails when a client is not closed because its closing was cancelled before it began."""
    document = reply(b"<p>hello", "content-type: text/html")
    async with serving(lambda head, writer: document) as port:
        watched = Watched(port)
        config = FetchConfig(ignore_robots=True, host_delay=0, clients=3)
        fetcher = Fetcher(config, resolve=lookup, connect=watched)
        hosts = [f"{letter}.example" for letter in "abcdef"]
        await asyncio.gather(*(fetcher.fetch(f"http://{host}/") for host in hosts))
        assert await watched.open_now() == len(hosts)
        closing = asyncio.create_task(fetcher.aclose())
        for _ in range(steps):
            await asyncio.sleep(0)
        for _ in range(times):
            closing.cancel()
            await asyncio.sleep(0)
        await asyncio.wait((closing,), timeout=5)
        assert closing.done()
        assert await watched.open_now() == 0


async def test_a_deadline_around_a_server_that_never_answers():
    async def silent(head, writer):
        await asyncio.sleep(60)

    async with client_of(silent, connections=2) as (client, watched):
        for _ in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await client.send("http://a.example/")
        assert await watched.open_now() == 0


async def test_those_who_wait_for_a_place_can_be_cancelled():
    go = asyncio.Event()

    async def slow(head, writer):
        await go.wait()
        return reply(b"x")

    async with client_of(slow, connections=1) as (client, watched):
        tasks = [asyncio.create_task(client.send("http://a.example/")) for _ in range(5)]
        await asyncio.sleep(0.02)
        for task in tasks[1:4]:
            task.cancel()
        go.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one).__name__ for one in found] == [
            "Reply", "CancelledError", "CancelledError", "CancelledError", "Reply"
        ]  # fmt: skip
        assert len(watched.asked) == 1


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
async def test_an_error_that_comes_with_the_cancellation_is_not_complained_of(steps):
    """Fails when asyncio reports an exception that nobody looked at."""
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, told: complaints.append(told))

    async def request():
        try:
            with waiting_for_network():
                await asyncio.sleep(0)
        finally:
            raise httpcore.ReadError

    task = asyncio.create_task(orderly(request()))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises((asyncio.CancelledError, httpcore.ReadError)):
        await task
    del task
    gc.collect()
    assert complaints == []


async def test_a_cancellation_between_two_waits_comes_with_the_next():
    """Fails when it is forgotten because nothing waited when it came."""
    busy = asyncio.Event()

    async def request():
        busy.set()
        for _ in range(5):
            await asyncio.sleep(0)
        with waiting_for_network():
            await asyncio.Event().wait()

    task = asyncio.create_task(orderly(request()))
    await busy.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await task


async def test_without_cancellation_it_only_passes_on():
    async def good():
        with waiting_for_network():
            await asyncio.sleep(0)
        return 1

    async def bad():
        raise WebError("x")

    assert await orderly(good()) == 1
    with pytest.raises(WebError):
        await orderly(bad())
