"""A name server of our own that lies: the resolver that is passed in, and where its answers lead.

Every name ending in `.test` leads to the hostile server under an address that looks public, but
those listed here. It knows no URL. `Detour` is the network: it notes whom it is asked to connect
to, and connects to loopback whatever the address.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

import httpcore

from env.web.fetch.sockets import Sockets
from tests.hostile.server import Ports
from tests.hostile.vectors import ADDRESSES

PUBLIC = "93.184.216.34"
CLOSED = "93.184.216.35"
SILENT = "93.184.216.36"
LOUD = "93.184.216.37"
MUTE = "93.184.216.38"
METADATA = "169.254.169.254"
_NOBODY = 1
"""A port of loopback on which nothing listens."""

Answer = tuple[str, ...]

FIXED: dict[str, Answer] = {
    "closed.test": (CLOSED,),
    "silent.test": (SILENT,),
    "loud.test": (LOUD,),
    "mute.test": (MUTE,),
    "mixed.test": (PUBLIC, "10.0.0.1"),
    "mixed-first.test": ("10.0.0.1", PUBLIC),
    "mixed-many.test": (*(f"93.184.217.{n}" for n in range(250)), "127.0.0.1"),
    "many.test": tuple(f"93.184.{217 + n // 250}.{n % 250}" for n in range(300)),
    "no-answer.test": (),
    "strange.test": ("not an address",),
    "zone.test": ("fe80::1%eth0",),
    "localhost": ("127.0.0.1", "::1"),
    "inside.test": ("10.0.0.7",),
    **{f"answer-{n}.test": (address,) for n, address in enumerate(ADDRESSES)},
}
ALIASES = {
    "alias.test": "alias-2.test",
    "alias-2.test": "alias-3.test",
    "alias-3.test": "inside.test",
}
FLIPS: dict[str, tuple[Answer, ...]] = {
    "flip.test": ((PUBLIC,), (METADATA,)),
    "flip-back.test": ((METADATA,), (PUBLIC,)),
    "flip-mixed.test": ((PUBLIC,), (PUBLIC, "127.0.0.1")),
}
"""Names whose answers differ each time, in turn, beginning again at the end."""


def is_public(address: str) -> bool:
    """Tell whether an address stands for the hostile server here."""
    return address.startswith("93.184.")


def is_address(answer: str) -> bool:
    """Tell whether an answer is an address at all."""
    try:
        ip_address(answer)
    except ValueError:
        return False
    return True


class Names:
    """Answers for names, and counts them."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def look_up(self, host: str) -> Answer:
        """Return the addresses of a host, as getaddrinfo would.

        Raises:
            socket.gaierror: there is no such name.
        """
        host = host.lower()
        self.asked[host] += 1
        if (numeric := _numeric(host)) is not None:
            return numeric
        host = host.rstrip(".")
        while host in ALIASES:
            host = ALIASES[host]
        if host in FLIPS:
            return FLIPS[host][(self.asked[host] - 1) % len(FLIPS[host])]
        if host in FIXED:
            return FIXED[host]
        if host.endswith(".localhost"):
            return FIXED["localhost"]
        if host == "alias-loop.test":
            raise socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure in name resolution")
        if host.endswith(".test") and not host.startswith("missing"):
            return (PUBLIC,)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def resolve(self, host: str, *_: object) -> list[str]:
        """Answer, or never, as the resolver of a client."""
        if host.startswith("mute-name"):
            await asyncio.Event().wait()
        return list(self.look_up(host))


def _numeric(host: str) -> Answer | None:
    """Read what inet_aton takes for an address; no name is looked up."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), 80, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        return None
    return (str(found[0][4][0]),)


def local_port(ports: Ports, address: str, port: int) -> int:
    """Return the port of loopback that stands for an address and port."""
    if not is_public(address):
        return ports.victim
    if address == CLOSED:
        return _NOBODY
    if address == LOUD:
        return ports.loud
    if address == MUTE:
        return ports.mute
    return ports.tls if port == 443 else ports.http


class Detour(httpcore.AsyncNetworkBackend):
    """A network of which every address lies on loopback."""

    def __init__(self, ports: Ports, inner: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._ports = ports
        self._inner = inner or Sockets()
        self.asked: list[tuple[str, int]] = []
        """Whom it was asked to connect to."""

    def forbidden(self) -> list[str]:
        """Return the addresses asked for that should never have been."""
        return [address for address, _ in self.asked if not is_public(address)]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Note the address, then connect to what stands for it."""
        self.asked.append((host, port))
        if host == SILENT:
            await asyncio.sleep(timeout if timeout is not None else 3600)
            raise httpcore.ConnectTimeout
        stream = await self._inner.connect_tcp(
            "127.0.0.1", local_port(self._ports, host, port), timeout=timeout
        )
        return Relabelled(stream, (host, port))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Note and refuse: no URL leads to a file."""
        self.asked.append((path, 0))
        raise httpcore.ConnectError("no such socket")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Relabelled(httpcore.AsyncNetworkStream):
    """A stream that calls its peer what the client asked for."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, peer: tuple[str, int]) -> None:
        self._inner = inner
        self._peer = peer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read."""
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write."""
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Hang up."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands."""
        inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        return Relabelled(inner, self._peer)

    def get_extra_info(self, info: str) -> Any:
        """Tell of the stream."""
        return self._peer if info == "server_addr" else self._inner.get_extra_info(info)
