"""Many requests at once, several servers, and how long one waits between tries."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from policies.models.base import ModelError
from policies.models.endpoint.faults import pause
from tests.policies.models.endpoint.asking import COMMAND, Waits, one
from tests.policies.models.endpoint.serving import FakeServer, hang_up, status


async def test_no_more_connections_than_configured(make):
    """Fails when 256 requests at once open more connections than they may, or one gets lost."""

    async def slowly(call):
        await asyncio.sleep(0.01)
        await server.complete(call)

    async with FakeServer("vllm") as server:
        server.always = slowly
        model = make(server.url, connections=8, clients=3)
        texts = await asyncio.gather(*(one(model, key=str(number)) for number in range(256)))
        assert {completion.text for completion in texts} == {"Search the moon"}
        assert server.most_open <= 24
        assert len(server.calls) == 256


async def test_waiting_for_a_connection_is_no_fault(make):
    """Fails when those who wait behind a slow request run out of time themselves."""

    async def slowly(call):
        await asyncio.sleep(0.15)
        await server.complete(call)

    async with FakeServer("vllm") as server:
        server.always = slowly
        model = make(server.url, connections=1, clients=1, seconds=0.4)
        assert len(await asyncio.gather(*(one(model) for _ in range(5)))) == 5


async def test_an_episode_stays_with_its_server_and_connection(make):
    """Fails when an episode's requests are scattered, so that no prefix cache helps."""
    async with FakeServer() as first, FakeServer() as second:
        model = make(f"{first.url},{second.url}")
        ports: dict[str, set[int]] = {}
        for _ in range(3):
            for number in range(12):
                before = len(first.calls), len(second.calls)
                await one(model, key=str(number))
                server = first if len(first.calls) > before[0] else second
                port = server.calls[-1].writer.get_extra_info("peername")[1]
                ports.setdefault(str(number), set()).add(port)
        assert all(len(used) == 1 for used in ports.values())
        assert first.calls
        assert second.calls


async def test_another_server_when_one_is_down(make):
    """Fails when an episode ends with the server that it began with."""
    async with FakeServer() as first:
        async with FakeServer() as second:
            second.always = status(503)
            waits = Waits()
            model = make(f"{first.url},{second.url}", waits)
            for number in range(20):
                await one(model, key=str(number))
            assert waits.slept == [], "there was another to ask at once"
            assert len(second.calls) == 3, "after three failures it is left alone for a while"
        for number in range(20):
            await one(model, key=str(number))
        assert waits.slept == []


async def test_all_servers_down(make):
    """Fails when servers that are down are asked in turn without end."""
    async with FakeServer() as first, FakeServer() as second:
        model = make(f"{first.url},{second.url}")
        await model.start()
        first.always = second.always = hang_up
        with pytest.raises(ModelError, match="asked 6 times"):
            await one(model)
        assert len(first.calls) + len(second.calls) == 6
        assert first.calls
        assert second.calls


@pytest.mark.parametrize(
    ("asked", "now", "least"),
    [
        ("3", 0.0, 3.0),
        ("Thu, 01 Jan 1970 00:00:09 GMT", 4.0, 5.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 4.0, 0.0),
        ("-1", 0.0, 0.0),
        ("soon", 0.0, 0.0),
    ],
)
async def test_retry_after(make, asked, now, least):
    """Fails when a server that says when to come back is not heard."""
    async with FakeServer() as server:
        server.plays = [status(429, headers=f"retry-after: {asked}\r\n".encode())]
        waits = Waits()
        await one(make(server.url, waits, now=now))
        assert least <= waits.slept[0] <= least + 0.5


@pytest.mark.parametrize("code", [408, 409, 425, 429, 500, 502, 503, 504, 529])
async def test_what_may_pass_is_tried_again(make, code):
    """Fails when a passing fault ends an episode."""
    async with FakeServer() as server:
        server.plays = [status(code)]
        assert (await one(make(server.url))).text == "Search the moon"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 422])
async def test_what_does_not_pass_is_not_tried_again(make, code):
    """Fails when a request that cannot succeed is sent again as it was."""
    async with FakeServer(always=status(code, "no")) as server:
        waits = Waits()
        with pytest.raises(ModelError):
            await one(make(server.url, waits, chat="yes"))
        assert waits.slept == []
        bodies = [call.body for call in server.calls]
        assert all(bodies.count(body) == 1 for body in bodies)


def test_waits_double_up_to_a_minute():
    """Fails when clients come back together, or wait for hours."""
    longest = [
        max(pause(tries, None, Random(seed)) for seed in range(200)) for tries in range(1, 12)
    ]
    assert longest[0] <= 0.5
    assert all(later > earlier for earlier, later in pairwise(longest[:8]))
    assert 50 < max(longest) <= 60
    assert min(pause(9, None, Random(seed)) for seed in range(200)) < 2, "full jitter"
    assert pause(1, 90.0, Random(0)) >= 90


async def test_samples_of_one_request_go_over_one_client(make):
    """Fails when samples that share a prompt go to servers that do not have it."""
    async with FakeServer("ollama") as first, FakeServer("ollama") as second:
        model = make(f"{first.url},{second.url}")
        await model.complete(replace(COMMAND, samples=6, legal=None))
        assert sorted((len(first.calls), len(second.calls))) == [0, 6]
