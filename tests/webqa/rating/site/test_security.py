"""What is refused before a page sees it, and what every reply carries."""

import asyncio

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.routing import WebSocketRoute

from tests.webqa.rating.served_pages import BASE, SECRET, Served, a_task, address, begin
from webqa.rating.config import ServeConfig
from webqa.rating.site.application import make_application
from webqa.rating.site.security import POLICY, BodyLimit, secured

LARGEST = 1000


@pytest.fixture
def served(tmp_path):
    return Served(tmp_path, [a_task()], serving=ServeConfig(body_bytes=LARGEST))


async def test_every_reply_carries_the_policy(served):
    async with served.client() as client:
        pages = ["/", "/static/rating.css", "/nowhere", "/campaign/99", "/task/x"]
        replies = [await client.get(page) for page in pages]
        replies.append(await client.get("/", headers={"host": "evil.example"}))
    assert [one.status_code for one in replies] == [200, 200, 404, 404, 404, 421]
    for reply in replies:
        assert reply.headers["content-security-policy"] == POLICY
        assert reply.headers["x-content-type-options"] == "nosniff"
    assert replies[0].headers["cache-control"] == "no-store"
    assert replies[1].headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "x-http-method-override": "GET"},
    ],
)
async def test_posts_of_other_pages_are_refused(served, headers):
    async with served.client() as client:
        for page in ("/campaign/1/next", "/join", "/sign-out", "/task/x/submit"):
            reply = await client.post(page, headers=headers)
            assert reply.status_code == 403
        assert address(await begin(client)).startswith("/task/"), "nothing was done before"


async def test_our_own_posts_and_those_of_no_browser_pass(served):
    own = {"sec-fetch-site": "same-origin", "origin": BASE}
    async with served.client() as client:
        for headers in (own, {}):
            reply = await client.post("/campaign/1/next", headers=headers)
            assert reply.status_code == 200


async def test_links_from_elsewhere_may_be_followed(served):
    async with served.client() as client:
        reply = await client.get("/", headers={"sec-fetch-site": "cross-site"})
    assert reply.status_code == 200


async def test_looking_changes_nothing(served):
    async with served.client() as client:
        for page in ("/campaign/1/next", "/join", "/sign-out"):
            assert (await client.get(page)).status_code in (404, 405)


async def test_a_large_body_is_refused_by_its_length_and_while_it_comes(served):
    async def endless():
        for _ in range(LARGEST):
            yield b"note=" + b"x" * 100

    async with served.client() as client:
        told = await client.post("/task/x/draft", content=b"x" * (LARGEST + 1))
        form = {"content-type": "application/x-www-form-urlencoded"}
        untold = await client.post("/task/x/draft", content=endless(), headers=form)
    assert (told.status_code, untold.status_code) == (413, 413)
    assert "1,000 bytes" in untold.text


def reading(receive, **how):
    """Return what reads a body to its end through the limit, and never replies."""

    async def application(scope, receive, send):
        while (await receive())["more_body"]:
            pass

    return BodyLimit(application, LARGEST, **how)(
        {"type": "http", "method": "POST", "headers": []}, receive, None
    )


async def test_no_more_is_read_than_is_refused():
    read = 0

    async def receive():
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    with pytest.raises(HTTPException, match="413"):
        await reading(receive)
    assert read == 11


async def test_a_body_that_drips_is_not_waited_for_to_its_end():
    async def receive():
        await asyncio.sleep(0.005)
        return {"type": "http.request", "body": b"", "more_body": True}

    with pytest.raises(HTTPException, match="408"):
        await reading(receive, patience=0.02)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=x; charset=punycode", "text/plain"]
)
async def test_forms_of_another_kind_are_not_read(served, kind):
    part = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\na-z9\r\n--x--\r\n'
    async with served.client() as client:
        for page in ("/join", "/task/x/draft"):
            reply = await client.post(page, content=part, headers={"content-type": kind})
            assert reply.status_code == 415


@pytest.mark.parametrize("number", ["9" * 10, "9" * 30, "9" * 5000])
async def test_a_number_that_no_row_has_is_no_page(served, number):
    async with served.client() as client:
        for page in ("/campaign", "/dashboard", "/item"):
            assert (await client.get(f"{page}/{number}")).status_code == 404
        assert (await client.post(f"/campaign/{number}/next")).status_code == 404
        assert (await client.post(f"/item/{number}/settle")).status_code == 404


async def test_nobody_is_sent_to_another_address_for_a_slash(served):
    async with served.client() as client:
        assert (await client.get("/join/token/", follow_redirects=False)).status_code == 404


async def test_a_body_that_does_not_come_is_not_waited_for():
    async def receive():
        await asyncio.Event().wait()

    with pytest.raises(HTTPException, match="408"):
        await reading(receive, patience=0.01)


async def test_with_https_browsers_are_told_to_stay_there():
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    plain, safe = (
        secured(application, ["localhost"], body_bytes=LARGEST, https=https)
        for https in (False, True)
    )
    found = []
    for one in (plain, safe):
        transport = httpx.ASGITransport(one)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            found.append("strict-transport-security" in (await client.get("/")).headers)
    assert found == [False, True]


async def test_a_browser_that_leaves_while_it_sends_is_no_error(served):
    scope = {
        "type": "http", "method": "POST", "path": "/task/x/draft", "raw_path": b"/task/x/draft",
        "query_string": b"", "http_version": "1.1", "scheme": "http", "server": ("localhost", 80),
        "headers": [(b"host", b"localhost"),
                    (b"content-type", b"application/x-www-form-urlencoded")],
    }  # fmt: skip
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await served.application(scope, receive, send)
    assert sent[0]["status"] == 400


async def handshake(application, host, origin):
    """Open a WebSocket, and return the first thing that the application does about it."""
    head = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
    scope = {
        "type": "websocket", "path": "/socket", "raw_path": b"/socket", "query_string": b"",
        "scheme": "ws", "server": ("localhost", 80), "headers": head, "subprotocols": [],
    }  # fmt: skip
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    await application(scope, receive, send)
    return sent[0]


@pytest.mark.parametrize(
    ("host", "origin", "told"),
    [
        ("localhost", BASE, ""),
        ("localhost", "", ""),
        ("localhost", "https://evil.example", "another origin"),
        ("localhost", "http://localhost:8080", "another origin"),
        ("localhost", "null", "another origin"),
        ("evil.example", "http://evil.example", "--served-as"),
        ("evil.example", BASE, "--served-as"),
        ("", BASE, "--served-as"),
    ],
)
async def test_a_socket_from_elsewhere_is_not_opened(served, host, origin, told):
    async def accept(socket):
        await socket.accept()

    routes = [WebSocketRoute("/socket", accept)]
    application = make_application(
        served.store, served.serving, secret=SECRET, now=served.clock, extra_routes=routes
    )
    done = await handshake(application, host, origin)
    if told:
        assert (done["type"], done["code"]) == ("websocket.close", 1008)
        assert told in done["reason"]
    else:
        assert done["type"] == "websocket.accept"
