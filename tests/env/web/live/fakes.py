"""Stand-ins for the four services, written after their public documentation, and for the network.

The shapes follow https://www.mediawiki.org/wiki/API:Search, https://docs.searxng.org/dev/search_api.html,
https://api-dashboard.search.brave.com/api-reference/web/search/get and
https://docs.tavily.com/documentation/api-reference/endpoint/search.
"""

import json
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import parse_qs, urlsplit

from env.documents.urls import domain_of
from env.errors import NotFound
from env.records import make_page
from env.sanitise import sanitise, sanitise_line
from env.web.fetch.exchange import Exchange, Fetched, Reply
from env.web.live.services.base import About
from env.web.live.services.brave import Brave
from env.web.live.services.searxng import Searxng
from env.web.live.services.tavily import Tavily
from env.web.live.services.wanted import ANYTHING
from env.web.live.services.wikipedia import Wikipedia
from env.web.results import Result

KEY = "very-secret-0123456789"
AT = "2026-11-20T12:00:00+00:00"
TODAY = date(2026, 11, 20)
PAGES = (
    ("https://water.example/boils", "Boiling water", "Water boils at 100 °C at sea level."),
    ("https://tea.example/a?b=1&c=2", "Tea", "Tea is made with water."),
)


def wikipedia(pages=PAGES):
    return {
        "batchcomplete": True,
        "continue": {"sroffset": 10, "continue": "-||"},
        "query": {
            "searchinfo": {"totalhits": len(pages)},
            "search": [
                {
                    "ns": 0,
                    "title": title,
                    "pageid": 100 + number,
                    "snippet": f'<span class="searchmatch">{text[:5]}</span>{text[5:]} &amp; more',
                }
                for number, (_, title, text) in enumerate(pages)
            ],
        },
    }


def searxng(pages=PAGES, unresponsive=()):
    return {
        "query": "q",
        "number_of_results": 0,
        "results": [
            {
                "url": url,
                "title": title,
                "content": text,
                "publishedDate": None,
                "engine": "duckduckgo",
                "engines": ["duckduckgo", "mojeek"],
                "parsed_url": ["https", "x", "/", "", "", ""],
                "positions": [1],
                "score": 2.0,
                "category": "general",
                "template": "default.html",
            }
            for url, title, text in pages
        ],
        "answers": [],
        "corrections": [],
        "infoboxes": [],
        "suggestions": [],
        "unresponsive_engines": list(unresponsive),
    }


def brave(pages=PAGES):
    return {
        "type": "search",
        "query": {"original": "q", "more_results_available": True},
        "mixed": {"type": "mixed", "main": [{"type": "web", "index": 0, "all": False}]},
        "web": {
            "type": "search",
            "results": [
                {
                    "title": title,
                    "url": url,
                    "is_source_local": False,
                    "description": text.replace("'", "&#x27;"),
                    "page_age": "2025-01-15T00:00:00",
                    "profile": {"name": "Site", "url": url, "long_name": "site", "img": "x"},
                    "language": "en",
                    "type": "search_result",
                    "subtype": "generic",
                    "meta_url": {"scheme": "https", "netloc": "x", "path": ""},
                }
                for url, title, text in pages
            ],
            "family_friendly": True,
        },
    }


def tavily(pages=PAGES):
    return {
        "query": "q",
        "follow_up_questions": None,
        "answer": None,
        "images": [],
        "results": [
            {"url": url, "title": title, "content": text, "score": 0.9, "raw_content": None}
            for url, title, text in pages
        ],
        "response_time": 1.67,
        "request_id": "123e4567-e89b-12d3-a456-426614174111",
    }


def make(name, sender, wanted=ANYTHING, key=KEY):
    match name:
        case "wikipedia":
            return Wikipedia(sender, wanted)
        case "searxng":
            return Searxng(sender, "http://127.0.0.1:8080", wanted, today=lambda: TODAY)
        case "brave":
            return Brave(sender, key, wanted, today=lambda: TODAY)
    return Tavily(sender, key, wanted)


ANSWERS = {"wikipedia": wikipedia, "searxng": searxng, "brave": brave, "tavily": tavily}
NAMES = tuple(ANSWERS)


def reply(document, status=200, headers=(), url="https://service.example/"):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Reply(Exchange(url, status, headers, body, at=AT), body)


@dataclass
class FakeSender:
    """Answers every request with the same reply, or raises; remembers what was asked."""

    answer: object
    sent: list = field(default_factory=list)
    secrets: list = field(default_factory=list)

    async def send(self, url, *, method="GET", headers=(), secret=(), content=b""):
        self.sent.append((method, url, headers, content))
        self.secrets.append(secret)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if isinstance(self.answer, Reply) else reply(self.answer)

    @property
    def query(self):
        """The parameters of the last request's URL."""
        return {name: got[0] for name, got in parse_qs(urlsplit(self.sent[-1][1]).query).items()}


def result(url, title="T", snippet="S"):
    return Result(url, title, domain_of(url), snippet)


class Scripted:
    """A search service that does what its script says, and its last line ever after."""

    def __init__(self, *script, name="scripted"):
        self.about = About(name, "", True, "none", False)
        self.settings = ""
        self.script = list(script)
        self.asked = []

    async def search(self, query):
        self.asked.append(query)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if callable(step):
            step = await step()
        if isinstance(step, Exception):
            raise step
        return step


class Site:
    """A fetcher of a few documents; remembers what was fetched."""

    def __init__(self, documents):
        self.documents = documents
        self.fetched = []
        self.closed = False

    async def fetch(self, url):
        self.fetched.append(url)
        if url not in self.documents:
            raise NotFound(f"there is no page {url}", "missing")
        return Fetched(url, "text/plain", self.documents[url], AT, True)

    async def aclose(self):
        self.closed = True


async def convert(fetched):
    """Make a page of a plain text."""
    text = sanitise(fetched.data.decode())
    title = sanitise_line(text[:40])
    domain = domain_of(fetched.url)
    return make_page(fetched.url, title, text, domain=domain, at=fetched.at)
