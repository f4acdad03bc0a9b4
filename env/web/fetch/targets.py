"""Judges a URL before anything is asked of a network: may it be requested as it is written?

It is parsed once, and the parsed URL is what is sent. A URL that two parsers read differently is
refused: what was judged would not be what is asked for. Knows no addresses but those written in
the URL, and nothing of redirects.
"""

from __future__ import annotations

import re
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

import httpx

from env.errors import Blocked, Reason
from env.sanitise import sanitise_line
from env.web.fetch.addresses import address_of, vet
from env.web.fetch.config import DEFAULT, LONGEST_URL, PORTS, FetchConfig
from env.web.fetch.permits import HOST, Permits, Rules, is_within, plain_host, rules_of

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff\u2028\u2029]")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
"""The last label of a host that browsers and resolvers read as an IPv4 address."""


def target(
    url: str, config: FetchConfig = DEFAULT, trusted: frozenset[str] = frozenset()
) -> httpx.URL:
    """Return the URL as it will be requested, without fragment.

    Args:
        url: absolute, as found on a page or given by a user.
        config: names the hosts, ports and domains that are permitted or denied.
        trusted: hosts, as NAME or NAME:PORT, of services whose address the user has set.

    Raises:
        Blocked: it must not be requested; the reason is `url`, `filter` or `address`.
        ConfigError: a host or domain of the settings is none.
    """
    rules = rules_of(config, trusted)
    parsed, split = _parse(url)
    host = _host(url, parsed, split)
    port = _port(url, parsed, split, host, rules.permits)
    _refuse_domain(host, port, rules)
    _refuse_home(host, port, rules.permits)
    return parsed.copy_with(fragment=None) if "#" in url else parsed


def host_and_port(url: httpx.URL) -> tuple[str, int]:
    """Return what a judged URL connects to: the host as its name is resolved, and the port."""
    return url.raw_host.decode("ascii"), url.port or PORTS[url.scheme]


def _parse(url: str) -> tuple[httpx.URL, SplitResult]:
    if len(url) > LONGEST_URL:
        _refuse(url, f"it is longer than {LONGEST_URL:,} characters")
    if _FORBIDDEN.search(url):
        _refuse(url, "it has a backslash, a space or a control character")
    try:
        # The second reading is never sent; it only has to agree with the first.
        return httpx.URL(url), urlsplit(url)
    except (httpx.InvalidURL, ValueError):
        _refuse(url, "it is no URL")


def _host(url: str, parsed: httpx.URL, split: SplitResult) -> str:
    if parsed.scheme not in PORTS or split.scheme != parsed.scheme:
        _refuse(url, "only http and https are fetched")
    if "@" in split.netloc or parsed.userinfo:
        _refuse(url, "it has a user name")
    written = split.hostname or ""
    host = parsed.raw_host.decode("ascii")
    if not written or not host:
        _refuse(url, "it names no host")
    if "%" in host or not _same_host(written, host):
        _refuse(url, "its host can be read in two ways")
    plain = plain_host(host)
    if address_of(host) is None:
        if not HOST.fullmatch(plain):
            _refuse(url, "its host is no name")
        if _NUMBER.fullmatch(plain.rpartition(".")[2]):
            _refuse(url, "its host is a number, which hides an address")
    elif "[" in split.netloc and split.netloc.rpartition("]")[2][:1] not in ("", ":"):
        _refuse(url, "its host can be read in two ways")
    return plain


def _same_host(written: str, host: str) -> bool:
    """Tell whether each label of the host stands in the URL itself or is its encoding.

    Full-width digits and dots would become an address that another reader does not see.
    """
    labels, asked = written.split("."), host.split(".")
    return len(labels) == len(asked) and all(
        label == other if label.isascii() else other.startswith("xn--")
        for label, other in zip(labels, asked, strict=True)
    )


def _port(url: str, parsed: httpx.URL, split: SplitResult, host: str, permits: Permits) -> int:
    usual = PORTS[parsed.scheme]
    try:
        other = split.port
    except ValueError:
        _refuse(url, "it has no valid port")
    port = usual if parsed.port is None else parsed.port
    if not 0 < port < 65536:
        _refuse(url, "it has no valid port")
    if port != (usual if other is None else other):
        _refuse(url, "its port can be read in two ways")
    if port != usual and (host, port) not in permits:
        _refuse(url, f"port {port} is not {usual}; --allow-host {host}:{port} permits it")
    return port


def _refuse_domain(host: str, port: int, rules: Rules) -> None:
    if (host, port) in rules.trusted:
        return
    if is_within(host, rules.denied):
        raise Blocked(f"{host} is hidden by --deny-domain", "filter")
    if rules.allowed and not is_within(host, rules.allowed):
        raise Blocked(f"{host} is not among the domains of --allow-domain", "filter")


def _refuse_home(host: str, port: int, permits: Permits) -> None:
    """Refuse what needs no resolver: addresses, and localhost, which leads home (RFC 6761)."""
    permitted = (host, port) in permits
    if address_of(host) is not None:
        vet(host, host, permitted=permitted)
    elif is_within(host, ("localhost",)) and not permitted:
        raise Blocked(f"not connected: {host} is this machine; --allow-host permits it", "address")


def _refuse(url: str, why: str) -> NoReturn:
    reason: Reason = "url"
    raise Blocked(f"not opened: {why}: {sanitise_line(url, 120)}", reason)
