"""The fetcher as a whole, with a scripted client: hops, rules, turns, retries, one deadline."""

import asyncio
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import Blocked, NotFound, TimedOut, WebError
from env.web.fetch.config import FetchConfig
from env.web.fetch.exchange import Fetched
from env.web.fetch.fetcher import Fetcher
from tests.env.web.fetch.leaping import leap, now
from tests.env.web.fetch.script import AT, HTML, QUICK, Client, fetch

A, B = "http://a.example/", "https://b.example/"


def to(location, status=302, **headers):
    return {"status": status, "location": location, **headers}


def told(fault):
    return type(fault), fault.reason, str(fault)


def test_a_document_is_returned():
    _, found = fetch({A: [{"content_type": "text/html"}]})
    assert found == Fetched(A, "text/html", HTML, AT, keep=True)


def test_the_fragment_is_not_asked_for():
    client, found = fetch({A: [{}]}, A + "#part")
    assert (client.asked, found.url) == ([A], A)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://10.0.0.1/", "http://a:b@c.example/"])
def test_what_must_not_be_requested_is_not(url):
    client, fault = fetch({}, url)
    assert isinstance(fault, Blocked)
    assert client.asked == []


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_the_page_is_known_by_where_it_was_in_the_end(status):
    client, found = fetch({A: [to("/x", status)], A + "x": [to(B, status)], B: [{}]})
    assert (found.url, client.asked) == (B, [A, A + "x", B])


def test_a_hop_to_what_must_not_be_requested_is_the_last():
    client, fault = fetch({A: [to("//10.0.0.1/")]})
    assert (type(fault), fault.reason, client.asked) == (Blocked, "address", [A])


def test_five_redirects_are_followed_and_no_more():
    hops = {A + str(n): [to(f"/{n + 1}")] for n in range(6)}
    client, found = fetch({**hops, A + "5": [{}]}, A + "0")
    assert found.url == A + "5"
    client, fault = fetch({**hops, A + "6": [{}]}, A + "0")
    assert told(fault) == (WebError, "redirect", "a.example redirects more than 5 times")
    assert len(client.asked) == 6


def test_a_circle_is_noticed():
    client, fault = fetch({A: [to(A + "x")], A + "x": [to(A)]})
    assert told(fault) == (WebError, "redirect", "a.example redirects in a circle")
    assert len(client.asked) == 2


@pytest.mark.parametrize(
    ("answers", "keep"),
    [
        ({A: [{}]}, True),
        ({A: [to("/x")], A + "x": [{}]}, True),
        ({A: [{"cache_control": "no-store"}]}, False),
        ({A: [to("/x", set_cookie="a=b")], A + "x": [{}]}, False),
        ({A: [to(B)], B: [{}]}, False),
        ({A: [to(B)], B: [to("http://a.example:80/x")], A + "x": [{}]}, None),
        ({A: [to("https://a.example/")], "https://a.example/": [{}]}, False),
        ({A: [to("http://b.example/")], "http://b.example/": [to(A + "x")], A + "x": [{}]}, False),
    ],
)
def test_a_cache_may_keep_what_no_other_origin_had_a_say_in(answers, keep):
    _, found = fetch(answers)
    assert getattr(found, "keep", None) is keep


def test_what_may_pass_is_tried_again():
    for fault in ({"status": 503}, {"status": 429}, WebError("broke", "connection")):
        client, found = fetch({A: [fault, fault, {}]})
        assert isinstance(found, Fetched)
        assert len(client.asked) == 3


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 404},
        {"status": 403},
        WebError("?", "tls"),
        WebError("?", "protocol"),
        TimedOut("?", "time"),
        Blocked("?", "address"),
    ],
)
def test_what_does_not_pass_is_not(fault):
    client, found = fetch({A: [fault, {}]})
    assert isinstance(found, WebError)
    assert len(client.asked) == 1


def test_retries_end():
    client, fault = fetch({A: [{"status": 503}]})
    assert fault.reason == "status"
    assert len(client.asked) == 3
    broke = WebError("the connection to a.example broke", "connection")
    client, fault = fetch({A: [broke]}, config=replace(QUICK, retries=0))
    assert fault is broke
    assert len(client.asked) == 1


def test_retry_after_is_honoured():
    client, found = fetch({A: [{"status": 503, "retry_after": "7"}, {}]})
    assert isinstance(found, Fetched)
    assert 7 <= client.times[1] <= 7.5


@pytest.mark.parametrize("value", ["3600", "999999999999", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_who_asks_for_too_long_is_left_alone(value):
    client, fault = fetch({A: [{"status": 429, "retry_after": value}]})
    assert len(client.asked) == 1
    assert "and asks to wait" in str(fault)


def test_nobody_waits_for_a_retry_beyond_the_deadline():
    config = replace(QUICK, fetch_seconds=5)
    client, fault = fetch({A: [{"status": 503, "retry_after": "6"}]}, config=config)
    assert (fault.reason, client.times) == ("status", [0])


@given(st.lists(st.sampled_from(["0", "-1", "1e9", "3", "10", "11", "soon", ""]), max_size=3),
       st.integers(0, 2**32))  # fmt: skip
def test_whatever_a_server_asks_for_the_fetch_ends_in_time(values, seed):
    answers = [{"status": 503, "retry_after": value} for value in values] or [{"status": 429}]

    async def go():
        fetcher = Fetcher(QUICK, clients=[Client({A: answers})], random=Random(seed))
        with pytest.raises(WebError):
            await fetcher.fetch(A)
        assert now() <= QUICK.fetch_seconds

    leap(go())


@pytest.mark.parametrize(
    ("answers", "url", "host"),
    [
        ({A: [1000]}, A, "a.example"),
        ({A: [to(B)], B: [1000]}, A, "b.example"),
        ({A: [{"status": 503}, 1000]}, A, "a.example"),
    ],
)
def test_one_deadline_for_all(answers, url, host):
    async def go():
        fetcher = Fetcher(QUICK, clients=[Client(answers)])
        with pytest.raises(TimedOut) as caught:
            await fetcher.fetch(url)
        assert now() == pytest.approx(20)
        assert told(caught.value)[1:] == ("time", f"{host} did not answer within 20 seconds")

    leap(go())


def test_six_slow_hops_are_one_fetch():
    """Fails when each hop has a deadline of its own."""

    class Slow(Client):
        async def send(self, url):
            await asyncio.sleep(6)
            return await super().send(url)

    hops = {A + str(n): [to(f"/{n + 1}")] for n in range(5)}
    client, fault = fetch(Slow({**hops, A + "5": [{}]}), A + "0")
    assert fault.reason == "time"
    assert len(client.asked) == 3


def test_waiting_for_a_turn_is_counted_apart():
    async def go():
        client = Client({A: [15]})
        fetcher = Fetcher(replace(QUICK, per_host=1, turn_seconds=40), clients=[client])
        fetches = [fetcher.fetch(f"{A}#{n}") for n in range(4)]
        outcomes = await asyncio.gather(*fetches, return_exceptions=True)
        assert [type(each) for each in outcomes] == [Fetched, Fetched, Fetched, TimedOut]
        assert client.times == [0, 15, 30]
        assert now() == pytest.approx(45)
        assert str(outcomes[3]) == "a.example is busy: no turn within 40 seconds"

    leap(go())


def test_a_turn_is_given_back_between_hops():
    """Fails when a chain from host to host and back can wait for itself, or for another chain."""

    async def go():
        answers = {
            A: [to("http://b.example/1")], "http://b.example/1": [to(A + "2")], A + "2": [{}],
            "http://b.example/": [to(A + "1")], A + "1": [to("http://b.example/2")],
            "http://b.example/2": [{}],
        }  # fmt: skip
        fetcher = Fetcher(replace(QUICK, per_host=1, per_address=1), clients=[Client(answers)])
        urls = [A, "http://b.example/"] * 10
        found = await asyncio.gather(*(fetcher.fetch(url) for url in urls))
        assert len(found) == 20

    leap(go())


def test_limits_hold_over_hosts_and_addresses():
    """50 fetches of one host, and of many hosts on one address."""

    class Counting(Client):
        busy = most = 0

        async def send(self, url):
            self.busy += 1
            self.most = max(self.most, self.busy)
            try:
                await asyncio.sleep(0.5)
                return await super().send(url)
            finally:
                self.busy -= 1

    async def most(urls, **limits):
        client = Counting({url: [{}] for url in urls})
        fetcher = Fetcher(replace(QUICK, **limits), clients=[client])
        await asyncio.gather(*(fetcher.fetch(url) for url in urls))
        return client.most

    one = [f"{A}{n}" for n in range(50)]
    many = [f"http://h{n}.example/" for n in range(50)]
    assert leap(most(one, per_host=2, per_address=4)) == 2
    assert leap(most(many, per_host=2, per_address=4)) == 4
    assert leap(most([each.replace("e/", "e./") for each in one] + one, per_address=9)) == 2


def test_starts_keep_apart_robots_txt_included():
    config = replace(QUICK, ignore_robots=False, host_delay=0.5)
    body = b"User-agent: *\nCrawl-delay: 3\n"

    async def go():
        client = Client({A + "robots.txt": [{"body": body}], A: [{}], A + "x": [to(A)]})
        fetcher = Fetcher(config, clients=[client])
        await fetcher.fetch(A + "x")
        assert client.times == [0, 0.5, 3.5]

    leap(go())


def test_robots_hold_for_each_origin_of_a_chain():
    config = replace(QUICK, ignore_robots=False)
    forbid = {"body": b"User-agent: webqa\nDisallow: /\n"}
    answers = {A: [to(B)], B: [{}], B + "robots.txt": [forbid]}
    client, fault = fetch(answers, config=config)
    assert (type(fault), fault.reason) == (Blocked, "robots")
    assert client.asked == [A + "robots.txt", A, B + "robots.txt"]
    _, found = fetch(answers, config=QUICK)
    assert found.url == B


def test_robots_that_never_answer_do_not_outlast_the_deadline():
    config = replace(QUICK, ignore_robots=False)
    _, fault = fetch({A + "robots.txt": [1000]}, config=config)
    assert told(fault) == (TimedOut, "time", "a.example did not answer within 20 seconds")


def test_hosts_are_shared_out_and_each_keeps_its_client():
    async def go():
        clients = [Client({}) for _ in range(4)]
        fetcher = Fetcher(QUICK, clients=clients)
        for n in range(60):
            with pytest.raises(NotFound):
                await fetcher.fetch(f"http://h{n % 20}.example/{n}")
        hosts = [{url.split("/")[2] for url in client.asked} for client in clients]
        assert sum(len(each) for each in hosts) == 20
        assert all(hosts)
        await fetcher.aclose()
        assert all(client.closed for client in clients)

    leap(go())


def test_by_default_there_are_as_many_clients_as_set():
    async def go():
        fetcher = Fetcher(FetchConfig(clients=3))
        with pytest.raises(Blocked):
            await fetcher.fetch("http://127.0.0.1/")
        await fetcher.aclose()

    asyncio.run(go())


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 30)), min_size=1, max_size=12))
def test_cancelled_fetches_leave_nothing_behind(moments):
    """Fails when a cancelled fetch keeps a turn, a lock or a task."""

    async def go():
        sites = {f"http://{name}.example/": [2, {"status": 503}, to("/x"), 4] for name in "abc"}
        rules = {f"{site}robots.txt": [3, {"status": 500}, {"body": b""}] for site in sites}
        config = FetchConfig(per_host=1, per_address=2)
        fetcher = Fetcher(config, clients=[Client({**sites, **rules})])
        tasks = [asyncio.create_task(fetcher.fetch(f"http://{name}.example/"))
                 for name, _ in moments]  # fmt: skip
        for task, (_, after) in zip(tasks, moments, strict=True):
            asyncio.get_running_loop().call_later(after, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(100)
        found = await asyncio.gather(
            *(fetcher.fetch(f"http://{name}.example/") for name in "abc"), return_exceptions=True
        )
        assert not any(isinstance(each, TimedOut) for each in found)

    leap(go())
