"""The four search services: what they ask, what they make of replies, and their settings."""

import json
from asyncio import run
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.errors import ConfigError
from env.web.live.services import SERVICES
from env.web.live.services.base import Dates
from env.web.live.services.named import is_service, service_named, trusted_by
from env.web.live.services.wanted import ANYTHING, asked, one_line
from tests.env.web.live import fakes
from tests.env.web.live.fakes import ANSWERS, NAMES, PAGES, FakeSender, make


def search(name, answer, query="water", wanted=ANYTHING):
    sender = FakeSender(answer)
    return run(make(name, sender, wanted).search(query)), sender


@pytest.mark.parametrize("name", NAMES)
def test_results_of_the_documented_reply(name):
    """Catches a service whose reply is read at the wrong place."""
    found, _ = search(name, ANSWERS[name]())
    assert [result.title for result in found] == ["Boiling water", "Tea"]
    assert found[0].snippet.startswith("Water boils at 100 °C")
    assert all(result.domain == urlsplit(result.url).hostname for result in found)
    if name != "wikipedia":
        assert [result.url for result in found] == [url for url, *_ in PAGES]


@pytest.mark.parametrize(
    ("title", "path"),
    [
        ("Boiling point", "/wiki/Boiling_point"),
        ("C++", "/wiki/C%2B%2B"),
        ("AC/DC", "/wiki/AC/DC"),
        ("What?", "/wiki/What%3F"),
        ("100% & more", "/wiki/100%25_%26_more"),
        ("Łódź", "/wiki/%C5%81%C3%B3d%C5%BA"),
        ("東京", "/wiki/%E6%9D%B1%E4%BA%AC"),
        ("Mt. Fuji (film)", "/wiki/Mt._Fuji_(film)"),
    ],
)
def test_wikipedia_gives_the_address_that_people_read(title, path):
    """Catches titles that lead to another article or to none."""
    found, _ = search("wikipedia", fakes.wikipedia([("", title, "text")]))
    assert found[0].url == f"https://en.wikipedia.org{path}"
    assert found[0].title == title


def test_wikipedia_snippets_lose_tags_and_keep_text():
    """Catches HTML in what a policy reads."""
    odd = '<span class="searchmatch">a</span> &lt;b&gt; &amp;amp; <i>1 < 2</i> x > y'
    answer = fakes.wikipedia([("", "T", "")])
    answer["query"]["search"][0]["snippet"] = odd
    found, _ = search("wikipedia", answer)
    assert found[0].snippet == "a <b> &amp; 1 < 2 x > y"


@pytest.mark.parametrize("name", ["searxng", "tavily"])
def test_plain_snippets_keep_what_looks_like_tags(name):
    """Catches text between < and > that is lost where the service sends plain text."""
    found, _ = search(name, ANSWERS[name]([("https://a.example/", "T", "if a <b and c> d")]))
    assert found[0].snippet == "if a <b and c> d"


def test_wikipedia_in_another_language_has_another_name_and_host():
    sender = FakeSender(fakes.wikipedia())
    service = service_named("wikipedia:de", sender, environment={})
    found = run(service.search("Wasser"))
    assert service.about.name == "wikipedia:de"
    assert sender.sent[0][1].startswith("https://de.wikipedia.org/w/api.php?")
    assert found[0].url == "https://de.wikipedia.org/wiki/Boiling_water"


@pytest.mark.parametrize("name", NAMES)
def test_the_query_arrives_as_it_is(name):
    """Catches queries that are cut, joined or escaped wrongly."""
    query = "a&b=c #1 + 東京 100%"
    _, sender = search(name, ANSWERS[name](), query)
    method, url, _, content = sender.sent[0]
    if name == "tavily":
        assert (method, json.loads(content)["query"]) == ("POST", query)
    else:
        assert method == "GET"
        assert sender.query["srsearch" if name == "wikipedia" else "q"] == query
    assert len(url) < 4000


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "query", ["word " * 3000, "x" * 9000, "東" * 9000, "😀" * 5000, "a\n\x00b"]
)
def test_any_query_is_cut_to_what_the_service_takes(name, query):
    """Catches URLs and queries longer than the service takes."""
    _, sender = search(name, ANSWERS[name](), query)
    _, url, _, content = sender.sent[0]
    sent = json.loads(content)["query"] if content else sender.query.get("q", "")
    assert len(url) < 4000
    assert len(sent) <= 500
    assert name != "brave" or (len(sent) <= 400 and len(sent.split()) <= 50)
    assert sent or name == "wikipedia"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("query", ["", " \n", "\x00", "\u202e\u200b", "\ud800"])
def test_nothing_is_asked_for_nothing(name, query):
    found, sender = search(name, ANSWERS[name](), query)
    assert (found, sender.sent) == ([], [])


@settings(deadline=None)
@given(st.text(max_size=300), st.integers(1, 40), st.integers(1, 5))
def test_a_cut_query_is_a_start_of_the_query(query, characters, words):
    cut = asked(query, characters, words)
    assert one_line(query).startswith(cut)
    assert len(cut) <= characters
    assert len(cut.split()) <= words
    assert bool(cut) == bool(one_line(query))


DATES = replace(ANYTHING, dates=Dates("2026-11-01", "2026-11-10"))


def test_each_service_keeps_to_dates_as_far_as_it_can():
    """Catches a date filter that is not sent."""
    assert search("brave", fakes.brave(), wanted=DATES)[1].query["freshness"] == (
        "2026-11-01to2026-11-10"
    )
    sent = json.loads(search("tavily", fakes.tavily(), wanted=DATES)[1].sent[0][3])
    assert (sent["start_date"], sent["end_date"]) == ("2026-11-01", "2026-11-10")
    assert search("searxng", fakes.searxng(), wanted=DATES)[1].query["time_range"] == "month"
    assert "freshness" not in search("brave", fakes.brave())[1].query
    assert not SERVICES["wikipedia"].dates


@pytest.mark.parametrize(
    ("dates", "brave", "searxng"),
    [
        (Dates("2026-11-19", ""), "2026-11-19to2026-11-20", "day"),
        (Dates("2026-10-20", ""), "2026-10-20to2026-11-20", "month"),
        (Dates("2025-11-20", ""), "2025-11-20to2026-11-20", "year"),
        (Dates("2020-01-01", ""), "2020-01-01to2026-11-20", None),
        (Dates("", "2020-01-01"), "1990-01-01to2020-01-01", None),
    ],
)
def test_open_ranges(dates, brave, searxng):
    wanted = replace(ANYTHING, dates=dates)
    assert search("brave", fakes.brave(), wanted=wanted)[1].query["freshness"] == brave
    query = search("searxng", fakes.searxng(), wanted=wanted)[1].query
    assert query.get("time_range") == searxng


def test_searxng_leaves_out_what_is_known_to_be_outside_the_dates():
    answer = fakes.searxng([(f"https://{n}.example/", "T", "") for n in range(5)])
    days = ["2026-11-05T10:00:00", "2026-10-31T10:00:00", None, "yesterday", "2026-11-11"]
    for item, day in zip(answer["results"], days, strict=True):
        item["publishedDate"] = day
    found, _ = search("searxng", answer, wanted=DATES)
    assert [result.domain for result in found] == ["0.example", "2.example", "3.example"]


@pytest.mark.parametrize(
    ("name", "wanted", "environment", "words"),
    [
        ("brave", ANYTHING, {}, "BRAVE_API_KEY; keys are given at https://brave.com"),
        ("tavily", ANYTHING, {"TAVILY_API_KEY": " "}, "TAVILY_API_KEY; keys are given at"),
        ("brave", ANYTHING, {"BRAVE_API_KEY": "a\r\nHost: b"}, "holds characters"),
        ("searxng", ANYTHING, {}, "SEARXNG_URL"),
        ("searxng", ANYTHING, {"SEARXNG_URL": "file:///etc/passwd"}, "http"),
        ("searxng", ANYTHING, {"SEARXNG_URL": "http://me:pw@host/"}, "without user name"),
        ("wikipedia:", ANYTHING, {}, "language"),
        ("wikipedia:evil.example/#", ANYTHING, {}, "language code"),
        ("bing", ANYTHING, {}, "expected one of wikipedia, searxng, brave, tavily"),
        ("brave", replace(ANYTHING, dates=Dates("soon")), {"BRAVE_API_KEY": "k"}, "a date like"),
        ("tavily", replace(ANYTHING, dates=Dates("2026-02-01", "2026-01-01")),
         {"TAVILY_API_KEY": "k"}, "in order"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_one_line_at_the_start(name, wanted, environment, words):
    with pytest.raises(ConfigError) as caught:
        service_named(name, FakeSender(b""), wanted, environment)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://localhost/searx/", "localhost:80"),
        ("https://search.example", "search.example:443"),
        ("http://[::1]:8888/search", "[::1]:8888"),
    ],
)
def test_the_client_trusts_the_instance_that_the_user_named_and_no_more(address, host):
    assert trusted_by("searxng", {"SEARXNG_URL": address}) == {host}
    assert trusted_by("brave", {}) == frozenset()


def test_the_table_names_all_services():
    assert tuple(SERVICES) == NAMES
    for name, about in SERVICES.items():
        assert is_service(name)
        assert "https://" in about.terms
    assert not is_service("sample")
