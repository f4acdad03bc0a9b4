"""Asking a search service within a deadline, and what its status says.

Knows no particular service. Nothing that a service writes gets into an error: it could hold the
key that it was asked with.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Protocol

import msgspec

from env.errors import Reason, TimedOut, WebError
from env.web.fetch.exchange import Headers, Reply
from env.web.fetch.retries import retry_after
from env.web.live.services.base import About
from env.web.live.services.found import changed

SECONDS = 15.0
"""For one search, from the name of the host to the last byte."""
RATE_REST = 60.0
"""Seconds that a service rests which says "too many requests" without saying for how long."""
QUOTA_REST = 3600.0
"""The same for one whose plan is used up: somebody has to pay, or a month has to end."""
LONGEST_ASKED_REST = 86_400.0
JSON: Headers = (("accept", "application/json"),)
_NUMBER = re.compile(r"[0-9]{1,12}")


class Sender(Protocol):
    """Sends one request through the guarded client (env.web.fetch.client.Client)."""

    async def send(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Headers = (),
        secret: Headers = (),
        content: bytes = b"",
    ) -> Reply:
        """Return the reply, whatever its status.

        Raises:
            WebError: there was none.
        """


class Exhausted(WebError):
    """A service has had enough for now; `rest` says for how many seconds."""

    def __init__(self, message: str, rest: float) -> None:
        super().__init__(message, "quota")
        self.rest = min(max(rest, 1.0), LONGEST_ASKED_REST)


async def ask(
    sender: Sender,
    about: About,
    url: str,
    *,
    method: str = "GET",
    headers: Headers = JSON,
    secret: Headers = (),
    content: bytes = b"",
    seconds: float = SECONDS,
) -> Reply:
    """Send a search within its deadline.

    Raises:
        WebError: no reply, or not in time.
    """
    try:
        async with asyncio.timeout(seconds):
            return await sender.send(
                url, method=method, headers=headers, secret=secret, content=content
            )
    except TimeoutError as error:
        raise TimedOut(f"{about.name} did not answer in {seconds:g} s", "time") from error


def document(about: About, reply: Reply) -> object:
    """Return the JSON of a reply.

    Raises:
        WebError: a status other than success, or no JSON.
    """
    if reply.exchange.status != 200:
        raise refusal(about, reply)
    try:
        return msgspec.json.decode(reply.content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        start = reply.content.lstrip()[:1]
        found = {b"": "nothing", b"<": "a web page"}.get(start, "something else")
        raise changed(about, f"expected JSON, found {found}") from error


def refusal(about: About, reply: Reply) -> WebError:
    """Return the error that a status other than success means."""
    status, rest = reply.exchange.status, rest_asked(reply)
    if status == 429 or (status == 503 and rest is not None):
        return exhausted(about, status, RATE_REST if rest is None else rest)
    if status in (402, 432, 433):
        return exhausted(about, status, QUOTA_REST if rest is None else rest)
    if status in (401, 403) and about.key:
        return key_refused(about, status)
    reason: Reason = "status" if status >= 500 else "service"
    return WebError(f"{about.name} answered with status {status}, expected 200", reason)


def exhausted(about: About, status: int, rest: float) -> Exhausted:
    """Return the error of a service that has had enough."""
    why = "too many requests" if rest < QUOTA_REST else "the plan is used up"
    return Exhausted(f"{about.name} has had enough: {why} (status {status})", rest)


def key_refused(about: About, status: int) -> WebError:
    """Return the error of a key that the service does not take."""
    return WebError(f"{about.name} refused the key (status {status}): check {about.key}", "key")


def rest_asked(reply: Reply) -> float | None:
    """Return for how many seconds the service asks to be left alone, None when it does not."""
    return retry_after(reply.exchange.headers, time.time())


def numbers(reply: Reply, name: str) -> list[float]:
    """Return the comma-separated numbers of a header, none where it is missing or odd."""
    value = next((value for key, value in reply.exchange.headers if key == name), "")
    parts = [part.strip() for part in value.split(",")[:20]]
    return [float(part) for part in parts if _NUMBER.fullmatch(part)]
