"""The rating page served to a client in memory, and its forms filled in as without JavaScript."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
from lxml import html

from env.records import Answer, Quote
from reward.critiques import Critique
from reward.pairs import Pair
from webqa.rating.campaigns.creating import create
from webqa.rating.campaigns.sources import NewItem
from webqa.rating.config import CampaignConfig, ServeConfig
from webqa.rating.records import Evidence, Planted, Task
from webqa.rating.site.application import make_application
from webqa.rating.store import people
from webqa.rating.store.database import open_store

BASE = "http://localhost"
SECRET = b"a secret of thirty-two characters"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUESTION = "How long is the Rhine?"
SOURCE = Quote(
    "The Rhine is 1,230 kilometres long.", "Rhine", "example.org", "https://example.org/r"
)
OTHER = Quote("Many books gave 1,320 kilometres.", "A mistake", "news.example")
FIRST = "The Rhine is about 1,230 kilometres long [1]. Books give another number [2]. It is wet."
SECOND = "It is 1,320 kilometres long [1]."
REMARK = Critique(6, 22, "number", "The source has another number.", 1, 16, 32, 0.9, "rules")


class Clock:
    """Says the time it is set to."""

    def __init__(self):
        self.time = START

    def __call__(self):
        return self.time

    def wait(self, **how):
        self.time += timedelta(**how)


def a_task(number=0, *, first=FIRST, second=SECOND, critiques=(), planted=None, **of_pair):
    """Return two answers, the first with two sources and the second with one."""
    pair = Pair(
        f"pair{number}", f"q{number}", Answer(QUESTION, first, (SOURCE, OTHER)),
        Answer(QUESTION, second, (OTHER,)), "episode-of-gpt", "episode-of-llama", **of_pair,
    )  # fmt: skip
    seen = Evidence(SOURCE, "Before it. ", " After it.")
    return Task(pair, (seen, Evidence(OTHER, fault="not on its page")), (Evidence(OTHER),),
                (), critiques, planted)  # fmt: skip


def a_planted_task(number=0):
    """Return a task of a trial, with a remark on its second answer."""
    flaw = Planted("second", "number", 6, 22, SECOND.replace("1,320", "1,230"))
    return a_task(number, critiques=(REMARK,), planted=flaw)


class Served:
    """A database with a campaign, and the application over it."""

    def __init__(self, folder, tasks=(), *, clock=None, serving=None, **rules):
        self.clock = clock or Clock()
        self.store = open_store(folder / "ratings.db")
        self.serving = serving or ServeConfig()
        self.add("Rivers", tasks, **{"gold_share": 0.0, "complete": 0.0, **rules})
        self.application = make_application(self.store, self.serving, secret=SECRET, now=self.clock)

    def add(self, name, tasks, **rules):
        items = [NewItem(f"{name} {number}", one) for number, one in enumerate(tasks)]
        if items:
            config = CampaignConfig(**rules)
            self.store.write(lambda one: create(one, name, items, config, self.clock()))

    def invited(self, role="rater", **how):
        """Return the token of an invitation."""
        return self.store.write(lambda one: people.invite(one, SECRET, role, self.clock(), **how))

    def all(self, query):
        with self.store.reading() as session:
            return list(session.scalars(query))

    @asynccontextmanager
    async def client(self, name="", role="rater", **headers):
        """Give a browser without JavaScript, in which somebody of this name is signed in."""
        transport = httpx.ASGITransport(self.application)
        async with httpx.AsyncClient(
            transport=transport, base_url=BASE, headers=headers, follow_redirects=True
        ) as client:
            if name:
                sent = {"token": self.invited(role), "name": name}
                assert (await client.post("/join", data=sent)).status_code == 200
            yield client


def fields(page, form="task"):
    """Return what a form would send as it stands, as lists of values by name."""
    tree = html.fromstring(page.text)
    found = tree.xpath(f"//form[@id='{form}']") or tree.xpath(f"//form[contains(@action,'{form}')]")
    sent = {}
    for name, value in found[0].form_values():
        sent.setdefault(name, []).append(value)
    return sent


def heading(page):
    """Return the first heading of a page."""
    return html.fromstring(page.text).xpath("string(//h1)")


def names(page, beginning):
    """Return the names of fields that begin so, each once, in the order of the page."""
    tree = html.fromstring(page.text)
    found = tree.xpath(f"//form//*[starts-with(@name,'{beginning}')]/@name")
    return list(dict.fromkeys(map(str, found)))


def address(page):
    """Return the path of a page."""
    return page.url.path


async def begin(client, campaign=1):
    """Take the next task and return its page."""
    return await client.post(f"/campaign/{campaign}/next")


async def submit(client, page, **more):
    """Send the form of a task as it stands, with more in it."""
    return await client.post(f"{address(page)}/submit", data=fields(page) | more)
