"""What the hostile server answers when asked for robots.txt: one play for each name of a host."""

from __future__ import annotations

from tests.hostile.plays import OK, Call, Play, held, located

_TEXT = b"content-type: text/plain\r\n"
_FORBID = b"User-agent: *\nDisallow: /\n"


def says(body: bytes, status: bytes = OK, head: bytes = _TEXT) -> Play:
    """Play a robots.txt with this body."""

    async def play(call: Call) -> None:
        await call.page(body, head, status)

    return play


def _large(lines: int) -> Play:
    """Play many lines of 100 bytes; what counts stands in front, the opposite behind 500 KiB."""

    async def play(call: Call) -> None:
        filling = b"# " + b"x" * 97 + b"\n"
        body = b"User-agent: *\nDisallow: /page\n" + filling * lines + b"Allow: /page\n"
        await call.page(body, _TEXT)

    return play


async def _bomb(call: Call) -> None:
    from tests.hostile.bodies import bomb

    await call.page(bomb("gzip", call.bomb), _TEXT + b"content-encoding: gzip\r\n")


ROBOTS: dict[str, Play] = {
    "404": says(b"nothing here", b"HTTP/1.1 404 Not Found\r\n"),
    "401": says(b"who are you", b"HTTP/1.1 401 Unauthorized\r\n"),
    "403": says(b"go away", b"HTTP/1.1 403 Forbidden\r\n"),
    "500": says(b"broken", b"HTTP/1.1 500 Broken\r\n"),
    "503": says(b"busy", b"HTTP/1.1 503 Unavailable\r\n"),
    "silent": held(b""),
    "loop": located(b"location: /robots.txt\r\n"),
    "away": located(b"location: http://127.0.0.1/robots.txt\r\n"),
    "large": _large(49_000),
    "larger": _large(60_000),
    "bomb": _bomb,
    "html": says(b"<!doctype html><html><body>Page not found</body></html>"),
    "bom": says(b"\xef\xbb\xbf" + _FORBID),
    "nothing": says(b"User-agent: *\nDisallow:\n"),
    "empty": says(b""),
    "forbid": says(_FORBID),
    "named": says(b"User-agent: webqa\nDisallow: /page\n\nUser-agent: *\nDisallow:\n"),
    "other": says(b"User-agent: somebodyelse\nDisallow: /\n"),
    "longest": says(b"User-agent: *\nDisallow: /\nAllow: /page\n"),
    "equal": says(b"User-agent: *\nDisallow: /page\nAllow: /page\n"),
    "binary": says(bytes(range(256)) * 100),
    "stars": says(b"User-agent: *\nDisallow: /" + b"*a" * 5000 + b"$\n"),
}


def robots_of(host: str) -> Play:
    """Return the play for `robots-NAME.test`; elsewhere there is no robots.txt."""
    name = host.partition(".")[0].removeprefix("robots-")
    return ROBOTS.get(name, ROBOTS["404"])
