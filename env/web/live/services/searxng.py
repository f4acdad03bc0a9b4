"""SearXNG: a search engine of search engines that one runs oneself.

API: `GET ADDRESS/search?q=…&format=json`, with `language`, `pageno` and `time_range` (`day`,
`month`, `year`) (https://docs.searxng.org/dev/search_api.html). JSON has to be switched on in the
instance's settings.yml under `search.formats`; otherwise it answers 403
(https://docs.searxng.org/admin/settings/settings_search.html). Results have `url`, `title`,
`content` and sometimes `publishedDate`; `unresponsive_engines` names the engines that failed.
How many results come cannot be asked for.

Terms: the program is AGPL-3.0; what it answers comes from the engines behind it, whose terms hold
and mostly forbid storing, so replies count as not storable. Public instances mostly refuse JSON:
use one of your own.

Key: none; `SEARXNG_URL` holds the address, which may be on this machine because the user named it.
Limits: those of the instance (429 when its limiter is on) and of the engines. Price: none.
Dates: only "the last day, month or year", so a range is asked for as the shortest of these that
covers it, and results whose date is known and outside are left out. End: none is known.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date
from urllib.parse import urlencode, urlsplit

from env.documents.urls import absolute
from env.errors import ConfigError, WebError
from env.web.fetch.config import PORTS
from env.web.live.services import asking
from env.web.live.services.asking import Sender
from env.web.live.services.base import About
from env.web.live.services.found import Fields, items, results
from env.web.live.services.wanted import ANYTHING, Wanted, asked, days, language, settings, utc_day
from env.web.results import Result

ABOUT = About(
    name="searxng",
    key="SEARXNG_URL",
    storable=False,
    terms="The terms of the engines behind the instance hold, and most forbid storing: "
    "https://docs.searxng.org/",
    dates=True,
)
QUERY_CHARACTERS = 500
RANGES = ((1, "day"), (31, "month"), (366, "year"))
"""Days back, and the word for them."""
SWITCH_ON = "add `json` under `search.formats` in its settings.yml and restart it"
_FIELDS = Fields(url="url", title="title", snippet="content")


class Searxng:
    """Searches through one instance."""

    def __init__(
        self,
        sender: Sender,
        address: str,
        wanted: Wanted = ANYTHING,
        *,
        today: Callable[[], date] = utc_day,
    ) -> None:
        """Make it for the instance at an address.

        Raises:
            ConfigError: the address, the language or a date is not usable.
        """
        self.about = ABOUT
        self._address = instance(address)
        self.settings = settings(wanted, self._address)
        self._since, self._until = days(wanted.dates)
        self._language = language(wanted.language)
        self._count = wanted.count
        self._today = today
        self._sender = sender

    async def search(self, query: str) -> list[Result]:
        """Return results, best first."""
        words = asked(query, QUERY_CHARACTERS)
        if not words:
            return []
        parameters = {"q": words, "format": "json"}
        if self._language:
            parameters["language"] = self._language
        if span := self._time_range():
            parameters["time_range"] = span
        url = f"{self._address}/search?{urlencode(parameters)}"
        reply = await asking.ask(self._sender, self.about, url)
        if reply.exchange.status == 403 or _is_web_page(reply.content, reply.exchange.status):
            raise WebError(f"{self.about.name} does not give JSON: {SWITCH_ON}", "service")
        document = asking.document(self.about, reply)
        found = items(self.about, document, "results")
        if not found:
            self._check_engines(document)
        dated = [item for item in found if self._in_range(item)]
        return results(self.about, dated, _FIELDS, self._count)

    def _time_range(self) -> str:
        """Return the shortest range that covers the dates, empty when none does."""
        if self._since is None:
            return ""
        back = (self._today() - self._since).days
        return next((word for most, word in RANGES if back <= most), "")

    def _in_range(self, item: object) -> bool:
        told = item.get("publishedDate") if isinstance(item, Mapping) else None
        if not isinstance(told, str) or not (self._since or self._until):
            return True
        try:
            day = date.fromisoformat(told[:10])
        except ValueError:
            return True
        return (self._since or day) <= day <= (self._until or day)

    def _check_engines(self, document: object) -> None:
        """Tell "nothing found" from "nobody could be asked"."""
        silent = document.get("unresponsive_engines") if isinstance(document, Mapping) else None
        if isinstance(silent, list) and silent:
            raise WebError(
                f"{self.about.name} found nothing, and {len(silent)} of its engines did not answer",
                "service",
            )


def _is_web_page(content: bytes, status: int) -> bool:
    return status == 200 and content.lstrip()[:1] == b"<"


def instance(address: str) -> str:
    """Return the address of an instance, without a slash at the end.

    Raises:
        ConfigError: there is none, or it is no http(s) address.
    """
    if not address.strip():
        raise ConfigError(
            f"{ABOUT.name} needs an instance of your own: set the environment variable {ABOUT.key} "
            "to its address, like http://127.0.0.1:8080"
        )
    url = absolute("", address)
    if url is None or urlsplit(url).query:
        raise ConfigError(
            f"{ABOUT.key} must be an http(s) address without user name and query, "
            "like http://127.0.0.1:8080"
        )
    return url.rstrip("/").removesuffix("/search")


def host_of(address: str) -> str:
    """Return HOST:PORT of an instance, which its user has named and thereby allowed.

    Raises:
        ConfigError: the address is not usable.
    """
    parts = urlsplit(instance(address))
    host = parts.netloc.removesuffix(f":{parts.port}")
    return f"{host}:{parts.port or PORTS[parts.scheme]}"


def from_environment(
    sender: Sender, wanted: Wanted = ANYTHING, environment: Mapping[str, str] | None = None
) -> Searxng:
    """Make the service for the address in `SEARXNG_URL`.

    Raises:
        ConfigError: it is missing or not usable.
    """
    return Searxng(sender, _address(environment), wanted)


def trusted(environment: Mapping[str, str] | None = None) -> frozenset[str]:
    """Return what the client may connect to although it may be on this machine.

    Raises:
        ConfigError: the address is missing or not usable.
    """
    return frozenset((host_of(_address(environment)),))


def _address(environment: Mapping[str, str] | None) -> str:
    return (os.environ if environment is None else environment).get(ABOUT.key, "")
