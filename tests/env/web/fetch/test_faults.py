"""Every case of the table of hostile cases, through the real fetcher and the real converters.

Each test fails when the outcome is another than the table says, when something that must not be
reached was connected to, when it took longer than its deadline, or when a task or a file is left.
"""

import asyncio
import gc
import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from env.errors import Blocked
from env.web.conversion import LIVE, Converters
from env.web.fetch.client import Client
from env.web.fetch.config import FetchConfig
from env.web.fetch.names import Resolver, system_resolve
from tests.hostile.case import SITE, Case, expects, name_of
from tests.hostile.cases import CASES, REFUSED
from tests.hostile.names import Detour, Names
from tests.hostile.playing import Stage
from tests.hostile.process import hostile_server
from tests.hostile.server import SECRET

SECONDS = 1.5
"""The deadline where something never ends."""
PATIENT = 30.0
"""The deadline where everything ends, on a busy machine too."""
LATE = 20.0
"""What a busy machine may add; benchmarks/faults.py measures what a quiet one does."""
CONFIG = FetchConfig(contact="tests@hostile.test", fetch_seconds=PATIENT, host_delay=0.0)
TABLE = Path(__file__).parents[4] / "docs" / "faults.md"
HEAVY = re.compile(
    r"nested|attributes|text node|word of|links|angles|comments|accents|of 10 MB|300 MB"
)
"""Documents whose conversion takes a second or more."""
LOOP_FILES = 3
"""Of an event loop, which each test has for itself."""
HIDDEN = re.search(rb"<p>(.*)</p>", SECRET)[1].decode()

SLOW = [case for case in CASES if case.group == "document" and HEAVY.search(case.name)]
ENDLESS = [case for case in CASES if case.outcome == "TimedOut" and case not in SLOW]
QUICK = [case for case in CASES if case not in ENDLESS and case not in SLOW]
VECTORS = [case for case in QUICK if case.group in REFUSED and case.outcome == "Blocked"]


@pytest.fixture(scope="module")
def ports():
    with hostile_server() as ports:
        yield ports


@pytest.fixture(scope="module")
def converters():
    converters = Converters(2)
    yield converters
    asyncio.run(converters.aclose())


@pytest.fixture(scope="module")
def stage(ports, converters):
    return Stage(ports, converters, CONFIG, hurry=True)


@pytest.fixture(scope="module")
def short_stage(ports, converters):
    return Stage(ports, converters, replace(CONFIG, fetch_seconds=SECONDS), hurry=True)


def files():
    return len(os.listdir("/dev/fd"))  # noqa: PTH208


async def left_over(tasks, count):
    """Return what is left of tasks and files once what was closed had a moment to end."""
    for _ in range(500):
        await asyncio.sleep(0)
        gc.collect(0)
        new = asyncio.all_tasks() - tasks
        if not new and files() <= count:
            return 0
        await asyncio.sleep(0.01)
    return new, files() - count


def check(case, played, seconds=PATIENT):
    found = f"{name_of(case)}: {played.outcome} ({played.reason}) {played.message}"
    if not expects(case, played.outcome, played.reason):
        pytest.fail(found)
    assert not played.forbidden, f"{name_of(case)}: connected to {played.forbidden}"
    assert played.seconds < seconds + LATE
    assert (played.outcome == "page") == (not played.message)
    assert len(played.message) < 500
    assert played.message.isprintable()
    if played.page is not None:
        assert HIDDEN not in played.page.text
        assert not (case.lacks and case.lacks in played.page.text)


async def play(stage, case, usual):
    tasks = asyncio.all_tasks()
    check(case, await stage.play(case))
    assert not await left_over(tasks, usual), f"{name_of(case)} leaves tasks or files"


@pytest.fixture(scope="module", autouse=True)
def usual(stage):
    """Return how many files are open while nothing goes on, all workers started."""
    first = Case("warm", "document", SITE + "/page")

    async def both():
        await asyncio.gather(stage.play(first), stage.play(first))

    asyncio.run(both())
    return files() + LOOP_FILES


@pytest.mark.parametrize("case", QUICK, ids=name_of)
async def test_a_case_ends_as_the_table_says(stage, case, usual):
    await play(stage, case, usual)


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW, ids=name_of)
async def test_a_document_that_takes_long_ends_as_the_table_says(stage, case, usual):
    await play(stage, case, usual)


async def test_what_never_ends_is_ended(short_stage, usual):
    tasks = asyncio.all_tasks()
    found = await asyncio.gather(*map(short_stage.play, ENDLESS))
    for case, played in zip(ENDLESS, found, strict=True):
        check(case, played, SECONDS)
    assert not await left_over(tasks, usual), "tasks or files are left"


async def test_a_fetch_given_up_at_any_moment_leaves_nothing(stage, usual):
    """Cancelled where it hurts: in a handshake, a head, a body, a retry, a conversion."""
    tasks = asyncio.all_tasks()
    urls = ("https://mute.test/", SITE + "/half", SITE + "/drip", "http://mute-name.test/",
            "http://silent.test/", SITE + "/endless", SITE + "/bomb?br",
            SITE + "/page")  # fmt: skip
    for moment in (0, 0.001, 0.003, 0.01, 0.03, 0.1):
        fetches = [
            asyncio.ensure_future(stage.play(Case("given up", "transfer", url))) for url in urls
        ]
        await asyncio.sleep(moment)
        for fetch in fetches:
            fetch.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)
    left = await left_over(tasks, usual)
    assert not left


def test_every_way_in_is_refused_before_a_connection(stage):
    """The table must hold enough of them: the count is what docs/faults.md promises."""
    assert len(VECTORS) > 150
    kinds = Counter(case.group for case in VECTORS)
    assert kinds["address"] > 66
    assert all(kinds[group] > 4 for group in REFUSED)


@pytest.mark.parametrize("case", [case for case in VECTORS if case.group == "url"], ids=name_of)
async def test_a_forbidden_url_is_refused_before_any_name_is_looked_up(stage, case):
    played = await stage.play(case)
    assert not played.asked
    assert not played.exchanges


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0", "017700000001"])
async def test_what_the_systems_own_resolver_makes_of_a_spelling_is_vetted(host):
    """With the real getaddrinfo, which reads these as loopback without asking anyone.

    They are refused as URLs already; a redirect or a service might still bring one so far.
    """
    with pytest.raises(Blocked) as caught:
        await Resolver(system_resolve).addresses(host, 80)
    assert caught.value.reason == "address"


async def test_a_name_that_changes_its_address_is_never_followed_inside(ports):
    """Rebinding: however often a name is asked for, only its public address is connected to."""
    names, detour = Names(), Detour(ports)
    for _ in range(6):
        # A client of its own each time, or what it remembers would hide the second answer.
        client = Client(CONFIG, connect=detour, resolve=names.resolve)
        for path in ("page", "hang-up", "page"):
            await asyncio.gather(
                client.send(f"http://flip.test/{path}"),
                client.send(f"http://flip-back.test/{path}"),
                client.send(f"http://flip-mixed.test/{path}"),
                return_exceptions=True,
            )
        await client.aclose()
    assert names.asked["flip.test"] > 5
    assert not detour.forbidden()
    assert detour.asked


async def test_the_environment_counts_for_nothing(ports, stage, monkeypatch, tmp_path):
    """Proxies, credentials and certificates that a machine has set up are not for strangers."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{ports.victim}")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine hostile.test login me password secret\n", encoding="ascii")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    for url in (SITE + "/echo", "https://hostile.test/echo"):
        played = await stage.play(Case("environment", "transfer", url))
        assert played.outcome == "page", played
        assert "authorization" not in played.page.text.lower()
        assert "referer" not in played.page.text.lower()


async def test_nothing_is_brought_along_from_page_to_page(stage):
    """No cookie, no Referer, no credentials, also behind a redirect; a truthful name."""
    case = Case("cookies", "redirect", "https://hostile.test/cookies")
    text = (await stage.play(case)).page.text.lower()
    assert "get /echo" in text
    assert "user-agent: webqa/" in text
    for header in ("cookie:", "referer:", "authorization:", "origin:"):
        assert header not in text


def test_the_workers_have_limits():
    """Some of the documents rely on them."""
    assert LIVE.memory <= 2_000_000_000
    assert LIVE.seconds <= 30


def test_the_names_of_cases_differ():
    assert not [name for name, count in Counter(map(name_of, CASES)).items() if count > 1]


def test_the_table_in_the_documentation_lists_every_case():
    """Fails when a case was added: run `python -m benchmarks.faults`."""
    text = TABLE.read_text(encoding="utf-8")
    found, group = [], ""
    for line in text.splitlines():
        if line.startswith("## "):
            group = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith("| case |"):
            found.append(f"{group}: {line.split(' | ')[0][2:]}")
    escaped = [name_of(case).replace("\\", "\\\\").replace("|", "\\|") for case in CASES]
    assert found == escaped
