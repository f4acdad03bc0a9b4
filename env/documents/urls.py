"""What the links of a page point at. Knows URLs only as text; nothing is ever fetched here."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

URL_LIMIT = 4000
"""Characters of the longest URL that is kept."""
LOCAL = "local"
"""The domain of a file: URL."""

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff\u2028\u2029]")
_NO_URL = ("#", "javascript:", "mailto:", "data:", "tel:")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?|\[[0-9a-f:.]+\]")
_PLAIN = re.compile(
    r"https?://([a-z0-9](?:[a-z0-9-]*\.)*[a-z0-9-]*[a-z0-9])/[\w/.,%()~!*;+-]*", re.A
)
_KEPT = "!#$%&'()*+,/:;=?@[]~"


def domain_of(url: str) -> str:
    """Return the host without `www.`, port and a dot at its end.

    `local` for a file, empty when there is none.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme == "file":
        return LOCAL
    host = _ascii_host(host) or ""
    return host.rstrip(".").removeprefix("www.")


def absolute(base: str, href: str) -> str | None:
    """Return where a link leads, percent-encoded and without fragment.

    None for what cannot be followed or should not be: anything but http and https (file only from
    a file), control characters, backslashes, user names, a host that is none.
    """
    href = href.strip()
    if not href or len(href) > URL_LIMIT or href[:11].lower().startswith(_NO_URL):
        return None
    if _PLAIN.fullmatch(href) and "/." not in href:
        return href
    href = href.replace(" ", "%20")
    if _FORBIDDEN.search(href):
        return None
    try:
        parts = urlsplit(urljoin(base, href))
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme == "file" and base.startswith("file:") and not host:
        return urlunsplit(("file", "", quote(parts.path, safe=_KEPT), parts.query, ""))
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not host:
        return None
    return _http(parts.scheme, _ascii_host(host), port, parts.path, parts.query)


def _http(scheme: str, host: str | None, port: int | None, path: str, query: str) -> str | None:
    if host is None:
        return None
    netloc = host if port is None else f"{host}:{port}"
    if "/." in path:
        path = urlsplit(urljoin("http://host/", path)).path
    path = quote(path, safe=_KEPT) or "/"
    return urlunsplit((scheme, netloc, path, quote(query, safe=_KEPT), ""))


def _ascii_host(host: str) -> str | None:
    """Return the host in lower-case ASCII, or None when no host looks like this."""
    if ":" in host:
        host = f"[{host}]"
    host = host_in_ascii(host).lower()
    return host if _HOST.fullmatch(host) else None


def host_in_ascii(host: str) -> str:
    """Return a host's name as it is asked for; unchanged when it is none.

    As browsers have it (UTS 46 over IDNA 2008). Python's own codec is of 2003 and makes straße
    into strasse, which is another host; it is only asked for what 2008 has no place for.
    """
    if host.isascii():
        return host
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError:
        pass
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
