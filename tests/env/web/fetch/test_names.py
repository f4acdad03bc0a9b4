"""A name is resolved once, every answer is judged, and nothing hangs on a resolver that does."""

import asyncio
import socket
import threading

import pytest

from env.errors import Blocked, NotFound, TimedOut, WebError
from env.web.fetch import names
from env.web.fetch.names import KEPT_SECONDS, Resolver, system_resolve

PUBLIC = ("93.184.216.34", "2606:2800:220:1::1")


class Script:
    """Answers with one scripted list after another, and notes who asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def __call__(self, host, port):
        self.asked.append((host, port))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


async def test_one_resolution_serves_politeness_and_connection():
    """Fails when the address that was judged is not the one that is connected to."""
    script, clock = Script(PUBLIC), Clock()
    resolver = Resolver(script, clock=clock)
    for _ in range(3):
        assert await resolver.addresses("a.example", 80) == PUBLIC
    assert script.asked == [("a.example", 80)]
    clock.now += KEPT_SECONDS
    await resolver.addresses("a.example", 80)
    assert len(script.asked) == 2


async def test_a_later_answer_is_judged_afresh():
    """Fails when a name that was good once is believed for ever (rebinding)."""
    clock = Clock()
    resolver = Resolver(Script(PUBLIC, ["169.254.169.254"]), clock=clock)
    assert await resolver.addresses("a.example", 80) == PUBLIC
    clock.now += KEPT_SECONDS
    with pytest.raises(Blocked):
        await resolver.addresses("a.example", 80)


@pytest.mark.parametrize("bad", ["10.0.0.1", "::1", "fe80::1%eth0", "169.254.169.254"])
@pytest.mark.parametrize("first", [True, False])
async def test_one_bad_answer_refuses_the_whole_name(bad, first):
    answers = [bad, *PUBLIC] if first else [*PUBLIC, bad]
    with pytest.raises(Blocked) as caught:
        await Resolver(Script(answers)).addresses("a.example", 80)
    assert caught.value.reason == "address"


async def test_the_last_of_300_answers_is_judged_and_32_are_used():
    many = [f"93.184.{n // 256}.{n % 256}" for n in range(300)]
    assert len(await Resolver(Script(many)).addresses("a.example", 80)) == 32
    with pytest.raises(Blocked):
        await Resolver(Script([*many, "127.0.0.1"])).addresses("a.example", 80)


async def test_families_take_turns_and_no_address_comes_twice():
    script = Script(["2606:4700::1", "2606:4700::2", "2606:4700::1", "8.8.8.8", "::ffff:8.8.8.8"])
    found = await Resolver(script).addresses("a.example", 80)
    assert found == ("2606:4700::1", "8.8.8.8", "2606:4700::2")


async def test_an_address_is_not_asked_for():
    script = Script(PUBLIC)
    assert await Resolver(script).addresses("8.8.8.8", 80) == ("8.8.8.8",)
    assert script.asked == []


async def test_a_permit_counts_for_one_port():
    permits = frozenset({("home.example", 8080)})
    resolver = Resolver(Script(["127.0.0.1"]), permits)
    assert await resolver.addresses("home.example", 8080) == ("127.0.0.1",)
    with pytest.raises(Blocked):
        await resolver.addresses("home.example", 80)
    away = Resolver(Script(["169.254.169.254"]), permits)
    with pytest.raises(Blocked):
        await away.addresses("home.example", 8080)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ([], NotFound),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), NotFound),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), WebError),
        (OSError("unreachable"), WebError),
        (UnicodeError("label too long"), WebError),
        (["no address"], WebError),
    ],
)
async def test_faults_are_typed_and_new_each_time(answer, kind):
    script = Script(answer)
    resolver = Resolver(script, clock=Clock())
    caught = []
    for _ in range(2):
        with pytest.raises(WebError) as one:
            await resolver.addresses("a.example", 80)
        caught.append(one.value)
    assert [type(one) for one in caught] == [kind, kind]
    assert caught[0] is not caught[1]
    assert caught[0].reason == "name"
    assert len(script.asked) == 1


async def test_a_resolver_that_hangs_is_left_in_time_by_all_who_wait():
    """Fails when those who wait for one name wait one after another."""
    asked = 0

    async def hang(host, port):
        nonlocal asked
        asked += 1
        await asyncio.Event().wait()

    resolver = Resolver(hang, seconds=0.05, clock=lambda: 0.0)  # the fault holds, however slow
    async with asyncio.timeout(5):
        found = await asyncio.gather(
            *(resolver.addresses("a.example", 80) for _ in range(20)), return_exceptions=True
        )
    assert {type(one) for one in found} == {TimedOut}
    assert {one.reason for one in found} == {"name"}
    assert asked == 1


async def test_who_is_cancelled_does_not_take_the_others_along():
    """Fails when a resolution dies with the first who asked for it."""
    waiting = asyncio.Event()
    asked = 0

    async def resolve(host, port):
        nonlocal asked
        asked += 1
        if asked == 1:
            waiting.set()
            await asyncio.Event().wait()
        return PUBLIC

    resolver = Resolver(resolve)
    first = asyncio.create_task(resolver.addresses("a.example", 80))
    await waiting.wait()
    second = asyncio.create_task(resolver.addresses("a.example", 80))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == PUBLIC
    assert len(asyncio.all_tasks()) == 1


async def test_what_is_kept_is_bounded():
    resolver = Resolver(Script(PUBLIC))
    for number in range(names.KEPT_NAMES + 10):
        await resolver.addresses(f"{number}.example", 80)
    assert len(resolver._known) == names.KEPT_NAMES


async def test_the_system_is_asked_beside_the_event_loop():
    """Fails when spellings of loopback get past because no name server knows them."""
    for spelling in ("127.0.0.1", "127.1", "0x7f.1", "2130706433"):
        assert set(await system_resolve(spelling, 80)) == {"127.0.0.1"}
        with pytest.raises(Blocked):
            await Resolver(system_resolve).addresses(spelling, 80)
    with pytest.raises(WebError):
        await Resolver(system_resolve).addresses("a" * 64 + ".", 80)


async def test_lookups_end_their_threads():
    await asyncio.gather(*(system_resolve("127.0.0.1", port) for port in range(1, 100)))
    for _ in range(100):
        if not [one for one in threading.enumerate() if one.name == "webqa-names"]:
            break
        await asyncio.sleep(0.02)
    assert not [one for one in threading.enumerate() if one.name == "webqa-names"]
