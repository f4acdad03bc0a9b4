"""Where a server is, and the key that may go there. Knows no HTTP library.

The key comes from the environment alone, goes to the addresses that the user named and nowhere
else, and never in the clear over a public network. It is in no error, no log and no repr.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from env.errors import ConfigError
from env.sanitise import sanitise

SAID = 200
"""Characters of a server's own words in an error."""
_READ = 20_000
_SHORTEST_SECRET = 8
"""Characters; what is shorter ("EMPTY", "ollama") is a stand-in that any text may hold."""
_EXAMPLE = "expected one like http://localhost:8000/v1"
_ROUTES = ("/chat/completions", "/completions", "/models")
_LOCAL_NAMES = (".localhost", ".local", ".lan", ".internal", ".home.arpa", ".test")


@dataclass(frozen=True, slots=True)
class Address:
    """A server: `api` ends with the version (`…/v1`), `root` is what stands before it."""

    api: str
    root: str
    local: bool
    """Whether it is this machine or its own network, as far as the name tells."""


class Key:
    """A key that does not show itself."""

    __slots__ = ("_secret", "variable")

    def __init__(self, secret: str = "", variable: str = "") -> None:
        self._secret = secret
        self.variable = variable
        """The environment variable it comes from."""

    def __repr__(self) -> str:
        return f"Key({self.variable}, {'set' if self._secret else 'not set'})"

    def __bool__(self) -> bool:
        return bool(self._secret)

    def header(self) -> dict[str, str]:
        """Return the header that proves who asks; to be sent to the user's addresses alone."""
        return {"authorization": f"Bearer {self._secret}"} if self._secret else {}

    def hide(self, text: str) -> str:
        """Return the text without the key."""
        if len(self._secret) < _SHORTEST_SECRET:
            return text
        return text.replace(self._secret, "[key]")

    def said(self, text: str) -> str:
        """Return a server's own words as one short clean line without the key."""
        line = self.hide(" ".join(sanitise(text[:_READ]).split()))
        if len(self._secret) >= _SHORTEST_SECRET and self._secret in line.replace(" ", ""):
            return "(not shown: it holds the key)"
        return line if len(line) <= SAID else line[: SAID - 1].rstrip() + "…"


def read_addresses(url: str) -> tuple[Address, ...]:
    """Read one address, or several replicas of one server separated by commas.

    Raises:
        ConfigError: one is no address of a server, or tells a password.
    """
    addresses = tuple(_address(part.strip()) for part in url.split(",") if part.strip())
    if not addresses:
        raise ConfigError(f"no endpoint: {_EXAMPLE}")
    return addresses


def _address(url: str) -> Address:
    try:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigError(f"the endpoint is no URL: {_EXAMPLE}") from error
    if parts.username is not None or parts.password is not None:
        # Not shown: it would be in every log.
        raise ConfigError("the endpoint's URL holds a user name: put a key in the environment")
    if parts.scheme not in ("http", "https") or not host or not _plain(url):
        raise ConfigError(f"{sanitise(url)[:80]!r} is no endpoint: {_EXAMPLE}")
    if parts.query or parts.fragment:
        raise ConfigError(f"the endpoint's URL has a query or a fragment: {_EXAMPLE}")
    return _split(parts, host)


def _plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url


def _split(parts: SplitResult, host: str) -> Address:
    path = parts.path.rstrip("/")
    for route in _ROUTES:
        path = path.removesuffix(route)
    origin = f"{parts.scheme}://{parts.netloc}"
    version = path.rpartition("/")[2]
    if version[:1] == "v" and version[1:2].isdigit():
        return Address(origin + path, origin + path.rpartition("/")[0], _local(host))
    return Address(f"{origin}{path}/v1", origin + path, _local(host))


def _local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_NAMES)


def read_key(variable: str, addresses: tuple[Address, ...], environment: Mapping[str, str]) -> Key:
    """Take the key from the environment; none where the variable is not set.

    Raises:
        ConfigError: it cannot be sent, or would cross a public network in the clear.
    """
    secret = environment.get(variable, "").strip() if variable else ""
    if not secret:
        return Key("", variable)
    if not _plain(secret):
        raise ConfigError(f"the key in {variable} holds characters that no key has: set it again")
    for address in addresses:
        if address.api.startswith("http://") and not address.local:
            raise ConfigError(
                f"the key in {variable} would go to {address.root} for all to read: "
                "use https, or send no key (an empty --server.key-variable)"
            )
    return Key(secret, variable)
