"""HTTP/1.1 over vetted addresses: an httpx transport on httpcore's pool with a backend of ours.

The host is never rewritten to an address, so the pool tells hosts on one address apart and TLS
asks each for its own certificate. Nothing of the environment counts: no proxies, no netrc, no
certificates (SSL_CERT_FILE), no key log. Knows no URLs' rules and no content codings.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Iterable
from functools import cache
from typing import Any

import certifi
import httpcore
import httpx

from env.errors import Blocked, Reason, TimedOut, TooLarge, WebError
from env.sanitise import sanitise_line
from env.web.fetch.config import CONNECT_SECONDS, HEADER_BYTES, PORTS
from env.web.fetch.interruption import waiting_for_network
from env.web.fetch.names import Resolver

IDLE_SECONDS = 4.0
"""How long an idle connection is kept; many servers close it after five."""
MOST_HEADERS = 256
_LEAST_TRY = 1.0
"""Seconds that each address gets at the least, while there is time."""
_TIMEOUTS: dict[str, float | None] = {
    "connect": CONNECT_SECONDS, "read": None, "write": None, "pool": None
}  # fmt: skip


@cache
def default_tls() -> ssl.SSLContext:
    """Return what certificates are judged by, made once as it takes long.

    Certifi's authorities, not the system's: the same on every machine, there in the smallest
    container, and no variable of the environment can change them. A company's own authority is
    given to the client as a context.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and host
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=certifi.where())
    return context


class VettedBackend(httpcore.AsyncNetworkBackend):
    """Resolves through a Resolver and connects, by another backend, to what it vetted."""

    def __init__(self, resolver: Resolver, connect: httpcore.AsyncNetworkBackend) -> None:
        self._resolver = resolver
        self._connect = connect

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to one of the addresses of a host, in turn, within one deadline.

        Raises:
            WebError: see Resolver.addresses; or no address could be connected to.
        """
        if port not in PORTS.values() and not self._resolver.permits(host, port):
            raise Blocked(f"not connected: port {port} of {host}", "url")
        with waiting_for_network():
            addresses = await self._resolver.addresses(host, port)
        deadline = time.monotonic() + (CONNECT_SECONDS if timeout is None else timeout)
        fault: WebError = TimedOut(f"no connection to {host} in time", "time")
        for number, address in enumerate(addresses):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            share = min(left, max(_LEAST_TRY, left / (len(addresses) - number)))
            try:
                with waiting_for_network():
                    stream = await self._connect.connect_tcp(address, port, timeout=share)
            except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
                fault = fault_of(error, host)
                continue
            await self._refuse_self(stream, host, port, address)
            return VettedStream(stream, host, address, deadline)
        raise fault

    async def _refuse_self(
        self, stream: httpcore.AsyncNetworkStream, host: str, port: int, address: str
    ) -> None:
        """Refuse a public address of this very machine, where the user's own servers may listen."""
        own = stream.get_extra_info("client_addr")
        if own and own[0] == address and not self._resolver.permits(host, port):
            await stream.aclose()
            raise Blocked(f"not connected: {host} is this machine", "address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: nothing of the web is there."""
        raise Blocked("not connected: a socket of this machine", "address")

    async def sleep(self, seconds: float) -> None:
        """Wait, as the other backend does."""
        await self._connect.sleep(seconds)


class VettedStream(httpcore.AsyncNetworkStream):
    """A connection that counts: what comes before a reply's body is bounded, and so is the body.

    httpcore and h11 bound the head of one reply, but not how many heads of status 1xx come before
    it, nor how much framing comes with a body.
    """

    def __init__(
        self, stream: httpcore.AsyncNetworkStream, host: str, address: str, deadline: float
    ) -> None:
        self._stream = stream
        self._deadline = deadline
        self._left = HEADER_BYTES
        self._part = "head"
        self._given_up: WebError | None = None
        self.host = host
        """Whom the connection leads to."""
        self.address = address
        """The vetted address at the other end."""
        self.ended = False
        """The other side has closed."""

    def expect_body(self, most: int) -> None:
        """Allow this many bytes from now on, until the next request is written."""
        self._left = most
        self._part = "body"

    def give_up(self, fault: WebError) -> None:
        """Let the next read raise this: what still comes is not wanted."""
        self._given_up = fault

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, empty at the end.

        Raises:
            TooLarge: more has come than is allowed.
            WebError: see give_up.
        """
        if self._given_up is not None:
            raise self._given_up
        if self._left <= 0:
            raise TooLarge(f"the {self._part} of the reply of {self.host} is too large", "size")
        with waiting_for_network():
            data = await self._stream.read(min(max_bytes, self._left), timeout)
        self._left -= len(data)
        self.ended = not data
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send."""
        self._left = HEADER_BYTES
        self._part = "head"
        with waiting_for_network():
            await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return the connection encrypted, within the deadline of connecting.

        Raises:
            WebError: the host could not show that it is the one asked for, or broke off.
        """
        # A name sent to a server has no dot at its end (RFC 6066, 3).
        name = (server_hostname or self.host).removesuffix(".")
        left = max(0.1, self._deadline - time.monotonic())
        try:
            with waiting_for_network():
                stream = await self._stream.start_tls(ssl_context, name, left)
        except BaseException as error:
            await self._stream.aclose()
            if isinstance(error, httpcore.NetworkError | httpcore.TimeoutException | OSError):
                raise fault_of(error, self.host) from None
            raise
        return VettedStream(stream, self.host, self.address, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 (httpcore's own)
        """Return what the connection tells of itself."""
        return self._stream.get_extra_info(info)


class VettedTransport(httpx.AsyncBaseTransport):
    """Sends one request and returns its reply as it comes; can be given to any httpx client.

    A fault is a WebError, whoever uses the transport.
    """

    def __init__(
        self, backend: VettedBackend, *, tls: ssl.SSLContext | None = None, connections: int = 32
    ) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or default_tls(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=IDLE_SECONDS,
            http1=True,
            http2=False,
            network_backend=backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the head of the reply, and its body as a stream that must be closed.

        Raises:
            WebError: whatever went wrong, see fault_of.
        """
        url = request.url
        host = url.raw_host
        sent = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions={"timeout": _TIMEOUTS} | request.extensions,
        )
        try:
            reply = await self._pool.handle_async_request(sent)
        except _FAULTY as error:
            raise fault_of(error, host.decode("ascii")) from None
        stream = reply.extensions.get("network_stream")
        body = _Body(reply, host.decode("ascii"), stream)
        if reply.status < 200 or len(reply.headers) > MOST_HEADERS:
            await body.aclose()
            raise _bad_head(reply, host.decode("ascii"))
        return httpx.Response(
            reply.status, headers=reply.headers, stream=body, extensions=reply.extensions
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a reply, before its content coding is undone."""

    def __init__(self, reply: httpcore.Response, host: str, stream: object) -> None:
        self._reply = reply
        self._host = host
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._reply.stream:  # type: ignore[union-attr]
                yield piece
        except _FAULTY as error:
            ended = isinstance(self._stream, VettedStream) and self._stream.ended
            raise fault_of(error, self._host, ended) from None

    async def aclose(self) -> None:
        await self._reply.aclose()


def _bad_head(reply: httpcore.Response, host: str) -> WebError:
    if reply.status < 200:
        return WebError(f"{host} answered with status {reply.status}", "protocol")
    return TooLarge(
        f"{host} answered with {len(reply.headers)} headers, expected at most {MOST_HEADERS}",
        "size",
    )


_FAULTS: tuple[tuple[type[Exception], type[WebError], Reason, str], ...] = (
    # The first that fits counts.
    (httpcore.ConnectTimeout, TimedOut, "time", "no connection to {host} in time"),
    (httpcore.TimeoutException, TimedOut, "time", "{host} did not answer in time"),
    (httpcore.ConnectError, WebError, "connection", "{host} could not be connected to"),
    (httpcore.NetworkError, WebError, "connection", "the connection to {host} broke"),
    (httpcore.LocalProtocolError, WebError, "protocol", "the request is no HTTP"),
    (httpcore.ProtocolError, WebError, "protocol", "what {host} sent is no HTTP"),
    (httpcore.UnsupportedProtocol, Blocked, "url", "only http and https are fetched"),
    (ssl.SSLError, WebError, "tls", "the encryption of {host} broke"),
    (OSError, WebError, "connection", "the connection to {host} broke"),
)
_FAULTY = tuple(kind for kind, *_ in _FAULTS)


def fault_of(error: Exception, host: str, ended: bool = False) -> WebError:
    """Return our error for one of httpcore, ssl or the system.

    Args:
        error: what was raised.
        host: whose fault it is.
        ended: the other side closed before the reply was whole.
    """
    cause = error.__cause__ if error.__cause__ is not None else error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = sanitise_line(cause.verify_message, 120)
        return WebError(f"{host} has no certificate that can be trusted: {why}", "tls")
    if isinstance(cause, ssl.SSLError):
        return WebError(f"no encrypted connection to {host}", "tls")
    if isinstance(error, httpcore.RemoteProtocolError) and (ended or _NO_REPLY in str(error)):
        return WebError(f"{host} closed the connection before its reply was whole", "connection")
    for kind, ours, reason, words in _FAULTS:
        if isinstance(error, kind):
            # No word of a server's or of a request's, which may hold a key, is told.
            return ours(words.format(host=host), reason)
    raise error


_NO_REPLY = "disconnected without sending"
"""How httpcore says that a connection was closed before the head of a reply was whole."""
