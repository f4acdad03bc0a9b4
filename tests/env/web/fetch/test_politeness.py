"""Turns: limits hold whatever happens, nobody starves, and nothing is remembered for ever."""

import asyncio
import gc
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.web.fetch.politeness import Politeness
from tests.env.web.fetch.leaping import leap, now


async def visit(turns, host, addresses=("x",), gap=0.0, lasts=1.0, log=None):
    async with turns.turn(host, addresses, gap):
        if log is not None:
            log.append((round(now(), 6), host))
        await asyncio.sleep(lasts)


def test_starts_at_one_host_keep_apart_in_the_order_of_arrival():
    async def go():
        turns, log = Politeness(2, 4), []

        async def late(number):
            await asyncio.sleep(number / 100)
            async with turns.turn("a", ("x",), 0.5):
                log.append((now(), number))

        await asyncio.gather(*(late(number) for number in range(8)))
        assert [number for _, number in log] == list(range(8))
        assert all(second - first >= 0.499 for (first, _), (second, _) in pairwise(log))

    leap(go())


def test_without_a_gap_nobody_sleeps():
    async def never(seconds):
        raise AssertionError(f"slept for {seconds} seconds")

    async def go():
        turns = Politeness(2, 4, sleep=never)
        await asyncio.gather(*(visit(turns, "a", lasts=0) for _ in range(20)))

    leap(go())


def test_a_host_that_is_to_be_left_alone_does_not_hold_up_others_at_its_address():
    """Fails when a slot of the address is held while waiting for the host's gap."""

    async def go():
        turns, log = Politeness(4, 2), []
        slow = [visit(turns, "slow", gap=100, lasts=0, log=log) for _ in range(4)]
        quick = [visit(turns, f"quick{number}", lasts=1, log=log) for number in range(6)]
        await asyncio.gather(*slow, *quick)
        assert max(at for at, host in log if host.startswith("quick")) < 5

    leap(go())


def test_idle_hosts_are_forgotten():
    async def go():
        turns = Politeness(2, 4)
        for number in range(1000):
            await visit(turns, f"host{number}", (f"x{number}",), gap=0.5, lasts=0.01)
        gc.collect()
        assert len(turns) < 100

    leap(go())


def test_a_gap_outlives_the_visits_of_a_host():
    """Fails when a host is forgotten before it may be asked again."""

    async def go():
        turns, log = Politeness(2, 4), []
        await visit(turns, "a", gap=5, lasts=0, log=log)
        gc.collect()
        await visit(turns, "a", gap=5, lasts=0, log=log)
        assert [at for at, _ in log] == [0, 5]

    leap(go())


VISITS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.lists(st.sampled_from("xyz"), max_size=3),
        st.sampled_from([0.0, 0.5]),
        st.sampled_from([0.0, 0.3, 2.0]),
        st.sampled_from([0.0, 0.1, 1.0]),
        st.none() | st.floats(0.0, 8.0),
    ),
    max_size=25,
)
"""Host, addresses, gap, how long it lasts, when it comes after the one before, when cancelled."""


@settings(max_examples=150, deadline=None)
@given(VISITS, st.integers(1, 3), st.integers(1, 3))
def test_limits_hold_and_all_are_served_whoever_is_cancelled(visits, per_host, per_address):
    """Fails on a limit exceeded, a turn never given, and a slot lost by a cancellation."""

    async def go():
        turns, busy, most, starts = Politeness(per_host, per_address), Counter(), Counter(), {}
        served = []

        async def one(number, host, addresses, gap, lasts):
            async with turns.turn(host, addresses, gap):
                assert now() >= starts.get(host, 0) - 1e-6
                starts[host] = now() + gap
                keys = [host, *set(addresses)]
                busy.update(keys)
                for key in keys:
                    most[key] = max(most[key], busy[key])
                try:
                    await asyncio.sleep(lasts)
                    served.append(number)
                finally:
                    busy.subtract(keys)

        tasks, loop = [], asyncio.get_running_loop()
        for number, (host, addresses, gap, lasts, after, cancelled) in enumerate(visits):
            await asyncio.sleep(after)
            task = asyncio.create_task(one(number, host, addresses, gap, lasts))
            if cancelled is not None:
                loop.call_later(cancelled, task.cancel)
            tasks.append(task)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for number, outcome in enumerate(outcomes):
            if visits[number][-1] is None:
                assert outcome is None
                assert number in served
            else:
                assert outcome is None or isinstance(outcome, asyncio.CancelledError)
        assert all(most[host] <= per_host for host in "abc")
        assert all(most[address] <= per_address for address in "xyz")
        assert not any(busy.values())
        # All slots are back: as many as may can have their turn at the same moment.
        before = now()
        many = [visit(turns, "a", ("x",), 0, 1.0) for _ in range(min(per_host, per_address))]
        await asyncio.gather(*many)
        assert now() - before <= 1.5 + 1e-6

    leap(go())


def test_a_cancelled_turn_frees_what_it_held():
    async def go():
        turns = Politeness(1, 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await visit(turns, "a", lasts=100)
        first = asyncio.create_task(visit(turns, "a", lasts=5))
        await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await visit(turns, "a")
        await first
        await asyncio.wait_for(visit(turns, "a", lasts=0), 0.001)

    leap(go())
