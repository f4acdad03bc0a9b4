"""LiveWeb over stand-ins: results, lists of domains, cache, log, identity."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from env.errors import Blocked, DocumentError, NotFound, WebError
from env.records import Link
from env.web.cache import PageCache
from env.web.check import check_page, check_results
from env.web.fetch.config import FetchConfig
from env.web.fetch.exchange import Fetched
from env.web.live.services.base import Dates
from env.web.live.services.wanted import Wanted
from env.web.live.web import LiveWeb
from tests.env.web.live import fakes
from tests.env.web.live.fakes import AT, FakeSender, Scripted, Site, convert, make, result

A, B, C = "https://a.example/", "https://b.example/", "https://sub.b.example/x"
FOUND = [result(A, "A", "word " * 100), result(B), result(C), result("https://c.example:8080/")]
DOCUMENTS = {A: b"Water boils.", B: b"Other text.", C: b"Third."}


class Store(dict):
    """A cache; remembers what was put."""

    def put(self, url, page):
        self[url] = page


def web(*services, documents=DOCUMENTS, convert=convert, **settings):
    return LiveWeb(services or (Scripted(FOUND),), Site(documents), convert, **settings)


def urls(page):
    return [link.url for link in page.links]


async def test_results_make_a_page_as_the_contract_wants_it():
    page = await web().search("boiling water")
    check_results(page)
    assert urls(page) == [A, B, C]
    assert page.text.startswith("A\nword word")
    assert max(map(len, page.text.split("\n"))) <= 300


PIECES = st.lists(
    st.sampled_from([*"<|>s[]/INST ｜［†【】■♦…", "im_end", "\n", "\x1b[3", "é", "e\u0301"]),
    max_size=12,
).map("".join)
TEXTS = st.lists(st.tuples(PIECES, PIECES), min_size=1, max_size=6)


@settings(deadline=None)
@given(TEXTS, st.integers(1, 40))
@example([("a <s", "b <s"), ("[INST", "]")], 40)
def test_whatever_a_service_writes_the_results_page_is_clean(texts, snippet):
    """Catches tokens and marks that arise where two texts meet, or where one is cut."""
    pages = [(f"https://s{n}.example/[INST]", *pair) for n, pair in enumerate(texts)]
    service = make("tavily", FakeSender(fakes.tavily(pages)))
    page = asyncio.run(web(service, snippet=snippet).search("water"))
    check_results(page)
    assert len(page.links) == len(texts)


async def test_a_result_that_comes_twice_is_shown_once():
    page = await web(Scripted([result(A, "first"), result(B), result(A, "again")])).search("water")
    assert urls(page) == [A, B]
    assert page.text.startswith("first")


async def test_no_more_results_and_characters_than_asked_for():
    page = await web(results=1, snippet=50).search("water")
    assert urls(page) == [A]
    assert page.text == "A\n" + "word " * 9 + "word…"


@pytest.mark.parametrize("query", ["", "  ", "\x00", "\u202e\u200b"])
async def test_nobody_is_asked_for_nothing(query):
    service = Scripted(WebError("asked", "service"))
    page = await web(service).search(query)
    check_results(page)
    assert (page.links, page.text, service.asked) == ((), "No results.", [])


LISTS = [
    ({}, [A, B, C]),
    ({"deny_domain": ("b.example",)}, [A]),
    ({"allow_domain": ("b.example",)}, [B, C]),
    ({"allow_domain": ("b.example",), "deny_domain": ("sub.b.example",)}, [B]),
]


@pytest.mark.parametrize(("lists", "left"), LISTS)
async def test_the_lists_of_domains_hold_for_results_and_for_pages(lists, left):
    """Catches a domain that is hidden in one place and open in the other."""
    live = web(config=FetchConfig(**lists))
    assert urls(await live.search("water")) == left
    for url in (A, B, C):
        if url in left:
            assert (await live.open(url)).url == url
        else:
            with pytest.raises(Blocked) as caught:
                await live.open(url)
            assert caught.value.reason == "filter"
    assert live._fetcher.fetched == left


async def test_results_that_could_not_be_opened_are_not_shown():
    odd = ["http://127.0.0.1/", "http://2130706433/", "https://c.example:22/", "http://localhost/"]
    live = web(Scripted([result(url) for url in odd] + [result(A)]))
    assert urls(await live.search("water")) == [A]


async def test_what_failed_or_was_hidden_on_the_way_is_told():
    """Fails when another service answers, or results are hidden, and nobody learns why."""
    told = []
    first = Scripted(WebError("the key is refused", "key"), name="brave")
    second = Scripted([result(A), result("http://10.0.0.1/")], name="tavily")
    await web(first, second, watch=told.append).search("water")
    assert told[0].source == "tavily"
    assert "brave: the key is refused; 1 result hidden, such as: not connected" in told[0].message


@pytest.mark.parametrize(
    "url",
    ["not a url", "http://[", "file:///etc/passwd", "search:water", "data:text/html,x", "http://",
     "http://127.0.0.1/", "https://user@a.example/", "https://a.example/\ud800", "x" * 10_000],
)  # fmt: skip
async def test_what_is_no_address_of_the_web_is_refused_before_fetching(url):
    live = web()
    with pytest.raises(WebError) as caught:
        await live.open(url)
    assert caught.value.reason in ("url", "address")
    assert live._fetcher.fetched == []


async def test_no_address_is_no_page():
    with pytest.raises(NotFound):
        await web().open("")


async def test_a_page_says_when_it_was_fetched():
    page = await web().open(A)
    check_page(page)
    assert (page.retrieved_at, page.text) == (AT, "Water boils.")


async def test_pages_never_keep_links_into_this_machine():
    """Catches a page of the web that leads into the files of the machine."""

    async def with_links(fetched):
        page = await convert(fetched)
        links = [
            Link(0, 0, 2, "file:///etc/passwd", "local"),
            Link(1, 2, 4, B, "b.example"),
            Link(2, 4, 5, "search:x", ""),
        ]
        return replace(page, links=tuple(links))

    page = await web(convert=with_links).open(A)
    check_page(page)
    assert urls(page) == [B]


async def test_a_document_that_cannot_be_read_is_a_typed_error():
    async def fail(fetched):
        raise DocumentError("no text:\n【1†x】 " + "x" * 900)

    with pytest.raises(WebError) as caught:
        await web(convert=fail).open(A)
    assert caught.value.reason == "conversion"
    assert len(str(caught.value)) < 400


async def test_the_cache_is_asked_first_and_keeps_what_may_be_kept():
    cache = Store()
    live = web(cache=cache)
    first = await live.open(A)
    assert (cache, await live.open(A), live._fetcher.fetched) == ({A: first}, first, [A])
    assert (await live.open(A + "#part")) == first


async def test_what_may_not_be_kept_is_not_kept():
    class Private(Site):
        async def fetch(self, url):
            return replace(await super().fetch(url), keep=False)

    cache = Store()
    live = LiveWeb((Scripted(FOUND),), Private(DOCUMENTS), convert, cache=cache)
    await live.open(A)
    assert cache == {}


@pytest.mark.parametrize("permit", ["a.example", "A.example.:443"])
async def test_a_page_that_a_permit_opened_is_kept_for_those_with_the_permit(permit, tmp_path):
    """Catches a page of the intranet that a stranger's page can show when the permit is gone."""
    cache = PageCache(tmp_path)
    permitted = FetchConfig(allow_host=(permit,))
    home = {A: b"Secret."}
    await web(documents=home, cache=cache, config=permitted).open(A)
    again = web(cache=cache, config=permitted)
    assert ((await again.open(A)).text, again._fetcher.fetched) == ("Secret.", [])
    assert (await web(cache=cache).open(A)).text == "Water boils."
    cache.close()


async def test_a_page_from_the_cache_passes_the_lists_too():
    """Catches a cache filled under other settings, or behind a redirect, that opens a domain."""
    page = await web().open(B)
    live = web(cache=Store({A: page, B: page}), config=FetchConfig(deny_domain=("b.example",)))
    with pytest.raises(Blocked):
        await live.open(B)
    assert (await live.open(A)).url == A


async def test_a_page_that_came_over_http_does_not_stand_for_https():
    """Catches a cache through which somebody on the way to one page decides what another shows."""
    insecure = "http://a.example/"
    cache = Store({A: await web(documents={insecure: b"Forged."}).open(insecure)})
    assert (await web(cache=cache).open(A)).text == "Water boils."


async def test_everything_is_told_with_its_reason():
    """Catches a search or a page that leaves no trace in the log."""
    told = []
    ticks = iter(range(1_700_000_000, 1_800_000_000))
    failing = Scripted(FOUND, WebError("tavily refused the key", "key"), name="tavily")
    live = web(failing, watch=told.append, cache=Store(), clock=lambda: float(next(ticks)))
    await live.search("wa\nter")
    for _ in range(2):
        await live.open(A)
    calls = [live.search("tea"), live.search(""), live.open("https://gone.example/"),
             live.open("http://10.0.0.1/"), live.open("")]  # fmt: skip
    for call in calls:
        await asyncio.gather(call, return_exceptions=True)
    seen = [(v.call, v.asked, v.source, v.outcome, v.reason, v.bytes) for v in told]
    assert seen == [
        ("search", "wa ter", "tavily", "page", "", 0),
        ("open", A, "a.example", "page", "", 12),
        ("open", A, "cache", "page", "", 0),
        ("search", "tea", "", "WebError", "key", 0),
        ("search", "", "", "page", "", 0),
        ("open", "https://gone.example/", "gone.example", "NotFound", "missing", 0),
        ("open", "http://10.0.0.1/", "10.0.0.1", "Blocked", "address", 0),
        ("open", "", "", "NotFound", "url", 0),
    ]
    assert told[0].at == "2023-11-14T22:13:20.000+00:00"
    assert all(visit.seconds > 0 and (visit.message or not visit.reason) for visit in told)


async def test_the_identity_tells_webs_apart_and_holds_no_key():
    sender = FakeSender(fakes.brave())
    plain = web(make("brave", sender)).identity
    assert plain == web(make("brave", sender, key="another")).identity
    others = [
        web(make("tavily", sender)),
        web(make("brave", sender), make("tavily", sender)),
        web(make("brave", sender, Wanted(language="de"))),
        web(make("brave", sender, Wanted(dates=Dates("2026-01-01")))),
        web(make("wikipedia", sender, Wanted(language="de"))),
        web(make("brave", sender), results=5),
        web(make("brave", sender), config=FetchConfig(deny_domain=("a.example",))),
    ]
    hashes = {plain.sha256, *(other.identity.sha256 for other in others)}
    assert (plain.kind, len(hashes)) == ("live", len(others) + 1)


async def test_a_redirected_page_keeps_the_address_where_it_was_found():
    class Moved(Site):
        async def fetch(self, url):
            self.fetched.append(url)
            return Fetched(B, "text/plain", b"Moved here.", AT, False)

    live = LiveWeb((Scripted(FOUND),), Moved({}), convert)
    assert (await live.open(A)).url == B
