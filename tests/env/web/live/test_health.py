"""Fail-over between search services: who is asked, who rests, who comes back, what is said."""

import asyncio

import pytest

from env.errors import ConfigError, TimedOut, WebError
from env.web.live.health import AT_ONCE, FAILURES, FIRST_REST, LONGEST_REST, Services
from env.web.live.services.asking import Exhausted
from tests.env.web.live.fakes import Scripted, result

FOUND = [result("https://a.example/")]
KEY = WebError("first refused the key", "key")
SLOW = TimedOut("first did not answer", "time")
CHANGED = WebError("second did not answer as documented", "service")


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def joined(*services):
    clock = Clock()
    return Services(services, clock=clock), clock


async def source(services):
    return (await services.search("q")).service


async def test_the_first_that_answers_is_taken_even_with_nothing():
    first, second = Scripted([], name="first"), Scripted(FOUND, name="second")
    services, _ = joined(first, second)
    found = await services.search("q")
    assert (found.results, found.service, second.asked) == ([], "first", [])


async def test_a_failing_service_gives_way_and_is_asked_again_next_time():
    first, second = Scripted(SLOW, FOUND, name="first"), Scripted(FOUND, name="second")
    services, _ = joined(first, second)
    assert [await source(services), await source(services)] == ["second", "first"]


async def test_a_refused_key_puts_a_service_out_for_good():
    """Catches a service that is asked again and again with a wrong key."""
    first, second = Scripted(KEY, FOUND, name="first"), Scripted(FOUND, name="second")
    services, clock = joined(first, second)
    for _ in range(3):
        assert await source(services) == "second"
        clock.now += 1e9
    assert first.asked == ["q"]


async def test_a_refused_key_stays_refused_whatever_else_fails_at_once():
    """Catches a fault that arrives later and takes the place of the one that counts."""

    async def fail_later():
        await asyncio.sleep(0.01)
        return SLOW

    first = Scripted(fail_later, KEY, FOUND, name="first")
    services, clock = joined(first, Scripted(FOUND, name="second"))
    await asyncio.gather(services.search("q"), services.search("q"))
    clock.now += 1e9
    assert await source(services) == "second"


async def test_a_service_that_had_enough_rests_as_long_as_it_says():
    first, second = Scripted(Exhausted("x", 30), FOUND, name="first"), Scripted(FOUND, name="2")
    services, clock = joined(first, second)
    assert await source(services) == "2"
    clock.now += 29
    assert await source(services) == "2"
    clock.now += 2
    assert await source(services) == "first"


async def test_repeated_failures_rest_longer_each_time_up_to_a_limit():
    """Catches a dead service that costs every search its deadline."""
    first, second = Scripted(SLOW, name="first"), Scripted(FOUND, name="second")
    services, clock = joined(first, second)
    for _ in range(FAILURES):
        await services.search("q")
    rests = []
    for _ in range(9):
        asked, began = len(first.asked), clock.now
        while len(first.asked) == asked:
            clock.now += FIRST_REST / 2
            assert await source(services) == "second"
        rests.append(clock.now - began)
    assert rests[:4] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST, 8 * FIRST_REST]
    assert rests[-1] == LONGEST_REST


async def test_a_trial_that_works_makes_it_well():
    first = Scripted(*[SLOW] * FAILURES, FOUND, SLOW, FOUND, name="first")
    second = Scripted(FOUND, name="second")
    services, clock = joined(first, second)
    for _ in range(FAILURES + 2):
        assert await source(services) == "second"
    clock.now += FIRST_REST
    assert [await source(services) for _ in range(3)] == ["first", "second", "first"]


async def test_one_search_alone_tries_a_service_that_has_rested():
    """Catches a crowd that falls upon a service which is just getting up."""
    gate = asyncio.Event()

    async def wait():
        await gate.wait()
        return FOUND

    first = Scripted(*[SLOW] * FAILURES, wait, FOUND, name="first")
    services, clock = joined(first, Scripted(FOUND, name="second"))
    for _ in range(FAILURES):
        await services.search("q")
    clock.now += FIRST_REST
    trial = asyncio.create_task(source(services))
    await asyncio.sleep(0)
    assert [await source(services) for _ in range(5)] == ["second"] * 5
    gate.set()
    assert await trial == "first"
    assert await source(services) == "first"


async def test_a_trial_that_is_given_up_leaves_the_next_one_free():
    async def wait():
        await asyncio.sleep(60)

    first = Scripted(*[SLOW] * FAILURES, wait, FOUND, name="first")
    services, clock = joined(first, Scripted(FOUND, name="second"))
    for _ in range(FAILURES):
        await services.search("q")
    clock.now += FIRST_REST
    trial = asyncio.create_task(source(services))
    await asyncio.sleep(0)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert await source(services) == "first"


async def test_searches_that_fail_at_once_count_as_one_failure():
    """Catches a second of outage under load that shuts a service out for ten minutes."""

    async def fail():
        await asyncio.sleep(0)
        return SLOW

    first = Scripted(*[fail] * 100, FOUND, name="first")
    services = Services((first, Scripted(FOUND, name="second")), at_once=100)
    await asyncio.gather(*(services.search("q") for _ in range(100)))
    assert await source(services) == "first"


async def test_a_service_is_asked_a_few_searches_at_once():
    """Catches hundreds of questions that fall upon one service in the same second."""
    under_way, most = 0, 0

    async def count():
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return FOUND

    services, _ = joined(Scripted(count))
    await asyncio.gather(*(services.search("q") for _ in range(50)))
    assert most == AT_ONCE


async def test_those_who_wait_for_a_service_do_not_wait_for_a_dead_one():
    """Catches searches that each find out anew that a service is out."""

    async def fail():
        await asyncio.sleep(0)
        return KEY

    first = Scripted(fail, name="first")
    services, _ = joined(first, Scripted(FOUND, name="second"))
    got = await asyncio.gather(*(source(services) for _ in range(50)))
    assert set(got) == {"second"}
    assert len(first.asked) == AT_ONCE


async def test_a_clock_set_back_does_not_prolong_a_rest():
    first = Scripted(Exhausted("x", 30), FOUND, name="first")
    services, clock = joined(first, Scripted(FOUND, name="second"))
    await services.search("q")
    clock.now -= 10_000
    assert await source(services) == "first"


async def test_when_nobody_answers_one_line_names_each_and_why():
    services, _ = joined(Scripted(KEY, name="first"), Scripted(CHANGED, name="second"))
    for _ in range(2):
        with pytest.raises(WebError) as caught:
            await services.search("q")
        assert str(caught.value) == (
            "no search service answered: first refused the key; second did not answer as documented"
        )
        assert caught.value.reason == "service"


async def test_a_single_service_keeps_its_own_error():
    services, _ = joined(Scripted(SLOW, name="first"))
    for _ in range(FAILURES + 2):
        with pytest.raises(TimedOut) as caught:
            await services.search("q")
        assert caught.value.reason == "time"


async def test_an_error_that_is_remembered_does_not_grow():
    """Catches a traceback that gets longer with every search during a rest."""
    services, _ = joined(Scripted(KEY, name="first"))
    lengths = set()
    for _ in range(5):
        with pytest.raises(WebError) as caught:
            await services.search("q")
        lengths.add(len(caught.traceback))
    assert len(lengths) == 1


def test_no_service_at_all_is_a_fault_of_the_settings():
    with pytest.raises(ConfigError, match="at least one"):
        Services(())
