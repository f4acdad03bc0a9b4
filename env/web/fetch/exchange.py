"""The records of one request and its reply. They hold data and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]
"""Names in lower case, in the order received; bytes that are no ASCII as Latin-1."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its reply as they crossed the network, without anything secret."""

    url: str
    status: int
    headers: Headers
    body: bytes
    """As received: after transfer coding, before content coding. A redirect's is not read."""
    method: str = "GET"
    request_headers: Headers = ()
    """Without credentials: keys of services are left out."""
    request_body: bytes = b""
    version: str = "HTTP/1.1"
    phrase: str = ""
    """The words behind the status."""
    address: str = ""
    """The vetted address that was connected to."""
    at: str = ""
    """When the reply had come, ISO 8601 in UTC."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An exchange and its body unpacked."""

    exchange: Exchange
    content: bytes
    """The body after content coding is undone; empty for a redirect."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document that was fetched: what a page is made from."""

    url: str
    """Where it was in the end, behind all redirects."""
    content_type: str
    """As declared, possibly empty or wrong."""
    data: bytes
    at: str
    """ISO 8601 in UTC."""
    keep: bool
    """Whether a cache may keep it: no `no-store`, `private`, `Vary: *` or cookie, no other origin.

    Origins count: a redirect from one site must not decide what another site's address shows.
    """


Heard = Callable[[Exchange], None]
"""Told of every exchange that was read to its end, of pages and of search services alike.

A cassette listens here.
"""
