"""Where a redirect leads. Knows no network: what a server says here is only a text to judge."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx

from env.errors import WebError
from env.sanitise import sanitise_line
from env.web.fetch.config import LONGEST_URL, FetchConfig
from env.web.fetch.exchange import Exchange
from env.web.fetch.targets import target

REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\\]")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_UNESCAPED = re.compile(r"[\x20\x80-\xff]")


def next_target(exchange: Exchange, config: FetchConfig) -> httpx.URL:
    """Return where a redirect leads, judged like any URL and without its fragment.

    Raises:
        WebError: it leads nowhere, to several places, or from https to http (`redirect`).
        Blocked: it leads where nothing may be requested.
    """
    here = httpx.URL(exchange.url)
    host = here.raw_host.decode("ascii")
    location = _location(exchange, host)
    try:
        # With a scheme it has to be whole: `https:x` and `https:///x` are read in several ways.
        joined = location if _SCHEME.match(location) else urljoin(exchange.url, location)
    except ValueError:
        raise _fault(host, f"to no URL: {sanitise_line(location, 80)}") from None
    there = target(joined, config)
    if here.scheme == "https" and there.scheme != "https":
        raise _fault(host, f"from https to http: {sanitise_line(str(there), 80)}")
    return there


def _location(exchange: Exchange, host: str) -> str:
    """Return what the one Location says, with all that must be escaped in a URL escaped."""
    found = [value.strip(" \t") for name, value in exchange.headers if name == "location"]
    if len(found) != 1:
        raise _fault(host, "to several places at once" if found else "without saying where to")
    location = found[0]
    if not location:
        raise _fault(host, "without saying where to")
    if len(location) > LONGEST_URL:
        raise _fault(host, f"to a URL of {len(location)} characters, expected {LONGEST_URL}")
    if _CONTROLS.search(location):
        raise _fault(host, "to a URL with characters that none may have")
    # Servers send raw UTF-8; in a host the escapes are refused with the rest.
    return _UNESCAPED.sub(_escape, location)


def _escape(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"


def _fault(host: str, words: str) -> WebError:
    return WebError(f"{host} redirects {words}", "redirect")
