"""Who is connected to, who is believed to be it, and what is done when an address fails."""

import asyncio
import os
import ssl
import subprocess
import sys
from pathlib import Path

import httpcore
import httpx
import pytest
import trustme

from env.errors import Blocked, TimedOut, WebError
from env.web.fetch.client import Client
from env.web.fetch.config import DEFAULT
from env.web.fetch.names import Resolver
from env.web.fetch.sockets import BUFFER_BYTES, Sockets
from env.web.fetch.transport import VettedBackend, VettedTransport, default_tls
from tests.env.web.fetch.wires import PUBLIC, Watched, client_of, lookup, reply, serving

ROOT = Path(__file__).parents[4]
AUTHORITY = trustme.CA()


def server_context(*names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names).configure_cert(context)
    return context


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    AUTHORITY.configure_trust(context)
    return context


def hello(head, writer):
    return reply(b"hello")


async def test_each_host_on_one_address_shows_its_own_certificate():
    """Fails when the second host is served over the first one's connection, or by its name."""
    tls = server_context("a.example")
    async with client_of(hello, tls=tls, trust=client_context()) as (client, watched):
        assert (await client.send("https://a.example/")).content == b"hello"
        assert (await client.send("https://a.example./")).content == b"hello"
        with pytest.raises(WebError) as caught:
            await client.send("https://b.example/")
        assert await watched.open_now() == 2
    assert caught.value.reason == "tls"
    assert "b.example" in str(caught.value)
    assert {host for host, _ in watched.asked} == {PUBLIC}


async def test_an_unknown_authority_and_what_is_no_tls_are_refused():
    async with client_of(hello, tls=server_context("a.example")) as (client, watched):
        with pytest.raises(WebError) as caught:
            await client.send("https://a.example/")
        assert caught.value.reason == "tls"
        assert await watched.open_now() == 0


async def test_what_is_no_tls_is_refused():
    """Fails when what came unencrypted is read as if it had come encrypted."""

    async def plain(reader, writer):
        writer.write(reply(b"hello"))
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    watched = Watched(server.sockets[0].getsockname()[1])
    client = Client(DEFAULT, resolve=lookup, connect=watched, tls=client_context())
    with pytest.raises(WebError) as caught:
        async with asyncio.timeout(10):
            await client.send("https://a.example/")
    assert caught.value.reason == "tls"
    assert await watched.open_now() == 0
    await client.aclose()
    server.close()
    await server.wait_closed()


async def test_a_handshake_that_hangs_ends_in_time():
    class Hasty(VettedBackend):
        async def connect_tcp(self, host, port, timeout=None, *more, **others):
            return await super().connect_tcp(host, port, 0.2)

    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    watched = Watched(server.sockets[0].getsockname()[1])
    transport = VettedTransport(Hasty(Resolver(lookup), watched), tls=client_context())
    with pytest.raises(TimedOut):
        async with asyncio.timeout(5):
            await transport.handle_async_request(httpx.Request("GET", "https://a.example/"))
    assert await watched.open_now() == 0
    await transport.aclose()
    server.close()
    await server.wait_closed()


async def test_any_httpx_client_can_use_the_transport():
    """Fails when the transport is bound to our client."""
    async with serving(lambda head, writer: reply(b"hello", "x: y")) as port:
        transport = VettedTransport(VettedBackend(Resolver(lookup), Watched(port)))
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            got = await client.get("http://a.example/")
            assert (got.text, got.headers["x"]) == ("hello", "y")
            for url in ("http://127.0.0.1/", "http://a.example:8080/", "http://[::1]/"):
                with pytest.raises(Blocked):
                    await client.get(url)


async def test_addresses_are_tried_in_turn():
    """Fails when one address that leads nowhere makes a host unreachable."""

    async def several(host, port):
        return ["8.8.8.8", "9.9.9.9", PUBLIC]

    async with serving(hello) as port:
        watched = Watched(port, refused=("8.8.8.8", "9.9.9.9"))
        backend = VettedBackend(Resolver(several), watched)
        stream = await backend.connect_tcp("a.example", 80)
        assert [host for host, _ in watched.asked] == ["8.8.8.8", "9.9.9.9", PUBLIC]
        assert stream.address == PUBLIC
        await stream.aclose()
        watched.refused = ("8.8.8.8", "9.9.9.9", PUBLIC)
        with pytest.raises(WebError) as caught:
            await backend.connect_tcp("a.example", 80)
        assert caught.value.reason == "connection"


async def test_addresses_that_hang_share_one_deadline():
    asked = []

    class Hangs(Sockets):
        async def connect_tcp(self, host, port, timeout=None, *more, **others):
            asked.append(host)
            await asyncio.sleep(timeout)
            raise httpcore.ConnectTimeout

    async def many(host, port):
        return [f"8.8.8.{n}" for n in range(30)]

    with pytest.raises(TimedOut):
        async with asyncio.timeout(5):
            await VettedBackend(Resolver(many), Hangs()).connect_tcp("a.example", 80, 0.1)
    assert asked == ["8.8.8.0"]


async def test_a_public_address_of_this_machine_is_refused():
    """Fails when a page can make the agent talk to the servers of its own machine."""

    class Here(Watched):
        async def connect_tcp(self, host, port, *more, **others):
            stream = await super().connect_tcp(host, port)
            stream.get_extra_info = {"client_addr": (host, 1)}.get
            return stream

    async with serving(hello) as port:
        watched = Here(port)
        with pytest.raises(Blocked) as caught:
            await VettedBackend(Resolver(lookup), watched).connect_tcp("a.example", 80)
        assert caught.value.reason == "address"
        assert await watched.open_now() == 0


async def test_sockets_connect_to_addresses_only():
    """Fails when a name could reach the system's resolver behind our back."""
    with pytest.raises(ValueError, match="localhost"):
        await Sockets().connect_tcp("localhost", 80)
    for backend in (Sockets(), VettedBackend(Resolver(lookup), Sockets())):
        with pytest.raises(Blocked):
            await backend.connect_unix_socket("/run/socket")


async def test_who_answers_must_be_who_was_asked():
    """Fails when an address that leads elsewhere, as 0.0.0.0 does, is taken for what it says."""
    async with serving(hello) as port:
        with pytest.raises((Blocked, httpcore.ConnectError)):
            await Sockets().connect_tcp("0.0.0.0", port)


async def test_a_port_that_nobody_listens_on():
    async with serving(hello) as port:
        pass
    with pytest.raises(httpcore.ConnectError):
        await Sockets().connect_tcp("127.0.0.1", port, 5)


async def test_a_stream_holds_back_a_server_that_sends_more_than_is_read():
    """Fails when a fast server fills the memory of a slow reader."""

    async def flood(head, writer):
        for _ in range(300):
            writer.write(bytes(65_536))
            await writer.drain()
        return False

    async with serving(flood) as port:
        stream = await Sockets().connect_tcp("127.0.0.1", port)
        await stream.write(b"\r\n\r\n")
        async with asyncio.timeout(10):
            while stream._held <= BUFFER_BYTES:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert BUFFER_BYTES < stream._held <= 2 * BUFFER_BYTES
        size = 0
        while data := await stream.read(100_000):
            size += len(data)
        assert size == 300 * 65_536
        await stream.aclose()


async def test_a_server_that_closed_an_idle_connection_is_noticed():
    """Fails when every second request after a pause is lost."""
    async with client_of(lambda head, writer: (writer.write(reply(b"x")), False)[1]) as (client, w):
        for _ in range(3):
            assert (await client.send("http://a.example/")).content == b"x"
            await asyncio.sleep(0.02)
    assert len(w.asked) == 3


def test_the_environment_names_no_authorities():
    """Fails when SSL_CERT_FILE, or a log of keys, changes whom we trust or what we tell."""
    code = (
        "import ssl; from env.web.fetch.transport import default_tls as d; c = d();"
        "print(len(c.get_ca_certs()) > 50, c.keylog_filename, c.check_hostname,"
        " c.verify_mode == ssl.CERT_REQUIRED)"
    )
    variables = dict.fromkeys(("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"), "/none")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | variables | {"SSLKEYLOGFILE": "/none/keys"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "None", "True", "True"]
    assert default_tls() is default_tls()
