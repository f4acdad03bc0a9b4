"""One exchange: what is sent, what is recorded, what is refused, and that nothing stays open."""

import asyncio
import gc
import gzip
import tracemalloc
from functools import partial

import pytest

from env.errors import Blocked, ConfigError, NotFound, TooLarge, WebError
from env.version import VERSION
from env.web.fetch.client import Client
from env.web.fetch.config import DEFAULT, FetchConfig
from env.web.fetch.exchange import Exchange
from tests.env.web.fetch.wires import PUBLIC, Watched, client_of, reply

URL = "http://a.example/page?q=1#part"


def always(data):
    return lambda head, writer: data


async def fault(answer, kind, reason, **settings):
    """Send one request to a server, and tell that its fault is what is expected."""
    async with client_of(answer, **settings) as (client, watched), asyncio.timeout(10):
        with pytest.raises(WebError) as caught:
            await client.send(URL)
        assert await watched.open_now() == 0
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


async def test_an_exchange_as_it_crossed_the_network():
    seen, heard = [], []

    def answer(head, writer):
        seen.append(head)
        return reply(gzip.compress(b"hello"), "Content-Encoding: gzip", "X-A:  caf\xe9 ")

    async with client_of(answer, heard=heard.append, contact="me@a.example") as (client, watched):
        got = await client.send(
            URL, headers=(("accept", "text/x"), ("x-b", "c")), secret=(("x-key", "hidden"),)
        )
    assert got.content == b"hello"
    exchange = got.exchange
    assert heard == [exchange]
    assert exchange.url == "http://a.example/page?q=1"
    assert (exchange.status, exchange.phrase, exchange.version) == (200, "OK", "HTTP/1.1")
    assert gzip.decompress(exchange.body) == b"hello"
    assert exchange.headers[1:] == (("content-encoding", "gzip"), ("x-a", "café"))
    assert exchange.address == PUBLIC
    assert exchange.at.endswith("+00:00")
    assert watched.asked == [(PUBLIC, 80)]
    sent = dict(line.split(": ", 1) for line in seen[0].decode().strip().split("\r\n")[1:])
    assert {name.lower() for name in sent} == {
        "host", "user-agent", "accept", "accept-language", "accept-encoding", "x-b", "x-key"
    }  # fmt: skip
    assert seen[0].startswith(b"GET /page?q=1 HTTP/1.1\r\n")
    told = dict(exchange.request_headers)
    assert told["user-agent"] == f"webqa/{VERSION} (+me@a.example)"
    assert told["accept"] == "text/x"
    assert "x-key" not in told
    assert "hidden" not in repr(exchange)


@pytest.mark.parametrize("packed", [False, True])
async def test_a_reply_that_repeats_the_key_is_not_told(packed):
    """Fails when a server can write a user's key into a cassette by sending it back."""
    heard = []

    async def answer(head, writer):
        key = head.split(b"Bearer ")[1].split(b"\r\n")[0]
        body = b'{"error": "bad key ' + key + b'"}'
        return reply(gzip.compress(body), "Content-Encoding: gzip") if packed else reply(body)

    async with client_of(answer, heard=heard.append) as (client, _):
        got = await client.send(URL, secret=(("authorization", "Bearer k-1234"),))
        assert b"k-1234" in got.content
    assert heard == []


async def test_a_post_carries_its_content():
    async def answer(head, writer):
        return reply(head.split(b"\r\n")[0] + (b" 4" if b"ontent-Length: 4" in head else b""))

    async with client_of(answer) as (client, _):
        got = await client.send(URL, method="POST", content=b"\r\n\r\n")
    assert got.content == b"POST /page?q=1 HTTP/1.1 4"
    assert got.exchange.request_body == b"\r\n\r\n"


async def test_no_cookie_and_no_credential_is_ever_kept(tmp_path, monkeypatch):
    """Fails when a variable of the environment or a reply changes what is sent, and where."""
    (tmp_path / "netrc").write_text("machine a.example login me password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    seen = []

    def answer(head, writer):
        seen.append(head.lower())
        return reply(b"a", "set-cookie: a=b")

    async with client_of(answer) as (client, watched):
        for _ in range(2):
            await client.send(URL)
    assert watched.asked == [(PUBLIC, 80)]
    assert not [head for head in seen if b"cookie" in head or b"authorization" in head]


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "404 Not Found", "500 ", "299 x"])
async def test_any_status_is_a_reply(status):
    async with client_of(always(reply(b"" if "204" in status else b"x", status=status))) as (c, _):
        got = await c.send(URL)
    assert got.exchange.status == int(status[:3])


async def test_the_body_of_a_redirect_is_not_read():
    """Fails when a redirect can carry a bomb, or gigabytes."""
    head = b"HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-encoding: bomb\r\n"
    async with client_of(always(head + b"content-length: 999999999999\r\n\r\nabc")) as (client, w):
        got = await client.send(URL)
        assert await w.open_now() == 0
    assert (got.exchange.status, got.exchange.body, got.content) == (302, b"", b"")
    assert dict(got.exchange.headers)["location"] == "/b"


async def test_an_exchange_whose_body_cannot_be_unpacked_is_told_all_the_same():
    """Fails when a recording lacks just the reply that one wants to look into."""
    heard = []
    broken = always(reply(b"no gzip", "content-encoding: gzip"))
    async with client_of(broken, heard=heard.append) as (client, _):
        with pytest.raises(WebError, match="no whole gzip"):
            await client.send(URL)
    assert [exchange.body for exchange in heard] == [b"no gzip"]


async def test_connections_are_used_again_and_bounded():
    working = most = 0

    async def answer(head, writer):
        nonlocal working, most
        working += 1
        most = max(most, working)
        await asyncio.sleep(0.001)
        working -= 1
        return reply(b"x" * 3000)

    async with client_of(answer, connections=4) as (client, watched):
        await asyncio.gather(*(client.send(f"http://{n % 3}.example/{n}") for n in range(60)))
        assert most <= 4
        assert len(watched.asked) < 60
        assert len(client._transport._pool.connections) <= 4
    assert await watched.open_now() == 0


async def test_a_request_leaves_nothing_in_memory():
    """Fails when a request keeps itself alive, as a task and its context can."""
    async with client_of(always(reply(b"x"))) as (client, _):
        for count in (50, 200):
            gc.collect()
            before = len(gc.get_objects())
            for _ in range(count):
                await client.send(URL)
        gc.collect()
        assert len(gc.get_objects()) - before < 100


@pytest.mark.parametrize(
    ("sent", "kind", "reason"),
    [
        # The head.
        (b"", WebError, "connection"),
        (b"HTTP/1.1 200", WebError, "connection"),
        (b"hello, this is HTTP 0.9\r\n\r\n", WebError, "protocol"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", WebError, "protocol"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", WebError, "protocol"),
        (b"HTTP/1.1 200 OK\r\na\x00b: c\r\n\r\n", WebError, "protocol"),
        (b"HTTP/1.1 200 OK\r\n\x1b[31m\xff: c\r\n\r\n", WebError, "protocol"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"\r\n", TooLarge, "size"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100_000, TooLarge, "size"),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000 + b"\r\n\r\n", TooLarge, "size"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, TooLarge, "size"),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", WebError, "protocol"),
        # The length.
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort", WebError, "connection"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nx", WebError, "protocol"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx", WebError,
         "protocol"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1e3\r\n\r\nx", WebError, "protocol"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nx", TooLarge, "size"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\nx", TooLarge, "size"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001, TooLarge, "size"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 900_000, TooLarge, "size"),
        # Chunks.
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello", WebError,
         "connection"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello", WebError,
         "protocol"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\nhello", WebError,
         "protocol"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8000000000000000\r\nx", WebError,
         "connection"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1;" + b"e" * 200_000,
         WebError, "protocol"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1;eeeeeeee\r\nx\r\n" * 9000,
         TooLarge, "size"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 50_000,
         WebError, "protocol"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nx", WebError, "protocol"),
        # The content.
        (reply(b"no gzip at all", "content-encoding: gzip"), WebError, "encoding"),
        (reply(gzip.compress(b"hello")[:-4], "content-encoding: gzip"), WebError, "encoding"),
        (reply(b"x", *["content-encoding: gzip"] * 40), WebError, "encoding"),
        (reply(b"x", "content-encoding: \xff\x1b"), WebError, "encoding"),
        (reply(b"x", "content-encoding: lzma"), WebError, "encoding"),
        (reply(gzip.compress(bytes(1001)), "content-encoding: gzip"), TooLarge, "size"),
    ],
)  # fmt: skip
async def test_what_servers_get_wrong_is_typed_and_leaves_nothing_open(sent, kind, reason):
    """Fails when a fault escapes untyped, hangs, keeps a socket, or passes for a page."""

    def answer(head, writer):
        writer.write(sent)
        return False

    await fault(answer, kind, reason, page_bytes=1000)


async def test_a_server_that_resets():
    def answer(head, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx")
        writer.transport.abort()

    await fault(answer, WebError, "connection")


async def test_a_bomb_costs_no_memory():
    """Fails when 1.8 kB on the wire become more than a few times the limit in memory."""
    bomb = gzip.compress(gzip.compress(bytes(300_000_000)))
    assert len(bomb) < 3000
    answer = always(reply(bomb, "content-encoding: gzip, gzip"))
    async with client_of(answer) as (client, _):
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge):
                await client.send(URL)
            assert tracemalloc.get_traced_memory()[1] < 16_000_000
        finally:
            tracemalloc.stop()


async def test_reading_stops_at_the_limit_whatever_the_server_has_left():
    """Fails when a connection is drained, or more than the limit is taken from it."""
    written = 0

    async def answer(head, writer):
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while written < 500_000_000:
            writer.write(bytes(65_536))
            await writer.drain()
            written += 65_536

    await fault(answer, TooLarge, "size", page_bytes=1_000_000)
    # What the kernel and asyncio hold on both sides comes on top.
    assert written < 30_000_000


PNG = b"\x89PNG\r\n\x1a\n" + bytes(5000)


def typed(kind, body, *more, status="200 OK"):
    return always(reply(body, f"content-type: {kind}", *more, status=status))


@pytest.mark.parametrize("kind", ["image/png", "Video/mp4; codecs=x", "audio/mpeg", "font/woff2"])
async def test_a_picture_is_not_read_to_its_end(kind):
    """Fails when a link to a film costs megabytes before it is found to be no page."""
    written = 0

    async def answer(head, writer):
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n\r\n" % kind.encode() + PNG)
        while written < 400_000_000:
            writer.write(bytes(65_536))
            await writer.drain()
            written += 65_536

    # The limit is far beyond what is written before the type is seen.
    await fault(answer, WebError, "type", page_bytes=200_000_000)
    assert written < 60_000_000


@pytest.mark.parametrize(
    "answer",
    [
        typed("image/png", b"<html><p>" + b"A page all the same. " * 100),
        typed("image/png", b"%PDF-1.7 " + PNG),
        typed("image/svg+xml", b"Only words, " * 200),
        typed("text/html", PNG),
        typed("image/png", PNG, status="404 Not Found"),
        typed("image/png", gzip.compress(PNG, 0), "content-encoding: gzip"),
        typed("image/png", PNG[:1000]),
    ],
)
async def test_what_may_be_a_document_or_tell_more_is_read(answer):
    """Fails when a wrong type costs a page, or a missing page is told as one of a wrong type."""
    async with client_of(answer) as (client, _):
        assert len((await client.send(URL)).content) >= 1000


async def test_tiny_chunks_are_not_taken_for_long():
    """Fails when a server can keep our processor busy for seconds with a few megabytes."""
    written = 0

    async def answer(head, writer):
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while written < 10_000_000:
            writer.write(b"2\r\nab\r\n" * 9000)
            await writer.drain()
            written += 63_000

    await fault(answer, TooLarge, "size")
    assert written < 5_000_000


async def test_a_header_that_cannot_be_sent_is_not_told():
    """Fails when a key with a stray character is printed in an error."""
    async with client_of(always(reply())) as (client, _):
        for value in ("se\ncret", "secret\u20ac", "secret\x00", " secret"):
            with pytest.raises(WebError) as caught:
                await client.send(URL, secret=(("x-key", value),))
            assert "cret" not in str(caught.value)
            assert caught.value.reason == "protocol"


async def test_home_is_permitted_only_by_name_and_port():
    async def home(host, port):
        return ["127.0.0.1"]

    async with client_of(always(reply(b"x"))) as (_, watched):
        for trusted, url in (
            (frozenset({"search.home:8888"}), "http://search.home:8888/"),
            (frozenset(), "http://search.home:8889/"),
        ):
            config = FetchConfig(allow_host=("search.home:8889",))
            client = Client(config, resolve=home, connect=watched, trusted=trusted)
            assert (await client.send(url)).content == b"x"
            assert await client.addresses(url) == ("127.0.0.1",)
            for refused in ("http://search.home/", "http://a.home/", "http://search.home:81/"):
                with pytest.raises(Blocked):
                    await client.send(refused)
                with pytest.raises(Blocked):
                    await client.addresses(refused)
            await client.aclose()
    assert watched.asked == [("127.0.0.1", 8888), ("127.0.0.1", 8889)]


async def test_nothing_is_connected_to_before_all_is_judged():
    watched = Watched()
    client = Client(DEFAULT, resolve=rebound(["10.0.0.1", PUBLIC]), connect=watched)
    for url in ("http://a.example/", "http://127.0.0.1/", "http://a.example:22/", "ftp://a/"):
        with pytest.raises(Blocked):
            await client.send(url)
    await client.aclose()
    assert watched.asked == []


def rebound(*answers):
    """Answer with one list after another, the last for ever."""
    left = list(answers)

    async def resolve(host, port):
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def test_a_name_that_flips_is_never_followed():
    """Fails when the second answer of a name server reaches a connection (rebinding)."""
    closing = always(reply(b"x", "connection: close"))
    flips = rebound([PUBLIC], ["169.254.169.254"])
    async with client_of(closing, resolve=flips) as (client, watched):
        for _ in range(3):
            await client.send(URL)
        client._resolver._clock = partial(float, 1e12)
        with pytest.raises(Blocked):
            await client.send(URL)
    assert {host for host, _ in watched.asked} == {PUBLIC}


async def test_an_unknown_host():
    client = Client(DEFAULT, resolve=rebound([]), connect=Watched())
    with pytest.raises(NotFound):
        await client.send(URL)
    await client.aclose()


@pytest.mark.parametrize("contact", ["a\nb", "a)b", "ä@b", "a\x00"])
def test_a_contact_that_is_no_header_is_refused(contact):
    with pytest.raises(ConfigError, match="contact"):
        Client(FetchConfig(contact=contact))


async def test_what_the_listener_raises_is_not_hidden():
    """Fails when a cassette on a full disk goes unnoticed."""

    def full(exchange: Exchange):
        raise OSError("disk full")

    async with client_of(always(reply(b"x")), heard=full) as (client, _):
        with pytest.raises(OSError, match="disk full"):
            await client.send(URL)
