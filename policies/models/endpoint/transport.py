"""The one module that speaks HTTP: requests to one server, through a few clients.

Redirects are not followed, replies are bounded in size and time, certificates are checked. An
httpx client becomes slow beyond 32 connections, so there are several; requests with one key use
one client. Replies are read whole, not streamed by token: a limit on time and size then holds for
whatever a server does. Knows nothing of models.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import httpx

from policies.models.endpoint.address import Address, Key
from policies.models.endpoint.config import EndpointConfig
from policies.models.endpoint.faults import Fault
from policies.models.endpoint.outside import Budget

CONNECT_SECONDS = 5.0
LARGEST = 32_000_000
"""Bytes of the largest reply that is read."""
_HEADERS = {
    "accept": "application/json",
    # Not packed: a small reply must not unpack to a large one.
    "accept-encoding": "identity",
    "user-agent": "webqa",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, whatever its status."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes


class _Shard(NamedTuple):
    client: httpx.AsyncClient
    places: asyncio.Semaphore
    """As many as connections: httpx slows down with every request that waits inside it."""


class Transport:
    """Sends requests to one server."""

    def __init__(
        self,
        address: Address,
        key: Key,
        config: EndpointConfig,
        trust: Callable[[], ssl.SSLContext],
    ) -> None:
        """Make it; nothing is connected yet.

        Args:
            address: of the server; no other is ever asked.
            key: proves who asks.
            config: connections, clients and whether to use a proxy.
            trust: gives the certificates to trust, made once for all clients.
        """
        self.address = address
        self._key = key
        self._config = config
        self._trust = trust
        self._shards: dict[int, _Shard] = {}
        self._next = 0

    async def send(
        self, method: str, url: str, body: bytes | None, *, key: str, budget: Budget
    ) -> Reply:
        """Send a request and read the reply whole.

        Raises:
            Fault: there was none, or none within the time and size that it may have.
        """
        shard = self._shard(key)
        headers = _HEADERS | self._key.header()
        if body is not None:
            headers["content-type"] = "application/json"
        async with shard.places:
            with budget.spending():
                return await self._bounded(shard.client, method, url, headers, body, budget)

    async def _bounded(
        self,
        client: httpx.AsyncClient,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        budget: Budget,
    ) -> Reply:
        late = Fault(f"{self.address.root} did not answer within {budget.whole:g} seconds")
        if budget.left <= 0:
            raise late
        try:
            async with asyncio.timeout(budget.left):
                request = client.build_request(method, url, headers=headers, content=body)
                response = await client.send(request, stream=True)
                try:
                    return await self._read(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise late from None
        except httpx.HTTPError as error:
            # Without its cause, which holds the request and so the key.
            raise self._fault(error) from None

    async def _read(self, response: httpx.Response) -> Reply:
        headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise Fault(f"{self.address.root} sent a packed reply, though asked not to")
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_raw():
            size += len(part)
            if size > LARGEST:
                raise Fault(f"{self.address.root} sent more than {LARGEST:,} bytes")
            parts.append(part)
        return Reply(response.status_code, headers, b"".join(parts))

    def _fault(self, error: httpx.HTTPError) -> Fault:
        root = self.address.root
        if _about_certificates(error):
            return Fault(f"{root} has no certificate that this machine trusts")
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
            return Fault(f"no server answers at {root}: is it running?", passing=True)
        if isinstance(error, httpx.RemoteProtocolError):
            return Fault(f"{root} hung up, or what it sent is not HTTP", passing=True)
        if isinstance(error, httpx.ProxyError):
            return Fault(f"the proxy does not let {root} be reached")
        if isinstance(error, httpx.TransportError):
            return Fault(f"the connection to {root} was lost", passing=True)
        return Fault(f"{root} cannot be asked: {type(error).__name__}")

    def _shard(self, key: str) -> _Shard:
        if key:
            number = int.from_bytes(sha256(key.encode()).digest()[8:16]) % self._config.clients
        else:
            number = self._next = (self._next + 1) % self._config.clients
        if number not in self._shards:
            self._shards[number] = _Shard(
                self._client(), asyncio.Semaphore(self._config.connections)
            )
        return self._shards[number]

    def _client(self) -> httpx.AsyncClient:
        connections = self._config.connections
        return httpx.AsyncClient(
            verify=self._trust(),
            trust_env=self._config.trust_env,
            follow_redirects=False,
            # The whole is limited by the budget; a model may think long before its first byte.
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        shards, self._shards = self._shards, {}
        for shard in shards.values():
            await shard.client.aclose()


def make_trust() -> ssl.SSLContext:
    """Return the certificates to trust; reading them takes a while."""
    return httpx.create_ssl_context()


def _about_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
