"""Wikipedia's own search, in any of its languages.

API: `https://LANGUAGE.wikipedia.org/w/api.php` with `action=query&list=search`: `srsearch`,
`srlimit` (1 to 500), `srprop=snippet` (HTML) (https://www.mediawiki.org/wiki/API:Search). Errors
come with status 200 and an `error.code` (https://www.mediawiki.org/wiki/API:Errors_and_warnings).
A query has at most 300 characters. That bound is remembered from the error that CirrusSearch
gives, not from a page.

Terms: text is under free licences, CC BY-SA in the main, so replies may be stored and passed on
with attribution (https://www.mediawiki.org/wiki/Wikimedia_APIs/Access_policy,
https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_API_Usage_Guidelines).

Key: none, but a user agent that names a contact is required: requests without one are slowed
down and in the end blocked (https://foundation.wikimedia.org/wiki/Policy:User-Agent_policy).

Limits: since March 2026 per user, with 429 and Retry-After; at most 3 requests at once
(https://www.mediawiki.org/wiki/Wikimedia_APIs/Rate_limits; the page's numbers were not found).
Price: none. Dates: no filter. End: none is known for `api.php`; what ends from July 2026 is
api.wikimedia.org, which is not used (https://wikitech.wikimedia.org/wiki/API_Portal/Deprecation).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote, urlencode

from env.errors import ConfigError
from env.sanitise import sanitise_line
from env.web.live.services import asking
from env.web.live.services.asking import Exhausted, Sender
from env.web.live.services.base import About
from env.web.live.services.found import Fields, changed, items, results
from env.web.live.services.wanted import ANYTHING, Wanted, asked, language, settings
from env.web.results import Result

ABOUT = About(
    name="wikipedia",
    key="",
    storable=True,
    terms="Texts are free (CC BY-SA), with attribution: "
    "https://www.mediawiki.org/wiki/Wikimedia_APIs/Access_policy",
    dates=False,
)
DEFAULT_LANGUAGE = "en"
QUERY_CHARACTERS = 300
MOST = 50
BUSY = {"ratelimited": 60.0, "maxlag": 5.0, "cirrussearch-too-busy-error": 10.0}
"""Error codes that pass, and seconds to rest when no Retry-After tells."""
_FIELDS = Fields(url="url", title="title", snippet="snippet", markup=True)
_TITLE_SAFE = ";@$!*(),/~:"
"""Characters that MediaWiki leaves as they are in the address of an article."""


class Wikipedia:
    """Searches the articles of one Wikipedia."""

    def __init__(self, sender: Sender, wanted: Wanted = ANYTHING) -> None:
        """Make it for the language wanted, English if none is.

        Raises:
            ConfigError: the language is no code.
        """
        code = language(wanted.language or DEFAULT_LANGUAGE).lower()
        if len(code) > 30:
            raise ConfigError(f"expected the code of a Wikipedia, like `de`, found {code!r}")
        self.about = replace(ABOUT, name=ABOUT.name if code == "en" else f"{ABOUT.name}:{code}")
        self.settings = settings(replace(wanted, language=code))
        self._site = f"https://{code}.wikipedia.org"
        self._count = max(1, min(wanted.count, MOST))
        self._sender = sender

    async def search(self, query: str) -> list[Result]:
        """Return articles, best first."""
        words = asked(query, QUERY_CHARACTERS)
        if not words:
            return []
        parameters = {
            "action": "query",
            "list": "search",
            "srsearch": words,
            "srlimit": str(self._count),
            "srprop": "snippet",
            "srinfo": "",
            "format": "json",
            "formatversion": "2",
        }
        url = f"{self._site}/w/api.php?{urlencode(parameters)}"
        reply = await asking.ask(self._sender, self.about, url)
        document = asking.document(self.about, reply)
        if isinstance(document, Mapping) and "error" in document:
            self._fail(document["error"], asking.rest_asked(reply))
        found = items(self.about, document, "query", "search")
        named = [self._with_address(item) for item in found]
        return results(self.about, named, _FIELDS, self._count)

    def _fail(self, error: object, rest: float | None) -> None:
        code = error.get("code") if isinstance(error, Mapping) else None
        if isinstance(code, str) and code in BUSY:
            raise Exhausted(f"{self.about.name} has had enough ({code})", rest or BUSY[code])
        shown = sanitise_line(code, 40) if isinstance(code, str) else "without a code"
        raise changed(self.about, f"it told an error ({shown})")

    def _with_address(self, item: object) -> object:
        """Add the address that people read: the reply holds only the title."""
        title = item.get("title") if isinstance(item, Mapping) else None
        if not isinstance(item, Mapping) or not isinstance(title, str) or not title.strip():
            return None
        name = quote(title.strip().replace(" ", "_"), safe=_TITLE_SAFE, errors="replace")
        return {**item, "url": f"{self._site}/wiki/{name}"}
