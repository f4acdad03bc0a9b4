"""Small webs and cassettes of them, for the tests of recording and replaying."""

import asyncio

from env.errors import Blocked, TimedOut, WebError
from env.records import Link, WebIdentity, make_page
from env.web.cassette.recording import record
from env.web.fetch.exchange import Exchange
from env.web.memory import MemoryWeb

AT = "2026-01-01T00:00:00+00:00"


def page(name, text, url=None):
    url = url or f"https://{name}.example/"
    return make_page(url, name.title(), text, domain=f"{name}.example", at=AT)


WATER = make_page(
    "https://water.example/",
    "Water",
    "Water is wet. It flows down hills to the sea.",
    domain="water.example",
    links=[Link(0, 0, 5, "https://fire.example/", "fire.example")],
    at=AT,
)
FIRE = page("fire", "Fire is hot, and water puts it out.")
LONG = page("long", "Water, at length. " + " ".join(f"Word {n * 7919} ü天." for n in range(400)))
PAGES = (WATER, FIRE, LONG)


def exchange(of, body, **more):
    headers = (("content-type", "text/html; charset=utf-8"),)
    return Exchange(
        of, 200, headers, body, at=AT, **{"phrase": "OK", "address": "192.0.2.1"} | more
    )


class Live(MemoryWeb):
    """A web in memory that tells of exchanges, counts what it is asked, and has two bad hosts."""

    def __init__(self, heard=lambda exchange: None, pages=PAGES):
        super().__init__(pages)
        self.identity = WebIdentity("live", "a" * 64)
        self.heard = heard
        self.asked = []

    async def search(self, query):
        self.asked.append(query)
        await asyncio.sleep(0)
        self.heard(exchange(f"https://api.example/?q={len(query)}", b'{"results": []}'))
        return await super().search(query)

    async def open(self, url):
        self.asked.append(url)
        await asyncio.sleep(0)
        if "blocked" in url:
            raise Blocked("10.0.0.1 is a private address", "address")
        if "slow" in url:
            raise TimedOut("no reply within 20 s", "time")
        found = await super().open(url)
        self.heard(exchange(url, f"<p>{found.text}</p>".encode()))
        return found


QUERIES = ("water", "fire", "nothing at all")
URLS = (*(one.url for one in PAGES), "https://blocked.example/", "https://slow.example/",
        "https://none.example/")  # fmt: skip


async def replies(web):
    """Return everything that a web says to what the cassettes of these tests hold."""
    said = []
    for ask, keys in ((web.search, QUERIES), (web.open, URLS)):
        for key in keys:
            try:
                said.append(await ask(key))
            except WebError as error:
                said.append((type(error), str(error), error.reason))
    return said


def make_cassette(path, make=Live, **more):
    """Record everything, and return what the recording web said."""
    recording = record(path, make, **more)
    try:
        return asyncio.run(replies(recording))
    finally:
        recording.close()
