"""What the user's settings permit and forbid, made ready for judging. Knows no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from env.documents.urls import host_in_ascii
from env.errors import ConfigError
from env.web.fetch.addresses import address_of
from env.web.fetch.config import PORTS, FetchConfig

Permits = frozenset[tuple[str, int]]
"""Hosts (see plain_host) and ports that may be on this machine or in a private network."""

HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*"
    r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
"""A name in lower case, without a dot at its end (RFC 1123, and underscores, which occur)."""
_ENTRY = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of the settings by which a URL is judged before anything is asked of a network."""

    permits: Permits
    trusted: Permits
    """Those of the permits that no list of domains hides: addresses of services."""
    allowed: tuple[str, ...]
    denied: tuple[str, ...]


@lru_cache(maxsize=64)
def rules_of(config: FetchConfig, trusted: frozenset[str] = frozenset()) -> Rules:
    """Make settings ready.

    Args:
        config: the settings.
        trusted: hosts, as NAME or NAME:PORT, of services whose address the user has set.

    Raises:
        ConfigError: an entry is no host or no domain.
    """
    services = _permits("the address of a service", tuple(sorted(trusted)))
    return Rules(
        permits=services | _permits("--allow-host", config.allow_host),
        trusted=services,
        allowed=tuple(_domain("--allow-domain", entry) for entry in config.allow_domain),
        denied=tuple(_domain("--deny-domain", entry) for entry in config.deny_domain),
    )


def plain_host(host: str) -> str:
    """Return the one spelling of a host: lower case, no dot at the end, addresses in short form."""
    host = host.lower().removesuffix(".")
    address = address_of(host)
    return host if address is None else str(address)


def is_within(host: str, domains: tuple[str, ...]) -> bool:
    """Tell whether a host (see plain_host) is one of the domains or below one."""
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def _permits(setting: str, entries: tuple[str, ...]) -> Permits:
    """Without a port, an entry stands for the ports that every host may be asked on."""
    permits: set[tuple[str, int]] = set()
    for entry in entries:
        host, port = _host_and_port(setting, entry)
        permits.update((host, one) for one in ([port] if port else PORTS.values()))
    return frozenset(permits)


def _host_and_port(setting: str, entry: str) -> tuple[str, int]:
    written = entry.strip().lower()
    if address_of(written) is not None and ":" in written:
        written = f"[{written}]"
    match = _ENTRY.fullmatch(written)
    host = plain_host(host_in_ascii(match[1].strip("[]"))) if match else ""
    port = int(match[2]) if match and match[2] else 0
    named = HOST.fullmatch(host) or address_of(host) is not None
    if not match or not named or port > 65535 or match[2] == "0":
        raise ConfigError(
            f"{setting}: expected a host as NAME or NAME:PORT, such as localhost:8080, "
            f"found {entry[:80]!r}"
        )
    return host, port


def _domain(setting: str, entry: str) -> str:
    domain = plain_host(host_in_ascii(entry.strip().removeprefix("*").removeprefix(".")))
    if not HOST.fullmatch(domain) and address_of(domain) is None:
        raise ConfigError(f"{setting}: expected a domain such as example.org, found {entry[:80]!r}")
    return domain
