"""Brave Search: an index of its own, by subscription.

API: `GET https://api.search.brave.com/res/v1/web/search` with `q` (at most 400 characters and 50
words), `count` (1 to 20), `search_lang`, `freshness` (`YYYY-MM-DDtoYYYY-MM-DD` for a range),
`text_decorations`, `result_filter`
(https://api-dashboard.search.brave.com/api-reference/web/search/get). Results stand in
`web.results` with `url`, `title`, `description`; without any, `web` may be missing.

Key: `BRAVE_API_KEY`, sent as `X-Subscription-Token`. A wrong one is answered with 422 and the code
SUBSCRIPTION_TOKEN_INVALID (remembered; no page was found that says so).

Terms: https://api-dashboard.search.brave.com/terms-of-service (last updated 11 February 2026; only
its beginning could be read). Storing replies takes a plan that grants it, which third parties say
of today's "Search" plan (https://hivebook.wiki, May 2026) and of none before
(https://github.com/modelcontextprotocol/servers/issues/522), so replies count as not storable.

Limits: by plan, told in `X-RateLimit-Remaining` and `X-RateLimit-Reset`, one number per window
(https://api.search.brave.com/app/documentation/web-search/response-headers); 429 beyond them.
Price class: some US dollars per 1,000 requests; today's figure was not found. End: none is known.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date
from urllib.parse import urlencode

from env.errors import WebError
from env.web.fetch.exchange import Reply
from env.web.live.services import asking
from env.web.live.services.asking import JSON, Sender
from env.web.live.services.base import About
from env.web.live.services.found import Fields, items, results
from env.web.live.services.wanted import (
    ANYTHING,
    Wanted,
    asked,
    days,
    language,
    settings,
    usable_key,
    utc_day,
)
from env.web.results import Result

ABOUT = About(
    name="brave",
    key="BRAVE_API_KEY",
    storable=False,
    terms="Replies may be stored only under a plan that grants it: "
    "https://api-dashboard.search.brave.com/terms-of-service",
    dates=True,
)
ADDRESS = "https://api.search.brave.com/res/v1/web/search"
KEYS = "https://brave.com/search/api/"
QUERY_CHARACTERS = 400
QUERY_WORDS = 50
MOST = 20
EARLIEST = date(1990, 1, 1)
"""Start of a range that is open at its start: there was no web before."""
_FIELDS = Fields(url="url", title="title", snippet="description", markup=True)


class Brave:
    """Searches Brave's index."""

    def __init__(
        self,
        sender: Sender,
        key: str,
        wanted: Wanted = ANYTHING,
        *,
        today: Callable[[], date] = utc_day,
    ) -> None:
        """Make it with a key.

        Raises:
            ConfigError: key, language or dates are not usable.
        """
        self.about = ABOUT
        self.settings = settings(wanted)
        self._key = usable_key(ABOUT, key, KEYS)
        self._since, self._until = days(wanted.dates)
        self._language = language(wanted.language)
        self._count = max(1, min(wanted.count, MOST))
        self._today = today
        self._sender = sender

    async def search(self, query: str) -> list[Result]:
        """Return results, best first."""
        words = asked(query, QUERY_CHARACTERS, QUERY_WORDS)
        if not words:
            return []
        url = f"{ADDRESS}?{urlencode(self._parameters(words))}"
        reply = await asking.ask(
            self._sender,
            self.about,
            url,
            headers=JSON,
            secret=(("x-subscription-token", self._key),),
        )
        if error := self._refused(reply):
            raise error
        document = asking.document(self.about, reply)
        if isinstance(document, Mapping) and "web" not in document and "query" in document:
            return []
        found = items(self.about, document, "web", "results")
        return results(self.about, found, _FIELDS, self._count)

    def _parameters(self, words: str) -> dict[str, str]:
        parameters = {
            "q": words,
            "count": str(self._count),
            "text_decorations": "false",
            "result_filter": "web",
        }
        if self._language:
            parameters["search_lang"] = self._language
        if self._since or self._until:
            since, until = self._since or EARLIEST, self._until or self._today()
            parameters["freshness"] = f"{since.isoformat()}to{until.isoformat()}"
        return parameters

    def _refused(self, reply: Reply) -> WebError | None:
        status = reply.exchange.status
        if status == 422 and b"SUBSCRIPTION_TOKEN_INVALID" in reply.content[:10_000]:
            return asking.key_refused(self.about, status)
        if status == 429 and (rest := _rest(reply)):
            return asking.exhausted(self.about, status, rest)
        return None


def _rest(reply: Reply) -> float | None:
    """Return the seconds until the windows that are used up begin anew."""
    remaining = asking.numbers(reply, "x-ratelimit-remaining")
    reset = asking.numbers(reply, "x-ratelimit-reset")
    if len(remaining) != len(reset):
        return None
    over = [seconds for left, seconds in zip(remaining, reset, strict=True) if left == 0]
    return max(1.0, *over) if over else None


def from_environment(
    sender: Sender, wanted: Wanted = ANYTHING, environment: Mapping[str, str] | None = None
) -> Brave:
    """Make the service with the key in `BRAVE_API_KEY`.

    Raises:
        ConfigError: it is missing or not usable.
    """
    variables = os.environ if environment is None else environment
    return Brave(sender, variables.get(ABOUT.key, ""), wanted)
