"""The fetcher with its real clients against a server on this machine."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from env.errors import Blocked, TimedOut, WebError
from env.web.fetch.config import FetchConfig
from env.web.fetch.fetcher import Fetcher
from tests.env.web.fetch.script import HTML

CLOSE = b"connection: close\r\n"


def answer(status, body=b"", headers=b""):
    length = b"content-length: %d\r\n" % len(body)
    return b"HTTP/1.1 %d Words\r\n" % status + length + headers + b"\r\n" + body


class Server:
    """Answers a path with bytes, the next of a list of bytes, or a coroutine function."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
        self.heads = []
        self.connections = 0
        self.open = 0

    async def serve(self, reader, writer):
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                self.asked.append(path)
                self.heads.append(head)
                found = self.answers.get(path, answer(404))
                if isinstance(found, list):
                    found = found.pop(0)
                if found is None:
                    writer.transport.abort()
                    return
                if callable(found):
                    await found(writer)
                else:
                    writer.write(found)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def site(answers, **settings):
    """Run a server and a fetcher that finds every name there; yield both and an address."""
    server = Server(answers)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]

    async def resolve(host, port):
        return ["127.0.0.1"]

    settings = {"host_delay": 0, "ignore_robots": True, **settings}
    config = FetchConfig(allow_host=(f"a.example:{port}",), **settings)
    fetcher = Fetcher(config, resolve=resolve)
    try:
        yield server, fetcher, f"http://a.example:{port}"
    finally:
        await fetcher.aclose()
        for _ in range(200):
            if not server.open:
                break
            await asyncio.sleep(0.01)
        listening.close()
        await listening.wait_closed()
        assert server.open == 0, "a connection was left open"


async def test_a_page_behind_a_redirect_over_one_connection():
    rules = answer(200, b"User-agent: *\nDisallow: /no\n")
    hop = answer(302, b"body of a redirect", b"location: /page\r\n")
    answers = {"/robots.txt": rules, "/": hop, "/page": answer(200, HTML)}
    async with site(answers, ignore_robots=False) as (server, fetcher, root):
        found = await fetcher.fetch(root + "/")
        assert (found.url, found.data, found.keep) == (root + "/page", HTML, True)
        assert server.asked == ["/robots.txt", "/", "/page"]
        with pytest.raises(Blocked, match=r"robots\.txt"):
            await fetcher.fetch(root + "/no")
        await fetcher.fetch(root + "/page")
        assert len(server.asked) == 4
        # A redirect's body is not read, which costs its connection.
        assert server.connections <= 2


async def test_nothing_is_told_about_where_one_came_from():
    """Fails when a Referer, a cookie or a credential is sent."""
    hop = answer(302, b"", b"location: /page\r\nset-cookie: a=b\r\n")
    async with site({"/": hop, "/page": answer(200, HTML)}) as (server, fetcher, root):
        found = await fetcher.fetch(root + "/")
        assert not found.keep
        for head in server.heads:
            fields = {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line}
            assert not fields & {b"referer", b"cookie", b"authorization"}


async def test_a_broken_connection_is_tried_again():
    async with site({"/": [None, answer(200, HTML)]}) as (server, fetcher, root):
        assert (await fetcher.fetch(root + "/")).data == HTML
        assert server.asked == ["/", "/"]
    async with site({"/": [None, None, None, None]}, retries=1) as (server, fetcher, root):
        with pytest.raises(WebError) as caught:
            await fetcher.fetch(root + "/")
        assert caught.value.reason == "connection"
        assert len(server.asked) == 2


async def test_a_server_that_drips_ends_at_the_deadline():
    async def drip(writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.02)

    async with site({"/": drip}, fetch_seconds=0.3) as (_, fetcher, root):
        began = asyncio.get_running_loop().time()
        with pytest.raises(TimedOut, match=r"did not answer within 0\.3 seconds"):
            await fetcher.fetch(root + "/")
        assert asyncio.get_running_loop().time() - began < 30  # the drip lasts for hours


async def test_fetches_cancelled_at_any_moment_leave_nothing_behind():
    async def slow(writer):
        await asyncio.sleep(0.01)
        writer.write(answer(200, HTML))

    async with site({"/": slow}, per_host=3) as (server, fetcher, root):
        before = asyncio.all_tasks()
        for moment in range(30):
            tasks = [asyncio.create_task(fetcher.fetch(f"{root}/")) for _ in range(5)]
            await asyncio.sleep(moment / 1000)
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            kinds = Counter(type(each).__name__ for each in outcomes)
            assert set(kinds) <= {"CancelledError", "Fetched"}
        assert (await fetcher.fetch(root + "/")).data == HTML
        async with asyncio.timeout(10):
            while server.open > 3:  # the server has yet to see who hung up
                await asyncio.sleep(0.01)
        left = {task for task in asyncio.all_tasks() - before if "serve" not in repr(task)}
        assert not left
