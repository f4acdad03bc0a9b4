"""A client that plays a script instead of asking the network, and what its replies are made of."""

import asyncio

from env.errors import WebError
from env.web.fetch.config import FetchConfig
from env.web.fetch.exchange import Exchange, Reply
from env.web.fetch.fetcher import Fetcher
from tests.env.web.fetch.leaping import leap, now

HTML = b"<!doctype html><title>T</title><p>Text."
QUICK = FetchConfig(ignore_robots=True, host_delay=0)
AT = "2026-01-01T00:00:00+00:00"


def reply(url, status=200, body=HTML, **headers):
    """Return a reply; a header's value may be a list of several."""
    fields = []
    for name, value in headers.items():
        values = value if isinstance(value, list) else [value]
        fields += [(name.replace("_", "-"), each) for each in values]
    return Reply(Exchange(url, status, tuple(fields), body, at=AT), body)


class Client:
    """Answers each URL from its list of answers; the last one is given ever after.

    An answer is the keywords of `reply`, a WebError to raise, or a number of seconds to hang.
    """

    def __init__(self, answers, addresses=None):
        self._answers = {url: list(each) for url, each in answers.items()}
        self._addresses = addresses or {}
        self.asked = []
        """URLs."""
        self.times = []
        self.closed = False

    async def send(self, url):
        self.asked.append(url)
        self.times.append(now())
        answers = self._answers.get(url, [{"status": 404}])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, (int, float)):
            await asyncio.sleep(answer)
            answer = {}
        return reply(url, **answer)

    async def addresses(self, url):
        for part, addresses in self._addresses.items():
            if part in url:
                return addresses
        return ("192.0.2.1",)

    async def aclose(self):
        self.closed = True


def fetch(answers, url="http://a.example/", config=QUICK, **seams):
    """Fetch one URL; return the client and what came, an error if that came."""

    async def go():
        client = answers if isinstance(answers, Client) else Client(answers)
        fetcher = Fetcher(config, clients=[client], clock=lambda: 0.0, **seams)
        try:
            return client, await fetcher.fetch(url)
        except WebError as fault:
            return client, fault
        finally:
            await fetcher.aclose()

    return leap(go())
