"""robots.txt: what RFC 9309 asks for, whatever a server sends."""

import asyncio
import tracemalloc
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from env.errors import Blocked, TimedOut, WebError
from env.web.fetch.config import FetchConfig
from env.web.fetch.deadline import deadline
from env.web.fetch.robots import LIMIT, LONGEST_GAP, REMEMBERED, UNREADABLE, Robots, relevant
from tests.env.web.fetch.leaping import leap
from tests.env.web.fetch.script import Client

FILE = "https://a.example/robots.txt"
ALL = b"User-agent: *\nDisallow: /\n"


class Site:
    """Robots with scripted answers, and ways to ask it."""

    def __init__(self, answers):
        self.client = Client(answers)
        self.robots = Robots(self._ask, FetchConfig())

    async def _ask(self, url, limit):
        return await self.client.send(str(url))

    async def gap(self, path="/", origin="https://a.example"):
        async with deadline(20, 60) as limit:
            return await self.robots.gap(httpx.URL(origin + path), limit)

    async def allows(self, path="/", origin="https://a.example"):
        try:
            await self.gap(path, origin)
        except Blocked as fault:
            return fault.reason != "robots"
        return True


def allows(path, *answers, **others):
    return leap(Site({FILE: answers, **others}).allows(path))


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        (b"", "/x", True),
        (b"User-agent: *\nDisallow:\n", "/x", True),
        (ALL, "/x", False),
        (ALL, "/robots.txt", True),
        (b"\xef\xbb\xbf" + ALL, "/x", False),
        (ALL.replace(b"\n", b"\r\n"), "/x", False),
        (ALL.replace(b"\n", b"\r"), "/x", False),
        (b"User-agent: other\nDisallow: /\n", "/x", True),
        (b"User-agent: web\nDisallow: /\n", "/x", True),
        (b"User-agent: webqa-news\nDisallow: /\n", "/x", True),
        (b"User-agent: WebQA/1.0\nDisallow: /\n", "/x", False),
        (b"User-agent: webqa\nDisallow: /y\n\n" + ALL, "/x", True),
        (b"User-agent: a\nUser-agent: webqa\nDisallow: /x\n", "/x", False),
        (b"User-agent: webqa\nDisallow: /x\n\nUser-agent: webqa\nDisallow: /y\n", "/x", False),
        (b"User-agent: *\nDisallow: /x\nAllow: /x/open\n", "/x/open", True),
        (b"User-agent: *\nAllow: /x\nDisallow: /x/y\n", "/x/y", False),
        (b"User-agent: *\nDisallow: /x\nAllow: /x\n", "/x", True),
        (b"User-agent: *\nDisallow: /*.gif$\n", "/a.gif", False),
        (b"User-agent: *\nDisallow: /*.gif$\n", "/a.gif?x", True),
        (b"User-agent: *\nDisallow: /caf%C3%A9\n", "/caf%c3%a9", False),
        (b"User-agent: *\nDisallow: /caf\xc3\xa9\n", "/caf%C3%A9", False),
        (b"User-agent: *\nDisallow: /x # all\n", "/x", False),
        (b"<!doctype html><html><body>User-agent: *<p>Disallow: /</body>", "/x", True),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "/x", True),
        (b"Disallow: /\n", "/x", True),
        (ALL + b"#" * (LIMIT - len(ALL)) + b"\nUser-agent: webqa\nAllow: /\n", "/x", False),
        (b"#" * (LIMIT - 26) + b"\nUser-agent: *\nDisallow: /private\n", "/x", True),
        # Takes hours where a rule becomes a regular expression.
        (b"User-agent: *\nDisallow: /" + b"*a" * 2000 + b"b$\n", "/" + "a" * 3000, True),
    ],
)
def test_rules(body, path, expected):
    assert allows(path, {"body": body}) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": 401}, True),
        ({"status": 404}, True),
        ({"status": 429}, True),
        ({"status": 500}, False),
        ({"status": 503}, False),
        ({"status": 304}, False),
        ({"status": 204, "body": b""}, True),
        (WebError("a.example did not speak HTTP", "protocol"), False),
        (WebError("more than 5,000,000 bytes", "size"), False),
        ({"status": 302}, True),
        ({"status": 301, "location": "http://a.example/robots.txt"}, True),
        ({"status": 301, "location": "https://10.0.0.1/robots.txt"}, False),
    ],
)
def test_what_is_there_instead_of_rules(answer, expected):
    assert allows("/x", answer) is expected


@pytest.mark.parametrize("reason", ["name", "address", "connection", "tls", "time"])
def test_a_host_that_cannot_be_reached_is_told_as_such(reason):
    """Fails when a page of a dead host is said to be forbidden by its robots.txt."""

    async def go():
        site = Site({FILE: [WebError("a.example is not there", reason)]})
        for _ in range(2):
            with pytest.raises(WebError, match=r"^a\.example is not there$") as caught:
                await site.gap()
            assert caught.value.reason == reason
        assert len(site.client.asked) == 1

    leap(go())


def chain(length, last):
    """Redirects from one robots.txt to the next, over hosts."""
    places = [FILE, *(f"https://b{n}.example/r" for n in range(length))]
    hops = {here: [{"status": 301, "location": there}] for here, there in pairwise(places)}
    return {**hops, places[-1]: [last]}


def test_five_redirects_are_followed_and_more_are_none():
    assert leap(Site(chain(5, {"body": ALL})).allows()) is False
    assert leap(Site(chain(6, {"body": ALL})).allows()) is True
    assert leap(Site({FILE: [{"status": 302, "location": FILE}]}).allows()) is True


def test_rules_behind_a_redirect_are_also_those_of_where_they_stand():
    async def go():
        to = {"status": 301, "location": FILE}
        site = Site({"http://a.example/robots.txt": [to], FILE: [{"body": ALL}]})
        assert not await site.allows(origin="http://a.example")
        assert not await site.allows()
        assert len(site.client.asked) == 2

    leap(go())


def test_rules_hold_for_a_day_and_failures_for_a_minute():
    async def go():
        site = Site({FILE: [{"status": 500}, {"body": b""}, {"body": ALL}]})
        assert not await site.allows()
        await asyncio.sleep(UNREADABLE - 1)
        assert not await site.allows()
        await asyncio.sleep(2)
        assert await site.allows()
        await asyncio.sleep(REMEMBERED - 1)
        assert await site.allows()
        await asyncio.sleep(2)
        assert not await site.allows()
        assert len(site.client.asked) == 3

    leap(go())


def test_each_origin_has_its_own_rules():
    async def go():
        site = Site({FILE: [{"body": ALL}], "https://a.example:444/robots.txt": [{"body": b""}]})
        assert not await site.allows()
        assert await site.allows(origin="https://a.example:444")

    leap(go())


def test_those_who_ask_at_once_cause_one_request():
    async def go():
        site = Site({FILE: [3]})
        assert all(await asyncio.gather(*(site.allows(f"/{n}") for n in range(50))))
        assert len(site.client.asked) == 1

    leap(go())


def test_a_cancelled_request_is_made_again_by_the_next():
    async def go():
        site = Site({FILE: [3, {"body": b""}]})
        first, second = (asyncio.create_task(site.allows()) for _ in range(2))
        await asyncio.sleep(1)
        first.cancel()
        assert await second
        assert len(site.client.asked) == 2

    leap(go())


def test_a_silent_server_is_asked_once_and_then_left_alone():
    """Fails when all that wait for the same rules wait one after the other."""

    async def go():
        site = Site({FILE: [1000]})
        outcomes = await asyncio.gather(*(site.gap() for _ in range(9)), return_exceptions=True)
        assert [type(each) for each in outcomes] == [TimedOut] + [Blocked] * 8
        assert asyncio.get_running_loop().time() == pytest.approx(1020)
        assert len(site.client.asked) == 1

    leap(go())


@pytest.mark.parametrize(
    ("value", "gap"),
    [("3", 3), ("0.5", 0.5), ("1e9", LONGEST_GAP), ("-1", 0), ("nan", 0), ("soon", 0)],
)
def test_crawl_delay_is_kept_up_to_a_limit(value, gap):
    body = f"User-agent: *\nCrawl-delay: {value}\n".encode()
    assert leap(Site({FILE: [{"body": body}]}).gap()) == gap


def test_a_file_made_to_be_slow_and_large_is_neither():
    """Fails when robots times rules are multiplied: these would be 150 million."""
    names = b"".join(b"User-agent: r%d\n" % n for n in range(10_000))
    names += b"".join(b"\xc2\xa0uSer  Agent r%d\n" % n for n in range(5_000))
    body = names + b"Disallow: /x\n" * 10_000 + ALL
    tracemalloc.start()
    try:
        assert allows("/x", {"body": body}) is False
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()


def test_what_is_remembered_is_bounded():
    async def go():
        rules = b"User-agent: *\n" + b"".join(b"Disallow: /%d*x\n" % n for n in range(25_000))
        site = Site({f"https://h{n}.example/robots.txt": [{"body": rules}] for n in range(5)})
        for n in range(5):
            assert await site.allows(origin=f"https://h{n}.example")
        assert len(site.robots) <= 2
        for n in range(2500):
            await site.allows(origin=f"https://i{n}.example")
        assert len(site.robots) <= 2000

    leap(go())


LINES = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["User-agent: ", "user-agent:", "Disallow: ", "Allow: ", "Crawl-delay:",
                         "Sitemap: ", "# ", "", "User Agent "]),
        st.sampled_from(["*", "webqa", "other", "/x", "/", "/x/y", "", "5", "WebQA/2"]),
        st.sampled_from(["", " ", "# note", "\t"]),
    ),
    max_size=12,
)  # fmt: skip


@given(LINES)
def test_renaming_the_others_changes_nothing_for_us(lines):
    """Fails when the lines left out or renamed made a difference to what we may read."""
    text = "\n".join(lines)
    plain, ours = Protego.parse(text), Protego.parse(relevant(text.encode(), cut=False))
    for path in ("/", "/x", "/x/y"):
        url = f"https://a.example{path}"
        assert plain.can_fetch(url, "webqa") == ours.can_fetch(url, "webqa") or "WebQA/2" in text
    assert plain.crawl_delay("webqa") == ours.crawl_delay("webqa") or "WebQA/2" in text


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_rules(body):
    assert allows("/x", {"body": body}) in (True, False)
