"""Settings of the fetcher. Knows no command line."""

from __future__ import annotations

from dataclasses import dataclass

from env.documents.urls import URL_LIMIT
from env.errors import ConfigError


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """What one fetch may cost, where it may go, and how polite it is."""

    contact: str = ""
    """An e-mail address or URL that the user agent names, so that site owners can complain."""
    fetch_seconds: float = 20.0
    """Seconds one page may take with redirects, robots.txt and retries, once its turn has come."""
    turn_seconds: float = 60.0
    """Seconds to wait at most for a turn at a host that is asked for other pages as well."""
    redirects: int = 5
    """Redirects followed for one page."""
    page_bytes: int = 5_000_000
    """Bytes of the largest page that is read, both as received and unpacked."""
    retries: int = 2
    """Further tries of a request after a failure that may pass, such as a lost connection."""
    ignore_robots: bool = False
    """Fetch also what robots.txt forbids; only where you have leave to."""
    host_delay: float = 0.5
    """Seconds between the starts of two requests to one host; 0 for none."""
    per_host: int = 2
    """Requests at most at the same time to one host."""
    per_address: int = 4
    """Requests at most at the same time to one IP address, which may serve many hosts."""
    clients: int = 4
    """HTTP clients that share the hosts between them."""
    connections: int = 32
    """Connections that each client keeps open at most; many make it slow."""
    allow_host: tuple[str, ...] = ()
    """NAME or NAME:PORT of a host that may be local or in a private network; several times too."""
    allow_domain: tuple[str, ...] = ()
    """A domain to keep to, with its subdomains; may be given several times. None: all domains."""
    deny_domain: tuple[str, ...] = ()
    """A domain that is never opened, with its subdomains; may be given several times."""


DEFAULT = FetchConfig()

_ABOVE_0 = (
    "fetch_seconds", "turn_seconds", "page_bytes", "per_host", "per_address", "clients",
    "connections",
)  # fmt: skip
_FROM_0 = ("redirects", "retries", "host_delay")


def check(config: FetchConfig) -> None:
    """Refuse numbers that make no sense: no client, or no place for a request, waits for ever.

    Raises:
        ConfigError: a number is too small, or none.
    """
    for name in (*_ABOVE_0, *_FROM_0):
        value, flag = getattr(config, name), "--" + name.replace("_", "-")
        if name in _ABOVE_0 and not value > 0:
            raise ConfigError(f"{flag} must be above 0, not {value}")
        if not value >= 0:
            raise ConfigError(f"{flag} must be 0 or more, not {value}")


NAME_SECONDS = 5.0
CONNECT_SECONDS = 5.0
HEADER_BYTES = 65_536
ENCODINGS = 2
"""Content encodings one upon another that are undone; more are an attack."""
PORTS = {"http": 80, "https": 443}
LONGEST_URL = URL_LIMIT
"""Characters; what a page's link may have can be asked for."""
LONGEST_RETRY_WAIT = 10.0
"""Seconds; a server that asks for more is not asked again."""
