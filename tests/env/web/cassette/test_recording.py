"""Recording and replaying: the same replies in any order, loud misses, crashes while recording."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from env.errors import CassetteMiss, ConfigError, NotFound, WebError
from env.records import Question, WebIdentity, to_json
from env.verify import verify
from env.web.cassette.file import Disk
from env.web.cassette.lines import Failure, error_of
from env.web.cassette.recording import record
from env.web.cassette.replaying import CassetteWeb
from env.web.cassette.tape import Tape
from env.web.check import check_web
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode, run_episodes
from policies.extractive import ExtractivePolicy
from policies.scripted import ScriptedPolicy
from tests.env.web.cassette.tapes import (
    FIRE,
    PAGES,
    QUERIES,
    URLS,
    WATER,
    Live,
    make_cassette,
    page,
    replies,
)

ROOT = Path(__file__).parents[4]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.cassette"


@pytest.fixture
def replay(path):
    """Open the cassette, and close it at the end."""
    opened = []

    def start(**more):
        opened.append(CassetteWeb(path, **more))
        return opened[-1]

    yield start
    for web in opened:
        web.close()


def test_replies_and_errors_are_replayed_as_they_were(path, replay):
    """Fails when a page differs in any field, or an error in class, text or reason."""
    recorded = make_cassette(path)
    assert asyncio.run(replies(replay())) == recorded
    errors = [said for said in recorded if isinstance(said, tuple)]
    assert [(said[0].__name__, said[2]) for said in errors] == [
        ("Blocked", "address"), ("TimedOut", "time"), ("NotFound", "missing"),
    ]  # fmt: skip
    assert replay().notes == ()


def test_what_decides_the_replies_is_the_identity(tmp_path):
    """Fails when the order of recording changes the identity, or another reply does not."""

    def identity(name, order, pages=PAGES):
        made = record(tmp_path / name, lambda heard: Live(heard, pages))

        async def ask():
            for url in order:
                await made.open(url)

        asyncio.run(ask())
        made.close()
        web = CassetteWeb(tmp_path / name)
        web.close()
        assert web.identity.kind == "cassette"
        return web.identity.sha256

    both = identity("a", [WATER.url, FIRE.url])
    assert both == identity("b", [FIRE.url, WATER.url])
    assert both != identity("c", [FIRE.url])
    assert both != identity("d", [WATER.url, FIRE.url], [WATER, replace(FIRE, title="Other")])


async def test_the_first_reply_is_the_reply(path, replay):
    """Fails when a page that changed on the web changes within a recording."""
    pages = [page("news", "Old news."), page("news", "New news.")]

    class Changing(Live):
        async def open(self, url):
            self.asked.append(url)
            if not pages:
                raise NotFound("gone")
            return pages.pop(0)

    for _ in range(2):  # the second time the recording goes on
        recording = record(path, Changing)
        for _ in range(3):
            assert (await recording.open("https://news.example/")).text == "Old news."
        recording.close()
    assert len(pages) == 1
    assert (await replay().open("https://news.example/")).text == "Old news."


async def test_an_error_that_came_first_stays(path):
    """Fails when a later success hides the error that an episode has seen."""

    class Flaky(Live):
        async def open(self, url):
            if not self.asked:
                self.asked.append(url)
                raise WebError("reset", "connection")
            return WATER

    recording = record(path, Flaky)
    for _ in range(2):
        with pytest.raises(WebError, match=r"^reset$") as told:
            await recording.open(WATER.url)
        assert told.value.reason == "connection"
    recording.close()


async def test_what_is_asked_at_once_is_asked_once(path):
    """Fails when two episodes see two versions of a page that they open at the same time."""
    made = []

    def make(heard):
        made.append(Live(heard))
        return made[0]

    recording = record(path, make)
    found = await asyncio.gather(*(recording.open(WATER.url) for _ in range(20)))
    assert found == [WATER] * 20
    assert made[0].asked == [WATER.url]
    recording.close()


async def test_who_is_cancelled_harms_nobody_else(path):
    """Fails when those who wait for the same page are cancelled too, or wait for ever."""
    started, leave = asyncio.Event(), asyncio.Event()

    class Slow(Live):
        async def open(self, url):
            self.asked.append(url)
            started.set()
            await leave.wait()
            return await super().open(url)

    recording = record(path, Slow)
    first = asyncio.create_task(recording.open(WATER.url))
    await started.wait()
    second = asyncio.create_task(recording.open(WATER.url))
    await asyncio.sleep(0)
    first.cancel()
    leave.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    async with asyncio.timeout(10):
        assert await second == WATER
    recording.close()


async def test_a_fault_of_the_program_is_not_recorded(path, replay):
    """Fails when a mistake of ours is replayed as if the web had said it."""

    class Wrong(Live):
        async def open(self, url):
            if not self.asked:
                self.asked.append(url)
                raise KeyError("a mistake")
            return await super().open(url)

    recording = record(path, Wrong)
    with pytest.raises(KeyError):
        await recording.open(WATER.url)
    assert await recording.open(WATER.url) == WATER
    recording.close()
    assert await replay().open(WATER.url) == WATER


async def test_many_at_once_are_all_on_the_tape(path, replay):
    """Fails when concurrent writes lose, mix or double a reply or an exchange."""
    pages = [page(f"p{n}", f"Page {n} of many.\n" * (n % 50) + "End") for n in range(300)]
    recording = record(path, lambda heard: Live(heard, pages))
    gate = asyncio.Semaphore(64)

    async def open_it(url):
        async with gate:
            return await recording.open(url)

    urls = [one.url for one in pages for _ in range(3)]
    assert await asyncio.gather(*map(open_it, urls)) == [one for one in pages for _ in range(3)]
    recording.close()
    web = replay()
    assert [await web.open(one.url) for one in pages] == pages
    tape = Tape(path)
    assert len(list(tape.exchanges())) == len(pages)
    tape.close()


async def test_a_full_disk_ends_the_recording_for_everyone(path):
    """Fails when a page is shown that the cassette does not hold."""
    calls = 0

    def write(file, data):
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(28, "No space left on device")
        return os.write(file, data)

    recording = record(path, Live, disk=Disk(write=write))
    asked = [recording.open(url) for url in (WATER.url, FIRE.url, "https://slow.example/")]
    for said in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(said, ConfigError)
        assert "No space left on device" in str(said)
    with pytest.raises(ConfigError):
        recording.close()


async def test_a_page_that_cannot_be_written_is_one_error(path):
    """Fails when a reply that no file can hold takes others with it."""

    class Odd(Live):
        async def open(self, url):
            found = await super().open(url)
            return replace(found, title="\ud800") if url == FIRE.url else found

    recording = record(path, Odd)
    said = await asyncio.gather(recording.open(FIRE.url), recording.open(WATER.url),
                                return_exceptions=True)  # fmt: skip
    assert type(said[0]).__name__ == "RecordError"
    assert said[1] == WATER
    recording.close()


async def test_a_query_that_is_no_unicode_is_recorded_too(path, replay):
    """Fails when half a surrogate pair in a query ends an episode."""
    recording = record(path, lambda heard: MemoryWeb([WATER]))
    found = await recording.search("water \ud800")
    recording.close()
    assert await replay().search("water \ud800") == found


async def test_a_miss_is_loud_and_fails_the_episode(path, replay):
    """Fails when a replay that differs from its recording goes on as if a page were missing."""
    await asyncio.to_thread(make_cassette, path)
    web = replay()
    with pytest.raises(CassetteMiss) as told:
        await web.search("not recorded\n" + "x" * 1000)
    assert not isinstance(told.value, WebError)
    assert str(path) in str(told.value)
    assert "not recorded" in str(told.value)
    assert "record it again with the same questions, policy and settings" in str(told.value)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 600
    policy = ScriptedPolicy(["Search water", "Search elsewhere", "End: Answer"])
    episode = (await run_episode(policy, Question("q", "Why?"), Setup(web))).episode
    assert (episode.ended, episode.stopped_by) == ("failed", "error")
    assert "record it again" in episode.error


async def test_both_webs_keep_the_contract(path, replay):
    """Fails when recording or replaying changes what any web must do."""
    recording = record(path, lambda heard: MemoryWeb(PAGES))
    await check_web(recording)
    recording.close()
    await check_web(replay())


async def test_episodes_are_replayed_byte_for_byte_in_any_order(path, replay):
    """Fails when an observation or an answer of a replayed episode differs anywhere."""
    words = ("water", "fire", "words at length", "hot water", "the sea", "hills")
    questions = [Question(str(n), f"What of {w}?") for n, w in enumerate(words)]

    async def run(web, order, concurrency):
        told = {}
        runs = run_episodes(
            lambda _: ExtractivePolicy(), order, Setup(web), concurrency=concurrency
        )
        async for one in runs:
            episode = one.episode
            assert episode.ended != "failed", episode.error
            told[episode.question.id] = to_json((episode.steps, episode.answer, episode.ended))
        return told

    recording = record(path, Live)
    recorded = await run(recording, questions, 4)
    assert recording.identity == WebIdentity("live", "a" * 64)
    recording.close()
    assert await run(replay(), questions[::-1], 1) == recorded


async def test_answers_are_verified_from_the_cassette_alone(path, replay):
    """Fails when `webqa verify` cannot find a quoted page in it."""
    recording = record(path, Live)
    lines = ["Search water", "Clicked on link 0", "Quote: flows down hills", "End: Answer",
             "It flows.[1]"]  # fmt: skip
    asked = Question("q", "Where does water flow?")
    episode = (await run_episode(ScriptedPolicy(lines), asked, Setup(recording))).episode
    recording.close()
    pages = replay().pages()
    found = verify([episode], pages)
    assert (found.verified, found.failures) == (1, ())
    assert set(pages) == {each.sha256 for each in pages.values()}
    assert len(pages) == 2  # the results and the page
    assert pages.get("0" * 64) is None


class Mini:
    """An encoder by name alone."""

    name = "mini"


async def test_an_encoder_is_lent_on_and_its_lack_is_told(path, replay):
    """Fails when a policy works differently while recording, or in a replay without a word."""

    class Dense(MemoryWeb):
        encoder = Mini()

    recording = record(path, lambda heard: Dense(PAGES))
    assert recording.encoder is Dense.encoder
    recording.close()
    assert replay().recorded.encoder == "mini"
    assert getattr(replay(), "encoder", None) is None
    assert "the encoder mini, which is not loaded" in replay().notes[0]
    assert replay(encoder=Dense.encoder).notes == ()
    assert replay(encoder=Dense.encoder).encoder is Dense.encoder


def test_notes_of_the_recording_are_kept(path, replay):
    """Fails when a cassette does not tell which services are in it."""
    record(path, Live, notes=("replies of Brave",)).close()
    assert replay().recorded.notes == ("replies of Brave",)
    assert replay().recorded.begun_at.endswith("+00:00")


def test_an_error_of_a_later_version_becomes_the_nearest():
    """Fails when a newer word in a cassette ends the program."""
    error = error_of(Failure("Melted", "heat", "too hot"))
    assert (type(error), error.reason, str(error)) == (WebError, "recorded", "too hot")


KILLED = """
import asyncio, sys
from pathlib import Path
from env.web.cassette.recording import record
from tests.env.web.cassette.tapes import Live, page

pages = [page(f"p{n}", f"Page {n}.\\n" * (n % 90) + "End") for n in range(5000)]
recording = record(Path(sys.argv[1]), lambda heard: Live(heard, pages))

async def main():
    async def some(part):
        for one in part:
            await recording.open(one.url)
            print(one.url, flush=True)
    await asyncio.gather(*(some(pages[n::8]) for n in range(8)))

asyncio.run(main())
"""


def test_what_was_shown_before_a_kill_is_on_the_tape(path):
    """Fails when kill -9 costs a reply that an episode has seen, or leaves an unusable file."""
    done = set()
    for wanted in (5, 60, 150):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], cwd=ROOT,
                                 stdout=subprocess.PIPE, text=True)  # fmt: skip
        with child:
            done.update(child.stdout.readline().strip() for _ in range(wanted))
            child.send_signal(signal.SIGKILL)
            done.update(line.strip() for line in child.stdout if line.endswith("\n"))
        web = CassetteWeb(path)
        for url in done:
            number = int(url.removeprefix("https://p").partition(".")[0])
            assert asyncio.run(web.open(url)) == page(
                f"p{number}", f"Page {number}.\n" * (number % 90) + "End"
            )
        web.close()
    assert len(done) >= 150


def test_every_asked_thing_is_listed():
    """Fails when these tests forget a kind of reply."""
    assert len({*QUERIES, *URLS}) == len(QUERIES) + len(URLS)
