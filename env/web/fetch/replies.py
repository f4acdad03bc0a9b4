"""What a reply means: a document, or an error that says what happened. Knows no network."""

from __future__ import annotations

from http import HTTPStatus

from env.documents.kinds import kind_of
from env.errors import Blocked, DocumentError, NotFound, WebError
from env.sanitise import sanitise_line
from env.web.fetch.config import LONGEST_RETRY_WAIT
from env.web.fetch.exchange import Exchange, Fetched, Headers, Reply
from env.web.fetch.retries import PASSING, retry_after

SUCCESS = frozenset({200, 203})
"""Other successes carry no document, or only a part of one."""
START = 1024
"""Bytes of a body by which it is told whether it is worth reading on."""
_MISSING = frozenset({404, 410})
_REFUSED = frozenset({401, 403, 451})


def failure(exchange: Exchange, host: str, now: float) -> WebError | None:
    """Return what a status says went wrong, None for a success.

    Args:
        exchange: the last one of a fetch, no redirect.
        host: for the message.
        now: seconds since 1970, for servers that name a time.
    """
    status = exchange.status
    if status in SUCCESS:
        return None
    if status in _MISSING:
        return NotFound(f"{host} has no such page ({_words(status)})", "missing")
    if status in _REFUSED:
        return Blocked(f"{host} does not let this page be read ({_words(status)})", "status")
    if status in PASSING:
        asked = retry_after(exchange.headers, now) or 0.0
        until = f", and asks to wait {_wait(asked)}" if asked > LONGEST_RETRY_WAIT else ""
        return WebError(f"{host} cannot answer now ({_words(status)}){until}", "status")
    return WebError(f"{host} did not send a page ({_words(status)})", "status")


def _words(status: int) -> str:
    # The server's own words are left out: they are as untrusted as a page.
    try:
        return f"status {status}, {HTTPStatus(status).phrase}"
    except ValueError:
        return f"status {status}"


def _wait(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 1e9 else "for years"


def document(reply: Reply, url: str, host: str, *, keep: bool) -> Fetched:
    """Return a reply as a document.

    Args:
        reply: a success.
        url: where it was found.
        host: for the message.
        keep: whether a cache may keep it.

    Raises:
        WebError: it is empty or of a kind that is not read (`type`), whatever it is declared as.
    """
    content_type = _content_type(reply.exchange.headers)
    try:
        kind_of(reply.content, content_type, url)
    except DocumentError as fault:
        raise _unread(host, fault) from None
    return Fetched(url, content_type, reply.content, reply.exchange.at, keep)


_MEDIA = ("image/", "video/", "audio/", "font/")


def no_document(status: int, headers: Headers, start: bytes, host: str) -> WebError | None:
    """Return why a body need not be read on, None when it may be a document after all.

    Pictures, sound and video are large. A server's word alone is not believed: what is declared
    as one of them must look like none of ours, too.

    Args:
        status: of the reply; what else than a success says is told by its status.
        headers: of the reply, which has no content coding.
        start: the first bytes of its body, `START` at the least.
        host: for the message.
    """
    declared = _content_type(headers).lower()
    if status not in SUCCESS or not declared.startswith(_MEDIA):
        return None
    try:
        kind_of(start, "", "")
    except DocumentError as fault:
        return _unread(host, fault)
    return None


def _unread(host: str, fault: DocumentError) -> WebError:
    return WebError(f"{host} sent no document: {sanitise_line(str(fault))}", "type")


def _content_type(headers: Headers) -> str:
    """Return the last declared type: where there are several, that is the one browsers take."""
    found = [value.strip() for name, value in headers if name == "content-type"]
    return found[-1] if found else ""


def storable(headers: Headers) -> bool:
    """Return whether a cache may keep a reply (RFC 9111, 3 and 4.1), as its headers tell."""
    for name, value in headers:
        if name in ("set-cookie", "set-cookie2"):
            return False
        if name == "vary" and "*" in value:
            return False
        if name == "cache-control" and not _NEVER.isdisjoint(_directives(value)):
            return False
    return True


_NEVER = frozenset({"no-store", "private"})


def _directives(value: str) -> set[str]:
    return {part.partition("=")[0].strip().lower() for part in value.split(",")}
