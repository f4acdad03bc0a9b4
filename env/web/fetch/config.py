"""Settings of the fetcher. Knows no command line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """What one fetch may cost, where it may go, and how polite it is."""

    contact: str = ""
    """An e-mail address or URL that the user agent names, so that site owners can complain."""
    fetch_seconds: float = 20.0
    """For one page with its redirects, robots.txt and retries; waiting for one's turn apart."""
    turn_seconds: float = 60.0
    """Longest wait for one's turn at a busy host."""
    redirects: int = 5
    """Redirects followed for one page."""
    page_bytes: int = 5_000_000
    """Of the largest page, as received and unpacked alike."""
    retries: int = 2
    """Further tries after a failure that may pass."""
    ignore_robots: bool = False
    """Fetch also what robots.txt forbids; only where you have leave to."""
    host_delay: float = 0.5
    """Seconds between the starts of two requests to one host; 0 for none."""
    per_host: int = 2
    """Requests at once to one host."""
    per_address: int = 4
    """Requests at once to one address, which may serve many hosts."""
    clients: int = 4
    """HTTP clients that share the hosts between them."""
    connections: int = 32
    """Open at once in each client; more make httpx slow."""
    allow_host: tuple[str, ...] = ()
    """Hosts, as NAME or NAME:PORT, that may be on this machine or in a private network."""
    allow_domain: tuple[str, ...] = ()
    """If any: only these domains and their subdomains are opened."""
    deny_domain: tuple[str, ...] = ()
    """Domains that are never opened, with their subdomains."""


DEFAULT = FetchConfig()

NAME_SECONDS = 5.0
CONNECT_SECONDS = 5.0
HEADER_BYTES = 65_536
ENCODINGS = 2
"""Content encodings one upon another that are undone; more are an attack."""
PORTS = {"http": 80, "https": 443}
LONGEST_URL = 4000
LONGEST_RETRY_WAIT = 10.0
"""Seconds; a server that asks for more is not asked again."""
