"""Torture: one question over the live web, recorded, with each call that can fail failing in turn.

A run without faults counts the calls; then call after call is made to fail in every way of its
kind (tests.hostile.faulty). Whatever fails: the person reads one line, the log holds a typed
reason, nothing hangs, no task or file is left, what was recorded replays, the next question works.
"""

import asyncio
import gc
import os
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import get_args

import pytest

from env import errors
from env.browser import Browser
from env.config import DEFAULT
from env.errors import ConfigError, Reason
from env.records import Question
from env.web.cassette.recording import record
from env.web.cassette.replaying import CassetteWeb
from env.web.conversion import Converters
from env.web.fetch.client import Client
from env.web.fetch.config import FetchConfig
from env.web.fetch.fetcher import Fetcher
from env.web.fetch.names import FAULT_SECONDS
from env.web.live.services.searxng import Searxng
from env.web.live.web import LiveWeb
from tests.hostile.faulty import WAYS, Faults, FaultyNetwork
from tests.hostile.names import Detour, Names
from tests.hostile.process import hostile_server

CONFIG = FetchConfig(contact="tests@hostile.test", fetch_seconds=20.0, host_delay=0.0, clients=2)
SILENCE = 1.5
"""The deadline where a call is never answered."""
QUOTE = "Quote: The lighthouse on the rock"
FIRST = ("Search hostile lighthouse", "Clicked on link 0", "Back", "Clicked on link 1", QUOTE)
NEXT = ("Search another lighthouse", "Clicked on link 0", QUOTE)
"""On a host of its own: one whose robots.txt could not be read is left alone for a minute."""
LONGEST = 25.0
"""Seconds of one question; a search alone may wait for 15."""
SAMPLE = 40
SEED = 3


@dataclass
class Ended:
    """What became of one question."""

    calls: list = field(default_factory=list)
    notices: list = field(default_factory=list)
    config_error: str = ""
    quotes: int = 0


@pytest.fixture(scope="module")
def ports():
    with hostile_server() as ports:
        yield ports


@pytest.fixture(scope="module")
def converters():
    converters = Converters(2)
    yield converters
    asyncio.run(converters.aclose())


@pytest.fixture
def world(ports, converters, tmp_path):
    return World(ports, converters, tmp_path)


class World:
    """Asks questions over a live web of its own each time."""

    def __init__(self, ports, converters, folder):
        self.ports = ports
        self.converters = converters
        self.folder = folder
        self.tls = ssl.create_default_context(cadata=ports.authority)
        self.asked = 0

    async def ask(self, faults):
        """Ask a question during which a call fails, then another; check all that must hold."""
        self.asked += 1
        path = self.folder / f"{self.asked}.cassette"
        live = Live(self, faults)
        begin = time.perf_counter()
        try:
            first = await live.question(path, FIRST, faults)
            assert time.perf_counter() - begin < LONGEST
            calls = list(faults.calls)
            faults.number = -1
            if faults.struck == "resolve" and not live.given:
                # That a name was not found is remembered for a moment.
                await asyncio.sleep(FAULT_SECONDS)
            following = await live.question(path, NEXT, faults)
        finally:
            await live.aclose()
        self.check(first, live.visits, faults)
        assert following.quotes == 1, f"the next question failed: {following}"
        await self.check_replay(path, live.given)
        return calls

    def check(self, ended, visits, faults):
        for notice in ended.notices:
            assert notice.isprintable()
            assert len(notice) < 500
        assert bool(ended.config_error) == (faults.struck in ("file write", "file sync")), ended
        assert ended.config_error.isprintable()
        assert ended.notices or faults.struck != "convert", ended
        for visit in visits:
            assert visit.outcome == "page" or visit.reason, visit
            assert visit.reason in get_args(Reason)
            assert visit.outcome == "page" or issubclass(
                getattr(errors, visit.outcome, None) or errors.WebError, errors.WebError
            )
        if faults.struck is None:
            assert ended.quotes == 1
            assert not ended.notices

    async def check_replay(self, path, given):
        """Whatever was given is on the tape."""
        replay = CassetteWeb(path)
        try:
            for call, asked, page in given:
                again = await (replay.search(asked) if call == "search" else replay.open(asked))
                assert again == page
        finally:
            replay.close()


class Live:
    """A live web, and what it gave."""

    def __init__(self, world, faults):
        names, network = Names(), FaultyNetwork(Detour(world.ports), faults)
        seams = {
            "resolve": faults.resolver(names.resolve),
            "connect": network,
            "tls": world.tls,
            "heard": self._heard,
        }
        self.visits = []
        self.given = []
        self._exchanges = lambda exchange: None
        silent = faults.way == "silence"
        config = replace(CONFIG, fetch_seconds=SILENCE) if silent else CONFIG
        self._client = Client(config, **seams)
        fetcher = Fetcher(config, **seams, sleep=self._sleep, random=Random(0))
        self._web = LiveWeb(
            [Searxng(self._client, "http://search.test")],
            fetcher,
            faults.converter(world.converters.convert),
            config=config,
            watch=self.visits.append,
        )

    def _heard(self, exchange):
        self._exchanges(exchange)

    async def _sleep(self, seconds):
        await asyncio.sleep(min(seconds, 0.01))

    def _make(self, heard):
        self._exchanges = heard
        return self._web

    async def question(self, path, lines, faults):
        """Ask as an episode does: what the web cannot deliver becomes a notice."""
        ended = Ended()
        try:
            recording = record(path, self._make, disk=faults.disk())
        except ConfigError as error:
            ended.config_error = str(error)
            return ended
        browser = Browser(Noting(recording, self.given), DEFAULT)
        browser.start(Question("q", "When was the lighthouse lit?"))
        try:
            for line in lines:
                seen = await browser.step(line)
                ended.quotes = len(seen.quotes)
                if seen.notice:
                    ended.notices.append(seen.notice)
            recording.close()
        except ConfigError as error:
            ended.config_error = str(error)
            with pytest.raises(ConfigError):
                await recording.search("after the fault, nothing more is recorded")
            with suppress(ConfigError):
                recording.close()
        return ended

    async def aclose(self):
        await self._web.aclose()
        await self._client.aclose()


class Noting:
    """A web that notes what it gave."""

    def __init__(self, web, given):
        self.identity = web.identity
        self._web = web
        self._given = given

    async def search(self, query):
        page = await self._web.search(query)
        self._given.append(("search", query, page))
        return page

    async def open(self, url):
        page = await self._web.open(url)
        self._given.append(("open", url, page))
        return page


def files():
    return len(os.listdir("/dev/fd"))  # noqa: PTH208


async def nothing_left(tasks, count):
    """Wait a moment for what was closed; tell whether as much is left as there was."""
    for _ in range(200):
        gc.collect(0)
        if asyncio.all_tasks() <= tasks and files() <= count:
            return True
        await asyncio.sleep(0.01)
    return False


async def counted(world):
    """Return the calls of a question in which nothing fails; starts the workers, too."""
    await asyncio.gather(world.ask(Faults()), world.ask(Faults()))
    return await world.ask(Faults())


def points(calls):
    return [(number, way) for number, kind in enumerate(calls) for way in WAYS[kind]]


async def torture(world, chosen):
    """Fail one call after the other, each in a question of its own."""
    tasks, count = asyncio.all_tasks(), files()
    struck = 0
    for number, way in chosen:
        faults = Faults(number, way)
        try:
            await world.ask(faults)
        except BaseException as error:
            error.add_note(f"call {number} ({faults.struck}) failed by {way}")
            raise
        struck += faults.struck is not None
        left = await nothing_left(tasks, count)
        assert left, f"call {number} ({faults.struck}), failed by {way}, leaves tasks or files"
    # How a reply is cut into reads differs from run to run.
    assert struck > 0.8 * len(chosen)


async def test_the_scenario_makes_every_kind_of_call_and_succeeds(world):
    """Without this, the torture would prove nothing."""
    calls = await counted(world)
    assert set(calls) == set(WAYS)
    assert 30 < len(calls) < 200


async def test_a_sample_of_calls_fails_and_nothing_breaks(world):
    calls = await counted(world)
    # Silence takes as long as the deadlines: see below.
    quick = [point for point in points(calls) if point[1] != "silence"]
    await torture(world, Random(SEED).sample(quick, SAMPLE))


async def test_silence_in_some_calls_ends_by_the_deadline(world):
    calls = await counted(world)
    later = calls.index("convert")
    silent = [point for point in points(calls) if point[1] == "silence" and point[0] > later]
    tasks, count = asyncio.all_tasks(), files()
    await asyncio.gather(
        *(world.ask(Faults(number, way)) for number, way in Random(SEED).sample(silent, 5))
    )
    assert await nothing_left(tasks, count)


@pytest.mark.slow
async def test_every_call_fails_in_every_way_and_nothing_breaks(world):
    calls = await counted(world)
    await torture(world, [point for point in points(calls) if point[1] != "silence"])


@pytest.mark.slow
async def test_silence_in_any_call_ends_by_the_deadline(world):
    calls = await counted(world)
    silent = [point for point in points(calls) if point[1] == "silence"]
    tasks, count = asyncio.all_tasks(), files()
    for start in range(0, len(silent), 20):
        chosen = silent[start : start + 20]
        await asyncio.gather(*(world.ask(Faults(number, way)) for number, way in chosen))
    assert await nothing_left(tasks, count)
