"""What every request must fulfil before a page sees it, and what every reply carries.

Hosts and origins are the guard's business (webqa.serving.guard); here are posts that another page
began, bodies that are too large, and the headers that keep a browser from loading or running
anything that is not ours. Plain ASGI; knows no page and no database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

from webqa.serving.guard import Application, Guard, Receive, Scope, Send

PATIENCE = 30.0
"""Seconds that are waited for the next part of a form."""
PARTS = 10
"""Times as long the whole form may take."""
TOO_SLOW, TOO_LARGE = 408, 413
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not no-referrer: with it a browser sends our own forms with the origin `null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
PRIVATE = ("cache-control", "no-store")
"""Of every reply that says nothing of its own about being kept."""
HTTPS = ("strict-transport-security", "max-age=31536000")


def secured(
    application: Application, hosts: Iterable[str], *, body_bytes: int, https: bool
) -> Application:
    """Return an application that only sees requests it may see.

    Args:
        application: what answers them.
        hosts: names under which it may be asked for.
        body_bytes: of the largest body that is read.
        https: whether browsers shall come back by HTTPS alone.
    """
    limited = BodyLimit(application, body_bytes)
    return Headers(Guard(SameSite(limited), hosts), https=https)


class Headers:
    """Adds to every reply what a browser must keep to."""

    def __init__(self, application: Application, *, https: bool) -> None:
        self._application = application
        added = {**HEADERS, **dict([HTTPS] if https else [])}
        self._added = [(name.encode(), value.encode()) for name, value in added.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                head = [*message.get("headers", []), *self._added]
                if not any(name.lower() == b"cache-control" for name, _ in head):
                    head.append((PRIVATE[0].encode(), PRIVATE[1].encode()))
                message = {**message, "headers": head}
            await send(message)

        await self._application(scope, receive, with_headers)


class SameSite:
    """Refuses what another site's page began, except for looking.

    Browsers say where a request comes from (Sec-Fetch-Site); one that does not say so at least
    names its origin, which the guard has compared already. What says neither is no browser, and
    carries nobody's cookie that it was not given.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and scope["method"] not in SAFE and not _own(scope):
            await refuse(send, 403, "forms of other pages are refused: open this one and try again")
        else:
            await self._application(scope, receive, send)


def _own(scope: Scope) -> bool:
    sites = {value for name, value in scope["headers"] if name == b"sec-fetch-site"}
    return sites <= {b"same-origin", b"none"}


class BodyLimit:
    """Stops reading a body where it gets too large or takes too long, whatever it says of itself.

    The application hears of it as an HTTPException from what it reads.
    """

    def __init__(self, application: Application, most: int, patience: float = PATIENCE) -> None:
        """Wrap an application.

        Args:
            application: what reads bodies.
            most: bytes of a body.
            patience: seconds that are waited for each part of it.
        """
        self._application = application
        self._most = most
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
        elif _announced(scope) > self._most:
            await refuse(send, TOO_LARGE, self._too_large)
        else:
            await self._application(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        read, more = 0, True
        end = asyncio.get_running_loop().time() + self._patience * PARTS

        async def limited() -> MutableMapping[str, Any]:
            nonlocal read, more
            if not more:  # what is waited for now is that the browser goes away
                return await receive()
            try:
                left = end - asyncio.get_running_loop().time()
                message = await asyncio.wait_for(receive(), min(self._patience, left))
            except TimeoutError:
                raise HTTPException(TOO_SLOW, "the form took too long to arrive") from None
            read, more = read + len(message.get("body", b"")), message.get("more_body", False)
            if read > self._most:
                raise HTTPException(TOO_LARGE, self._too_large)
            return message

        return limited

    @property
    def _too_large(self) -> str:
        return f"a form of more than {self._most:,} bytes is not read"


def _announced(scope: Scope) -> int:
    told = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(told[0]) if told and told[0].isdigit() else 0


async def refuse(send: Send, status: int, reason: str) -> None:
    """Reply with one sentence, and close the connection."""
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": f"{reason}\n".encode()})
