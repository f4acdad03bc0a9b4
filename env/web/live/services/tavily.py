"""Tavily: a search API made for agents.

API: `POST https://api.tavily.com/search` with JSON: `query` (at most 400 characters, remembered
from its error), `max_results` (0 to 20), `search_depth`, `topic`, `start_date` and `end_date`
(YYYY-MM-DD), `include_domains`, `exclude_domains`; results have `url`, `title`, `content`
(https://docs.tavily.com/documentation/api-reference/endpoint/search,
https://tavily.com/.well-known/openapi.json). Languages: no parameter, so one wanted is not used.

Key: `TAVILY_API_KEY`, sent as a bearer token.

Terms: https://www.tavily.com/terms (updated 4 May 2026; it could not be read whole). They let
output be used in one's own applications and leave third parties' rights to the customer; a clear
right to store and pass on was not found, so replies count as not storable.

Limits: 100 requests a minute with a development key, 1,000 with a production key
(https://docs.tavily.com/documentation/rate-limits); 429 beyond, 432 when the plan and 433 when
pay-as-you-go is used up (https://help.tavily.com/articles/8645538886-understanding-http-errors).
Price: a basic search is one credit; 1,000 credits a month are free, then 0.008 US dollars each,
less in plans (https://docs.tavily.com/documentation/api-credits).
End: none is known; Nebius has owned the company since February 2026.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from env.web.live.services import asking
from env.web.live.services.asking import JSON, Sender
from env.web.live.services.base import About
from env.web.live.services.found import Fields, items, results
from env.web.live.services.wanted import ANYTHING, Wanted, asked, days, settings, usable_key
from env.web.results import Result

ABOUT = About(
    name="tavily",
    key="TAVILY_API_KEY",
    storable=False,
    terms="No clear right to store replies and pass them on: https://www.tavily.com/terms",
    dates=True,
)
ADDRESS = "https://api.tavily.com/search"
KEYS = "https://app.tavily.com"
QUERY_CHARACTERS = 400
MOST = 20
DOMAINS = 100
"""Domains of each list that are sent; the lists are enforced on the results in any case."""
_FIELDS = Fields(url="url", title="title", snippet="content")


class Tavily:
    """Searches through Tavily, at its basic depth."""

    def __init__(self, sender: Sender, key: str, wanted: Wanted = ANYTHING) -> None:
        """Make it with a key.

        Raises:
            ConfigError: key or dates are not usable.
        """
        self.about = ABOUT
        self.settings = settings(wanted)
        self._key = usable_key(ABOUT, key, KEYS)
        self._wanted = wanted
        self._since, self._until = days(wanted.dates)
        self._count = max(1, min(wanted.count, MOST))
        self._sender = sender

    async def search(self, query: str) -> list[Result]:
        """Return results, best first."""
        words = asked(query, QUERY_CHARACTERS)
        if not words:
            return []
        reply = await asking.ask(
            self._sender,
            self.about,
            ADDRESS,
            method="POST",
            headers=(*JSON, ("content-type", "application/json")),
            secret=(("authorization", f"Bearer {self._key}"),),
            content=msgspec.json.encode(self._request(words)),
        )
        document = asking.document(self.about, reply)
        found = items(self.about, document, "results")
        return results(self.about, found, _FIELDS, self._count)

    def _request(self, words: str) -> dict[str, object]:
        request: dict[str, object] = {
            "query": words,
            "max_results": self._count,
            "search_depth": "basic",
        }
        if self._since:
            request["start_date"] = self._since.isoformat()
        if self._until:
            request["end_date"] = self._until.isoformat()
        if self._wanted.allow_domain:
            request["include_domains"] = list(self._wanted.allow_domain[:DOMAINS])
        if self._wanted.deny_domain:
            request["exclude_domains"] = list(self._wanted.deny_domain[:DOMAINS])
        return request


def from_environment(
    sender: Sender, wanted: Wanted = ANYTHING, environment: Mapping[str, str] | None = None
) -> Tavily:
    """Make the service with the key in `TAVILY_API_KEY`.

    Raises:
        ConfigError: it is missing or not usable.
    """
    variables = os.environ if environment is None else environment
    return Tavily(sender, variables.get(ABOUT.key, ""), wanted)
