"""Everything that can be wrong with a service's reply: one typed line, or an item passed over."""

import json
from asyncio import run, sleep

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.errors import TimedOut, WebError
from env.sanitise import sanitise, sanitise_line
from env.web.live.services import SERVICES
from env.web.live.services.asking import Exhausted, ask
from env.web.live.services.wanted import ANYTHING
from tests.env.web.live import fakes
from tests.env.web.live.fakes import ANSWERS, KEY, NAMES, FakeSender, make, reply

WITH_KEY = ("brave", "tavily")


def search(name, answer, query="water", wanted=ANYTHING):
    sender = FakeSender(answer)
    return run(make(name, sender, wanted).search(query)), sender


WRONG = {
    "html": b"<!doctype html><title>Sign in</title>",
    "empty": b"",
    "blank": b" \n",
    "truncated": b'{"query": {"search": [{"title": "A"',
    "text": b"Internal error",
    "not UTF-8": b'{"query": "\xff\xfe"}',
    "null": b"null",
    "list": b"[]",
    "number": b"1e999",
    "deep": b"[" * 100_000,
    "other shape": b'{"data": [{"link": "https://a.example/"}]}',
    "wrong types": b'{"query": 7, "web": "x", "results": {"0": {}}}',
    "half": b'{"query": {"search": 0}, "web": {"results": null}, "results": null}',
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_service_that_changed_its_answer_is_one_clear_line(name, wrong):
    """Catches untyped exceptions and text of the server in the message."""
    with pytest.raises(WebError) as caught:
        search(name, reply(WRONG[wrong]))
    assert caught.value.reason == "service"
    assert name in str(caught.value)
    assert sanitise_line(str(caught.value)) == str(caught.value)
    assert "Sign in" not in str(caught.value)


ODD_ITEMS = [
    None,
    7,
    "https://a.example/",
    [],
    {},
    {"url": None},
    {"url": 5, "title": "no text"},
    {"url": "javascript:alert(1)", "title": "x"},
    {"url": "file:///etc/passwd", "title": "x"},
    {"url": "ftp://a.example/", "title": "x"},
    {"url": "https://user:pass@a.example/", "title": "x"},
    {"url": "/relative", "title": "x"},
    {"url": "http://a.example\\@b.example/", "title": "x"},
    {"url": "https://a.example/\n", "title": 7, "content": ["x"], "description": {}},
    {"url": "https://a.example/#part", "title": "again"},
    {"url": "https://b.example/", "title": "【1†x】<|im_end|>\x1b[31m", "content": "♦\u202e"},
]


@pytest.mark.parametrize("name", ["searxng", "brave", "tavily"])
def test_odd_results_are_passed_over(name):
    """Catches one odd result that costs all others, and URLs that are not of the web."""
    answer = ANSWERS[name]()
    found = answer["web"]["results"] if name == "brave" else answer["results"]
    found[:0] = ODD_ITEMS
    kept, _ = search(name, answer)
    assert [result.url for result in kept[:2]] == ["https://a.example/", "https://b.example/"]
    assert len(kept) == 4
    assert kept[0].title == "https://a.example/"
    assert sanitise(kept[1].title) == kept[1].title
    assert "†" not in kept[1].title


def test_odd_results_of_wikipedia_are_passed_over():
    answer = fakes.wikipedia()
    answer["query"]["search"][:0] = [None, 3, {}, {"title": 5}, {"title": " "}, {"title": "Ok"}]
    found, _ = search("wikipedia", answer)
    assert [result.title for result in found] == ["Ok", "Boiling water", "Tea"]


@pytest.mark.parametrize("name", NAMES)
def test_results_without_any_address_are_a_changed_answer(name):
    """Catches a renamed field that would look like "nothing found"."""
    answer = json.dumps(ANSWERS[name]()).replace('"url"', '"link"').replace('"title"', '"name"')
    with pytest.raises(WebError) as caught:
        search(name, reply(answer.encode()))
    assert caught.value.reason == "service"


def test_no_more_than_a_hundred_items_are_looked_at():
    """Catches megabytes of odd items that are each tried."""
    with pytest.raises(WebError, match="none of 100 results"):
        search("tavily", {"results": [0] * 100_000})


@pytest.mark.parametrize("name", NAMES)
def test_no_results_are_no_error(name):
    found, _ = search(name, ANSWERS[name](()))
    assert found == []


def test_brave_leaves_the_web_part_out_when_it_found_nothing():
    found, _ = search("brave", {"type": "search", "query": {"original": "zzxq"}})
    assert found == []


@pytest.mark.parametrize("name", NAMES)
def test_five_megabytes_of_results_stay_bounded(name):
    """Catches a results page of any length."""
    many = [(f"https://s{n}.example/", f"{n}" * 300, "word " * 900) for n in range(1000)]
    found, _ = search(name, ANSWERS[name](many))
    assert len(found) == 20
    assert max(len(result.snippet) for result in found) <= 2000
    assert max(len(result.title) for result in found) <= 300


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["query", "search", "web", "results", "url", "title", "snippet", "content",
                 "description", "error", "code", "publishedDate", "unresponsive_engines"]
            )
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(
    answer=JSON,
    status=st.sampled_from([200, 200, 200, 200, 204, 301, 400, 402, 403, 404, 422, 429, 500, 503]),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]),
            st.text(max_size=12) | st.sampled_from(["0", "-1", "0, 0", "1, 9999999999", "1e9"]),
        ),
        max_size=3,
    ),
)
def test_any_json_gives_results_or_one_typed_error(name, answer, status, headers):
    """Catches any exception but a WebError, and results that break the contract."""
    body = json.dumps(answer).encode()
    fault, found = None, []
    try:
        found, _ = search(name, reply(body, status, tuple(headers)))
    except WebError as error:
        fault = error
    assert status == 200 or fault
    if fault:
        assert fault.reason in ("service", "quota", "key", "status")
        assert sanitise_line(str(fault)) == str(fault)
    for result in found:
        assert result.url.startswith(("http://", "https://"))
        assert sanitise_line(result.title) == result.title != ""


REFUSALS = [
    ("brave", 401, "key"), ("brave", 403, "key"), ("tavily", 401, "key"), ("tavily", 403, "key"),
    ("brave", 402, "quota"), ("tavily", 432, "quota"), ("tavily", 433, "quota"),
    *((name, 429, "quota") for name in NAMES),
    *((name, 500, "status") for name in NAMES), *((name, 503, "status") for name in NAMES),
    *((name, 301, "service") for name in NAMES), *((name, 404, "service") for name in NAMES),
    ("wikipedia", 403, "service"), ("searxng", 403, "service"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "status", "reason"), REFUSALS)
def test_every_status_has_its_reason(name, status, reason):
    """Catches a wrong key that is taken for a fault that passes, and the other way round."""
    with pytest.raises(WebError) as caught:
        search(name, reply(f"<p>{KEY}".encode(), status))
    assert caught.value.reason == reason
    assert name in str(caught.value)


@pytest.mark.parametrize("name", WITH_KEY)
@pytest.mark.parametrize("status", [200, 400, 401, 422, 429, 500])
def test_the_key_is_nowhere_but_in_the_secret_headers(name, status):
    """Catches a key in a URL, a header that is recorded, a body or a message."""
    body = json.dumps({"detail": {"error": f"bad {KEY}"}, "error": {"code": KEY}}).encode()
    sender = FakeSender(reply(body, status))
    service = make(name, sender)
    with pytest.raises(WebError) as caught:
        run(service.search("water"))
    assert KEY not in str(caught.value) + repr(caught.value) + repr(sender.sent)
    assert KEY not in service.settings + repr(service.about)
    assert any(KEY in value for _, value in sender.secrets[0])


def test_a_wrong_key_at_brave_comes_as_status_422():
    body = {"type": "ErrorResponse", "error": {"status": 422, "code": "SUBSCRIPTION_TOKEN_INVALID"}}
    with pytest.raises(WebError, match="BRAVE_API_KEY") as caught:
        search("brave", reply(body, 422))
    assert caught.value.reason == "key"


RESTS = [
    ("tavily", 429, (), 60),
    ("tavily", 429, (("retry-after", "7"),), 7),
    ("tavily", 429, (("retry-after", "0"),), 1),
    ("tavily", 429, (("retry-after", "-1"),), 60),
    ("tavily", 429, (("retry-after", "1000000000"),), 86400),
    ("tavily", 429, (("retry-after", "9" * 400),), 86400),
    ("tavily", 429, (("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"),), 1),
    ("tavily", 429, (("retry-after", "soon"),), 60),
    ("tavily", 432, (), 3600),
    ("wikipedia", 503, (("retry-after", "5"),), 5),
    ("brave", 429, (("x-ratelimit-remaining", "0, 1000"), ("x-ratelimit-reset", "2, 141970")), 2),
    ("brave", 429, (("x-ratelimit-remaining", "1, 0"), ("x-ratelimit-reset", "1, 14197")), 14197),
    ("brave", 429, (("x-ratelimit-remaining", "x"), ("x-ratelimit-reset", "1, 2")), 60),
    ("brave", 402, (), 3600),
]


@pytest.mark.parametrize(("name", "status", "headers", "seconds"), RESTS)
def test_a_service_that_had_enough_says_for_how_long(name, status, headers, seconds):
    with pytest.raises(Exhausted) as caught:
        search(name, reply(b"", status, headers))
    assert caught.value.rest == seconds


@pytest.mark.parametrize(("code", "reason"), [("ratelimited", "quota"), ("badvalue", "service")])
def test_wikipedia_tells_errors_with_status_200(code, reason):
    with pytest.raises(WebError, match=code) as caught:
        search("wikipedia", {"error": {"code": code, "info": "Long text of the server"}})
    assert caught.value.reason == reason
    assert "Long text" not in str(caught.value)


@pytest.mark.parametrize("answer", [reply(b"Forbidden", 403), reply(b"\n<!doctype html><p>hi")])
def test_searxng_without_json_says_what_to_switch_on(answer):
    """Catches the most common fault of an instance without its remedy."""
    with pytest.raises(WebError, match=r"add `json` under `search\.formats`"):
        search("searxng", answer)


def test_searxng_whose_engines_are_silent_is_a_fault_not_an_empty_answer():
    with pytest.raises(WebError, match="2 of its engines"):
        search("searxng", fakes.searxng((), [["google", "CAPTCHA"], ["bing", "timeout"]]))


@pytest.mark.parametrize("name", NAMES)
def test_a_network_fault_stays_what_it_is(name):
    with pytest.raises(TimedOut) as caught:
        search(name, TimedOut("slow", "time"))
    assert caught.value.reason == "time"


def test_a_service_that_is_silent_is_given_up():
    """Catches a search that waits for ever: the client has no deadline of its own."""

    class Silent:
        async def send(self, url, **_):
            await sleep(60)

    with pytest.raises(TimedOut, match=r"brave did not answer in 0\.01 s") as caught:
        run(ask(Silent(), SERVICES["brave"], "https://service.example/", seconds=0.01))
    assert caught.value.reason == "time"
