"""Requests under a foreign name or from a foreign page never reach the application."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import ConfigError
from webqa.serving import guard
from webqa.serving.guard import Guard, allowed_hosts, host_of


async def ask(kind="http", hosts=("localhost", "::1"), **headers):
    """Return what is sent back for a request with these headers."""
    sent = []

    async def application(scope, receive, send):
        sent.append("passed")

    async def receive():
        return {"type": f"{kind}.connect"}

    async def send(message):
        sent.append(message)

    names = [
        (name.rstrip("_").encode(), value.encode("latin-1", errors="replace"))
        for name, value in headers.items()
    ]
    await Guard(application, hosts)({"type": kind, "headers": names}, receive, send)
    return sent


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "LOCALHOST:1", "[::1]:8000"])
async def test_our_names_pass(kind, host):
    assert await ask(kind, host=host) == ["passed"]
    assert await ask(kind, host=host, origin=f"http://{host}") == ["passed"]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "localhost@evil.example", "",
     "evil.example/localhost", "localhost#", "localhost?", "localhost/", "localhost:x", "[::1",
     "::1", "x@localhost", "localhost:99999", "localhost,evil.example", "localhost "],
)  # fmt: skip
async def test_other_names_are_refused(host):
    refused = await ask(host=host)
    assert refused[0]["status"] == 421
    closed = await ask("websocket", host=host)
    assert [message["type"] for message in closed] == ["websocket.close"]
    assert host_of(host) not in ("localhost", "::1")


async def test_a_request_names_one_host():
    assert (await ask())[0]["status"] == 421
    assert (await ask(host="localhost", host_="localhost"))[0]["status"] == 421


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://localhost:3000", "https://localhost.evil.example",
     "http://localhost@evil.example", "file://", "localhost:8000", "http://evil.example, http://localhost:8000"],
)  # fmt: skip
async def test_pages_of_other_origins_are_refused(origin):
    closed = await ask("websocket", host="localhost:8000", origin=origin)
    assert closed[0] == {
        "type": "websocket.close",
        "code": 1008,
        "reason": "requests from pages of another origin are refused",
    }
    assert (await ask(host="localhost:8000", origin=origin))[0]["status"] == 403


async def test_starting_and_ending_pass():
    assert await ask("lifespan") == ["passed"]


@given(st.text(max_size=30), st.text(max_size=30))
async def test_nothing_breaks_it(host, origin):
    await ask("websocket", host=host, origin=origin)


def test_addresses_open_to_others_need_a_name():
    with pytest.raises(ConfigError, match=r"--host 0\.0\.0\.0 lets other machines in"):
        allowed_hosts("0.0.0.0", ())
    with pytest.raises(ConfigError, match="is no host"):
        allowed_hosts("0.0.0.0", ("*",))
    with pytest.raises(ConfigError, match="is no host"):
        allowed_hosts("0.0.0.0", ("http://gpu7.example",))
    assert "gpu7.example" in allowed_hosts("0.0.0.0", ("GPU7.example",))
    assert "fe80::1" in allowed_hosts("::", ("fe80::1",))
    for own in ("127.0.0.1", "127.0.0.2", "::1", "localhost"):
        assert allowed_hosts(own, ()) == {"localhost", "127.0.0.1", "::1"}


def test_examples():
    assert doctest.testmod(guard).failed == 0
