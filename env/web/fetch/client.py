"""One request, one reply: judged, vetted, bounded on the wire and unpacked, and told to a listener.

No cookies, no credentials but those a caller gives for this one request, no redirects followed, no
retries, and no deadline but those for names and connections: the caller holds the whole one.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import cast

import httpcore
import httpx

from env.errors import ConfigError, TooLarge, WebError
from env.version import VERSION
from env.web.fetch.config import HEADER_BYTES, FetchConfig, check
from env.web.fetch.exchange import Exchange, Headers, Heard, Reply
from env.web.fetch.inflate import ACCEPTED, codings_of, unpack
from env.web.fetch.interruption import orderly, waiting_for_network
from env.web.fetch.names import Resolve, Resolver, system_resolve
from env.web.fetch.permits import rules_of
from env.web.fetch.replies import START, no_document
from env.web.fetch.sockets import Sockets
from env.web.fetch.targets import host_and_port, target
from env.web.fetch.transport import VettedBackend, VettedStream, VettedTransport

ACCEPT = "text/html,application/xhtml+xml,application/pdf,text/plain;q=0.9,*/*;q=0.5"
LANGUAGE = "en,*;q=0.5"
FRAMING = 4
"""Bytes of a body for which one byte of framing by chunks is allowed."""
MOST_PIECES = 20_000
"""Of one body; each costs some microseconds, so tiny chunks are an attack."""
TURN = 64
"""Pieces of a body after which other tasks get a turn."""


class Client:
    """Sends requests over at most `config.connections` connections. One event loop only."""

    def __init__(
        self,
        config: FetchConfig,
        *,
        resolve: Resolve = system_resolve,
        connect: httpcore.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
        heard: Heard | None = None,
        trusted: frozenset[str] = frozenset(),
    ) -> None:
        """Make ready; nothing is connected yet.

        Args:
            config: the settings.
            resolve: asks for the addresses of a host; all it answers are vetted.
            connect: opens connections, to vetted addresses only.
            tls: judges certificates; by default with certifi's authorities.
            heard: told of every exchange that was read to its end and repeats no secret.
            trusted: hosts, as NAME or NAME:PORT, of services whose address the user has set; they
                may be at home, as those of `config.allow_host`, and no list of domains hides them.

        Raises:
            ConfigError: a host, domain, contact or number of the settings is none.
        """
        check(config)
        self._config = config
        self._trusted = trusted
        self._heard = heard
        self._resolver = Resolver(resolve, rules_of(config, trusted).permits)
        self._transport = VettedTransport(
            VettedBackend(self._resolver, connect or Sockets()),
            tls=tls,
            connections=config.connections,
        )
        # The pool's own queue would lose a place when one who waits in it is cancelled.
        self._places = asyncio.Semaphore(config.connections)
        self._headers: Headers = (
            ("user-agent", user_agent(config.contact)),
            ("accept", ACCEPT),
            ("accept-language", LANGUAGE),
            ("accept-encoding", ACCEPTED),
        )

    async def send(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Headers = (),
        secret: Headers = (),
        content: bytes = b"",
    ) -> Reply:
        """Send one request and return its reply, whatever its status.

        The body of a redirect is not read.

        Args:
            url: where to.
            method: the verb of HTTP.
            headers: names in lower case; they replace those that are always sent.
            secret: headers that are sent but recorded nowhere.
            content: the request's body.

        Raises:
            Blocked: it must not be requested, with reason `url`, `filter` or `address`.
            NotFound: there is no such host.
            TimedOut: no name or no connection in time.
            TooLarge: the head or the body of the reply is.
            WebError: with reason `name`, `connection`, `tls`, `protocol` or `encoding`; or `type`,
                for a picture, sound or video, which is not read to its end.
        """
        where = target(url, self._config, self._trusted)
        given = {name for name, _ in headers}
        told = (*(pair for pair in self._headers if pair[0] not in given), *headers)
        request = httpx.Request(
            method, where, headers=_encoded(told) + _encoded(secret), content=content or None
        )
        async with self._places:
            exchange = await orderly(self._exchange(request, told, content))
        body, unpacked = exchange.body, b""
        try:
            unpacked = body and unpack(body, _codings(exchange.headers), self._config.page_bytes)
        finally:
            # A reply that cannot be unpacked is told too: it is what one wants to look at.
            if self._heard is not None and not _repeats(exchange, unpacked, secret):
                self._heard(exchange)
        return Reply(exchange, unpacked)

    async def addresses(self, url: str) -> tuple[str, ...]:
        """Return the vetted addresses that a request for this URL would use.

        Raises:
            WebError: see send; the host must not be connected to, or was not resolved.
        """
        return await self._resolver.addresses(
            *host_and_port(target(url, self._config, self._trusted))
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()
        await asyncio.sleep(0)  # asyncio closes an aborted socket in its next round

    async def _exchange(self, request: httpx.Request, told: Headers, content: bytes) -> Exchange:
        response = await self._transport.handle_async_request(request)
        headers = _plain(response.headers.raw)
        try:
            body = await self._body(request.method, response, headers)
        finally:
            await _pieces(response).aclose()
        more = response.extensions
        return Exchange(
            url=str(request.url),
            status=response.status_code,
            headers=headers,
            body=body,
            method=request.method,
            request_headers=told,
            request_body=content,
            version=more["http_version"].decode("latin-1"),
            phrase=more["reason_phrase"].decode("latin-1"),
            address=_stream(response).address,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    async def _body(self, method: str, response: httpx.Response, headers: Headers) -> bytes:
        """Read the body, which is bounded together with its framing."""
        if 300 <= response.status_code < 400 or method == "HEAD":
            return b""
        most = self._config.page_bytes
        codings = _codings(headers)  # one that is not known is refused before it is received
        if any(k == "content-length" and _number(v) > most for k, v in headers):
            raise _too_large(most)
        stream = _stream(response)
        stream.expect_body(most + most // FRAMING + HEADER_BYTES)
        body = bytearray()  # a list of pieces would hold far more, were they of two bytes each
        count = 0
        fault: WebError | None = None
        async for piece in _pieces(response):
            before = len(body)
            body += piece
            count += 1
            if len(body) > most or count > MOST_PIECES:
                fault = _too_large(most)
            elif before < START <= len(body) and not codings:
                fault = no_document(response.status_code, headers, bytes(body[:START]), stream.host)
            if fault is not None:
                # The next read raises; to leave the loop would leave httpcore's generators open.
                stream.give_up(fault)
                del body[most + 1 :]
            if count % TURN == 0:
                # A flood of tiny chunks is read without a wait in which others could go on.
                with waiting_for_network():
                    await asyncio.sleep(0)
        if fault is not None:
            raise fault
        return bytes(body)


def _repeats(exchange: Exchange, unpacked: bytes, secret: Headers) -> bool:
    """Tell whether a server sent a key back: such a reply is recorded nowhere."""
    # The scheme that stands before a key (`Bearer`) is no secret.
    keys = [value.rpartition(" ")[2] for _, value in secret]
    heads = [f"{name}: {value}" for name, value in exchange.headers]
    texts = [body.decode("latin-1") for body in (exchange.body, unpacked)] if keys else []
    return any(key in text for key in keys if key for text in (*texts, *heads))


def user_agent(contact: str) -> str:
    """Return the truthful name that the client gives to servers.

    Raises:
        ConfigError: the contact cannot stand in a header.
    """
    if not contact:
        return f"webqa/{VERSION}"
    if not contact.isascii() or not contact.isprintable() or set(contact) & set("()\\"):
        raise ConfigError(
            f"contact: expected an e-mail address or URL in ASCII, found {contact[:80]!r}"
        )
    return f"webqa/{VERSION} (+{contact})"


def _plain(raw: list[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw)


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    try:
        return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
    except UnicodeEncodeError:
        # Not told which characters: the value may be a key.
        raise WebError(
            "a header of the request has characters unknown to HTTP", "protocol"
        ) from None


def _codings(headers: Headers) -> tuple[str, ...]:
    return codings_of([value for name, value in headers if name == "content-encoding"])


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0


def _pieces(response: httpx.Response) -> httpx.AsyncByteStream:
    return cast(httpx.AsyncByteStream, response.stream)


def _stream(response: httpx.Response) -> VettedStream:
    return cast(VettedStream, response.extensions["network_stream"])


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the page has more than {most:,} bytes", "size")
