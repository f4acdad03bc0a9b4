"""Where requests go, and that the key goes nowhere else."""

import pytest

from env.errors import ConfigError
from policies.models.endpoint.address import Key, read_addresses, read_key
from policies.models.endpoint.config import EndpointConfig, check
from tests.policies.models.endpoint.asking import SECRET, make, one
from tests.policies.models.endpoint.serving import FakeServer, status

APIS = {
    "http://localhost:8000": "http://localhost:8000/v1",
    "http://localhost:8000/": "http://localhost:8000/v1",
    "localhost:8000": "http://localhost:8000/v1",
    "http://localhost:8000/v1/": "http://localhost:8000/v1",
    "http://localhost:8000/v1/chat/completions": "http://localhost:8000/v1",
    "https://api.openai.com/v1": "https://api.openai.com/v1",
    "https://example.com/openai/v2": "https://example.com/openai/v2",
    "https://example.com/llm": "https://example.com/llm/v1",
    "http://[::1]:8080/v1": "http://[::1]:8080/v1",
}


@pytest.mark.parametrize("url", APIS)
def test_addresses(url):
    """Fails when an address that people write leads elsewhere."""
    assert [address.api for address in read_addresses(url)] == [APIS[url]]


@pytest.mark.parametrize(
    "url",
    [
        "", " , ", "ftp://localhost/v1", "http://", "http://a b/v1", "http://localhost:x/v1",
        "http://localhost:99999/v1", f"http://me:{SECRET}@localhost/v1", "http://[::1/v1",
        f"https://example.com/v1?key={SECRET}", "http://localhost/v1\r\nx: y", "http://exämple.com/",
        "file:///etc/passwd",
    ],
)  # fmt: skip
def test_what_is_no_address(url):
    """Fails when a wrong address ends in a traceback, or a password in it is shown."""
    with pytest.raises(ConfigError) as raised:
        read_addresses(url)
    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_key_crosses_no_public_network_in_the_clear():
    """Fails when a key can be read by everyone between here and the server."""
    environment = {"OPENAI_API_KEY": SECRET}
    for url in ("http://example.com/v1", "http://8.8.8.8/v1", "http://localhost, http://a.com"):
        with pytest.raises(ConfigError, match="use https") as raised:
            read_key("OPENAI_API_KEY", read_addresses(url), environment)
        assert SECRET not in str(raised.value)
        assert not read_key("", read_addresses(url), environment)
        assert not read_key("OTHER", read_addresses(url), environment)
    for url in ("https://example.com", "http://10.0.0.7:8000", "http://gpu", "http://127.0.0.1"):
        assert read_key("OPENAI_API_KEY", read_addresses(url), environment)


def test_a_key_that_cannot_be_sent():
    """Fails when a key with a line end in it becomes another header, or is shown."""
    for bad in (f"{SECRET}\r\nx: y", f"{SECRET}é", f"{SECRET} x"):
        with pytest.raises(ConfigError, match="set it again") as raised:
            read_key("K", read_addresses("localhost"), {"K": bad})
        assert SECRET not in str(raised.value)


def test_a_key_does_not_show_itself():
    """Fails when a key gets into a log by way of an object that holds it."""
    key = Key(SECRET, "K")
    assert SECRET not in f"{key} {key!r} {[key]} {key.said(SECRET)} {key.hide(SECRET)}"
    assert Key("ollama").said("the model of ollama") == "the model of ollama"


async def test_the_key_goes_to_no_other_server():
    """Fails when a redirect is followed, with the key or without it."""
    async with FakeServer() as other, FakeServer() as server:
        for code in (301, 302, 303, 307, 308):
            place = f"location: {other.url}/chat/completions\r\n".encode()
            server.always = status(code, headers=place)
            model = make(server.url, key=SECRET)
            with pytest.raises(Exception, match="sends elsewhere"):
                await one(model)
            await model.aclose()
        assert not other.asked


async def test_the_proxy_of_the_environment_is_used_only_when_asked_for(monkeypatch):
    """Fails when requests go through a proxy that nobody named on the command line."""
    async with FakeServer() as proxy, FakeServer() as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        model = make(server.url)
        await one(model)
        await model.aclose()
        assert not proxy.asked
        model = make(server.url, trust_env=True)
        await model.start()
        await model.aclose()
        assert proxy.asked


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 0}, {"seconds": float("nan")}, {"tries": 0}, {"tries": 7}, {"clients": 0},
        {"connections": 33}, {"connections": 0}, {"corrections": -1}, {"context": -1},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(wrong):
    """Fails when a number that would make a client wait for ever is taken."""
    with pytest.raises(ConfigError, match=f"--server.{next(iter(wrong))}"):
        check(EndpointConfig(**wrong))
