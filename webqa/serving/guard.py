"""Refuses requests under a foreign name or from a foreign page, before anything else sees them.

A server on this machine is reached by every page that a browser on it shows: by a name that the
page's owner points at this machine (DNS rebinding), or by a WebSocket, which browsers open across
origins. So a request must name a host of our list, and one that comes from a page must come from
our own. Plain ASGI; knows no environment.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from env.errors import ConfigError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
MISDIRECTED, FORBIDDEN = 421, 403

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Lets an ASGI application see only requests for hosts on a list, and from no foreign page."""

    def __init__(self, application: Application, hosts: Iterable[str]) -> None:
        self._application = application
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan" or not (refusal := self._refusal(scope)):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
        else:
            status, reason = refusal
            head = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": f"{reason}\n".encode()})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return the status and the reason to refuse a request with; None lets it pass."""
        named = _values(scope, b"host")
        if len(named) != 1 or host_of(named[0]) not in self._hosts:
            return MISDIRECTED, "this server goes by another name: see --served-as"
        origins = _values(scope, b"origin")
        if any(not _same(origin, named[0]) for origin in origins):
            return FORBIDDEN, "requests from pages of another origin are refused"
        return None


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def host_of(netloc: str) -> str:
    """Return the host of `host`, `host:port` or `[address]:port`, lower-case; empty if it is none.

    >>> host_of("[::1]:8000")
    '::1'
    """
    try:
        parts = urlsplit(f"//{netloc}")
        parts.port  # noqa: B018 - raises where the port is none
    except ValueError:
        return ""
    plain = parts.netloc == netloc and "@" not in netloc
    return (parts.hostname or "") if plain else ""


def _same(origin: str, named: str) -> bool:
    parts = urlsplit(origin) if origin.startswith(("http://", "https://")) else None
    return parts is not None and parts.netloc.lower() == named.lower()


def allowed_hosts(bind: str, allowed: Sequence[str]) -> frozenset[str]:
    """Return the hosts that requests may name: this machine's own names, and those allowed.

    Raises:
        ConfigError: the address is open to other machines and no host is allowed, or one of
            them is no host.
    """
    hosts = [host_of(f"[{name}]" if _is_version_6(name) else name) for name in allowed]
    for name, host in zip(allowed, hosts, strict=True):
        if not host or name.endswith("*"):
            raise ConfigError(f"--served-as {name!r} is no host: give a name such as gpu7.example")
    if not hosts and not is_loopback(bind):
        raise ConfigError(
            f"--host {bind} lets other machines in: say by which name they reach this one, "
            "with --served-as NAME"
        )
    return frozenset((*LOOPBACK, *hosts))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_version_6(name: str) -> bool:
    try:
        return ip_address(name).version == 6
    except ValueError:
        return False
