"""The pages of demonstrating and of asking, served in memory over a small web."""

import re

from lxml import html
from sqlalchemy import select

from env.config import BrowserConfig
from env.errors import TimedOut
from env.records import Episode, Link, Question, from_json, make_page
from env.web.memory import MemoryWeb
from tests.webqa.rating.served_pages import SECRET, Served, fields
from webqa.rating.records import Demonstration
from webqa.rating.site.application import make_application
from webqa.rating.site.demonstrating import Demonstrating
from webqa.rating.store.tables import Rating
from webqa.run import Settings

QUESTION = Question("q1", "Why is the sky blue?", accepted=("a secret answer",))
BLUE = "The sky is blue because the air scatters blue light.\nAt dusk it is red.\n\nSee dust."
RED = "A sunset is red because the blue light is scattered away on the long path."
PAGES = (
    make_page(
        "https://sky.example/blue", "Why the sky is blue", BLUE, domain="sky.example",
        links=(Link(0, BLUE.index("dust"), BLUE.index("dust") + 4, "https://sky.example/red", ""),),
    ),
    make_page("https://sky.example/red", "<b>Red</b>", RED, domain="sky.example"),
)  # fmt: skip
BROWSER = BrowserConfig(actions=12, quote=80, quotes=200)


class CountingWeb:
    """A web that counts what it is asked, and does not answer where told so."""

    def __init__(self, pages=PAGES):
        self._web = MemoryWeb(pages)
        self.identity = self._web.identity
        self.asked = []

    async def search(self, query):
        self.asked.append(query)
        if "fail" in query:
            raise TimedOut("the search service did not answer", "time")
        return await self._web.search(query)

    async def open(self, url):
        self.asked.append(url)
        return await self._web.open(url)


def settings_for(web, browser=BROWSER):
    return Settings("rating", "human", web.identity, browser)


class ServedQuestions(Served):
    """A database with a campaign of questions, and the application over it."""

    def __init__(self, folder, *, web=None, questions=(QUESTION,), **how):
        super().__init__(folder, **how)
        self.web = web or CountingWeb()
        self.add("Questions", [Demonstration(one) for one in questions], kind="demonstrate")
        self.restart()

    def restart(self, web=None):
        """Begin anew over the same database: nothing is left in memory."""
        self.web = web or self.web
        demonstrating = Demonstrating(self.web, settings_for(self.web))
        self.application = make_application(
            self.store, self.serving, secret=SECRET, now=self.clock,
            demonstrating=demonstrating,
        )  # fmt: skip


def address(page):
    """Return the path of a demonstration; what was posted and refused is shown at its own."""
    return "/".join(page.url.path.split("/")[:3])


async def act(client, page, command, expect=200, **more):
    """Press a button of the text browser."""
    sent = {"version": version_of(page), "command": command} | more
    reply = await client.post(f"{address(page)}/act", data=sent)
    assert reply.status_code == expect, reply.text
    return reply


def version_of(page):
    return re.search(r'name="version" value="(\d+)"', page.text)[1]


def shown(page):
    return html.fromstring(page.text).text_content()


async def quoted(client, page):
    """Search, open the first page, and quote its first sentence."""
    page = await act(client, page, "search", text="sky blue")
    page = await act(client, page, "click 0")
    return await act(client, page, "quote", text="The sky is  blue", last="blue\r\nlight.")


async def answering(client, page):
    return await act(client, await quoted(client, page), "answer")


async def answer(client, page, text, **more):
    """Send an answer, with more in its form."""
    sent = fields(page, "answering") | {"answer": text} | more
    return await client.post(f"{address(page)}/answer", data=sent)


def episodes(served):
    """Return the episodes that were submitted."""
    return [from_json(one.judgement, Episode) for one in served.all(select(Rating))]
