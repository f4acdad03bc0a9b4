"""Search services by the names that `--web` takes: `wikipedia`, `wikipedia:de`, `brave`.

Knows the four services and where their keys stand; makes no client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from env.errors import ConfigError
from env.sanitise import sanitise_line
from env.web.fetch.config import FetchConfig
from env.web.live.services import SERVICES, brave, searxng, tavily, wikipedia
from env.web.live.services.asking import Sender
from env.web.live.services.base import About, SearchService
from env.web.live.services.wanted import ANYTHING, Wanted


def is_service(name: str) -> bool:
    """Tell whether a name is that of a search service."""
    return name.partition(":")[0] in SERVICES


def about_named(name: str) -> About:
    """Return what is said of the service of a name.

    Raises:
        ConfigError: there is no such service.
    """
    if not is_service(name):
        raise _unknown(name)
    return SERVICES[name.partition(":")[0]]


def _unknown(name: str) -> ConfigError:
    return ConfigError(f"expected one of {', '.join(SERVICES)}, found {sanitise_line(name, 40)!r}")


def service_named(
    name: str,
    sender: Sender,
    wanted: Wanted = ANYTHING,
    environment: Mapping[str, str] | None = None,
) -> SearchService:
    """Make the service of a name.

    Args:
        name: of a service; a language may follow behind a colon.
        sender: the guarded client.
        wanted: what one wants of it; the language in the name goes first.
        environment: where keys stand; None is that of this process.

    Raises:
        ConfigError: no such service, or its key, address or language is missing or not usable.
    """
    base, colon, code = name.partition(":")
    if colon and not code:
        raise ConfigError(f"expected a language behind {base}:, like {base}:de")
    if code:
        wanted = replace(wanted, language=code)
    match base:
        case "wikipedia":
            return wikipedia.Wikipedia(sender, wanted)
        case "searxng":
            return searxng.from_environment(sender, wanted, environment)
        case "brave":
            return brave.from_environment(sender, wanted, environment)
        case "tavily":
            return tavily.from_environment(sender, wanted, environment)
    raise _unknown(base)


def trusted_by(name: str, environment: Mapping[str, str] | None = None) -> frozenset[str]:
    """Return the HOST:PORT that the client must trust for a service: what its user named.

    Raises:
        ConfigError: the service needs an address and has none.
    """
    return searxng.trusted(environment) if name.partition(":")[0] == "searxng" else frozenset()


def service_config(config: FetchConfig) -> FetchConfig:
    """Return the settings of the client of search services.

    The lists of domains and the permitted hosts are for pages: a list must not hide the service
    itself, and what the user permits for pages is no business of a service.
    """
    return replace(config, allow_domain=(), deny_domain=(), allow_host=())
