"""The live web from the command line: a site and a SearXNG instance on this machine."""

import asyncio
import io
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from env.records import make_page
from env.web.cache import FILE as PAGE_CACHE
from env.web.memory import MemoryWeb
from webqa.cli.exits import Exit
from webqa.cli.opening import WAITED, Awaited, Visits
from webqa.run import CONFIG, EPISODES, VISITS

PAGES = {
    "/blue": "<title>Why the sky is blue</title><p>The sky is blue because molecules of the air"
    " scatter blue light more than red light.</p><p>See <a href='/dusk'>dusk</a>.</p>",
    "/dusk": "<title>Why sunsets are red</title><p>A sunset is red because most of the blue light"
    " is scattered away on the long path.</p>",
}
SKY = "Why is the sky blue?"


class Site(BaseHTTPRequestHandler):
    """Two pages, and a search that finds both."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = urlsplit(self.path).path
        self.server.asked.append((path, dict(self.headers)))
        if path == "/search":
            here = f"http://127.0.0.1:{self.server.server_port}"
            found = [{"url": here + path, "title": text.split("</")[0][7:], "content": "The sky"}
                     for path, text in PAGES.items()]  # fmt: skip
            return self.reply("application/json", json.dumps({"results": found}))
        return self.reply("text/html", PAGES.get(path, ""), 200 if path in PAGES else 404)

    def reply(self, kind, text, status=200):
        data = text.encode()
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(data)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def live(site, program):
    """Run the program with the local instance as its search service."""
    here = f"127.0.0.1:{site.server_port}"

    def run(command, *arguments, allow=True):
        more = ["--allow-host", here, "--host-delay", 0] if allow else []
        return program(
            command,
            *arguments,
            *("--web", "searxng", "--contact", "test@webqa.example", *more),
            SEARXNG_URL=f"http://{here}",
        )

    return run


def test_a_live_answer_is_recorded_replayed_verified_and_exported(live, site, program, tmp_path):
    """Fails when any step on the way from a live page to a WARC file loses or changes it."""
    tape, first, again = tmp_path / "sky.cassette", tmp_path / "first", tmp_path / "again"
    asked = live("ask", SKY, "--record", tape, "--record-anyway", "--save", first)
    assert (asked.returncode, "molecules of the air" in asked.stdout) == (Exit.DONE, True)
    before = len(site.asked)
    replayed = program("ask", SKY, "--web", tape, "--save", again)
    assert (replayed.returncode, replayed.stdout) == (Exit.DONE, asked.stdout)
    assert len(site.asked) == before, "the replay asked the network"
    assert steps(first) == steps(again)
    assert program("verify", first, "--cassette", tape).returncode == Exit.DONE
    exported = program("export-warc", tape, "-o", tmp_path / "sky.warc.gz")
    assert exported.returncode == Exit.DONE
    indexed = program("index", tmp_path / "sky.warc.gz", "-o", tmp_path / "index")
    assert indexed.returncode == Exit.DONE
    answered = program("ask", SKY, "--web", tmp_path / "index")
    assert "molecules of the air" in answered.stdout


def steps(run):
    lines = (run / EPISODES).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["steps"] for line in lines]


def test_a_service_that_forbids_storing_is_not_recorded(live, tmp_path, site):
    """Fails when a recording breaks the terms of a service without being told to."""
    done = live("ask", SKY, "--record", tmp_path / "sky.cassette")
    assert done.returncode == Exit.ERROR
    assert "searxng" in done.stderr
    assert "--record-anyway" in done.stderr
    assert not site.asked


def test_a_page_on_this_machine_needs_leave(live, site, tmp_path):
    """Fails when a search result can lead the agent into this machine."""
    done = live("ask", SKY, "--save", tmp_path / "run", allow=False)
    assert done.returncode == Exit.UNANSWERED
    assert {path for path, _ in site.asked} == {"/search"}
    assert "2 results hidden" in done.stderr


def test_every_visit_is_logged_and_the_site_told_who_asks(live, site, tmp_path):
    """Fails when the log lacks a visit, or the user agent hides whom to write to."""
    live("ask", SKY, "--save", tmp_path / "run")
    lines = (tmp_path / "run" / VISITS).read_text(encoding="utf-8").splitlines()
    visits = [json.loads(line) for line in lines]
    assert {visit["call"] for visit in visits} == {"search", "open"}
    assert {visit["outcome"] for visit in visits} == {"page"}
    agents = {headers.get("User-Agent", headers.get("user-agent")) for _, headers in site.asked}
    assert all("webqa/" in agent and "test@webqa.example" in agent for agent in agents)


def test_an_everyday_page_comes_from_the_cache(live, site):
    """Fails when a page is fetched again within the hour, or though the cache is off."""
    live("ask", SKY)
    pages = [path for path, _ in site.asked if path in PAGES]
    live("ask", SKY)
    assert [path for path, _ in site.asked if path in PAGES] == pages
    live("ask", SKY, "--cache-hours", 0)
    assert len([path for path, _ in site.asked if path in PAGES]) == 2 * len(pages)


def test_a_search_that_nobody_answers_is_told(program):
    """Fails when a network that is down looks like a question without an answer."""
    done = program("ask", SKY, "--web", "searxng", SEARXNG_URL="http://127.0.0.1:9")
    assert done.returncode == Exit.ERROR
    assert "no search was answered" in done.stderr
    assert "could not be connected to" in done.stderr


def test_pages_that_cannot_be_had_are_told(live, site):
    """Fails when a site that is down looks like a question without an answer."""
    done = live("ask", SKY, "--fetch-seconds", 0.0001)
    assert done.returncode == Exit.UNANSWERED
    assert "no page could be opened: " in done.stderr
    assert "did not answer" in done.stderr


def test_settings_are_saved_as_they_hold(program, site, tmp_path):
    """Fails when the contact of the environment is used and not recorded."""
    here = f"127.0.0.1:{site.server_port}"
    settings = {"SEARXNG_URL": f"http://{here}", "WEBQA_CONTACT": "of@environment.example"}
    program("ask", SKY, "--web", "searxng", "--save", tmp_path / "run", **settings)
    saved = json.loads((tmp_path / "run" / CONFIG).read_text(encoding="utf-8"))
    assert saved["settings"]["web_settings"]["contact"] == "of@environment.example"


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--cache-hours", "-1"), ("--cache-hours", "nan"), ("--cache-megabytes", "-1"),
     ("--since", "yesterday"), ("--until", "2026-02-30"), ("--per-host", "0")],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_told_by_its_flag(live, site, flag, value):
    """Fails when a slip is taken for something else, or the message hides which flag it is."""
    done = live("ask", SKY, flag, value)
    assert (done.returncode, done.stdout) == (Exit.ERROR, "")
    assert flag in done.stderr
    assert done.stderr.count("\n") == 1
    assert not site.asked


def test_flags_that_do_nothing_are_named(program, web):
    """Fails when somebody relies on a list of domains that nobody looks at."""
    done = program("ask", SKY, "--web", web, "--allow-domain", "a.example", "--record-anyway")
    assert done.returncode == Exit.DONE
    assert "Note: --allow-domain has no effect" in done.stderr
    assert "Note: --record-anyway has no effect" in done.stderr


def test_a_cache_that_cannot_be_used_is_told(live, tmp_path):
    """Fails when every page is fetched again each time, and nobody learns why."""
    (tmp_path / "cache" / "webqa" / PAGE_CACHE).mkdir(parents=True)
    done = live("ask", SKY)
    assert done.returncode == Exit.DONE
    assert "Note: the page cache" in done.stderr


def test_an_export_leaves_what_is_no_file(program, web, tmp_path):
    """Fails when a pipe or a device is replaced by a file: as root that removes /dev/null."""
    tape, pipe = tmp_path / "sky.cassette", tmp_path / "pipe"
    program("ask", SKY, "--web", web, "--record", tape)
    os.mkfifo(pipe)
    done = program("export-warc", tape, "-o", pipe)
    assert done.returncode == Exit.ERROR
    assert "no ordinary file" in done.stderr
    assert pipe.is_fifo()


def test_a_long_wait_is_told_on_a_terminal(monkeypatch):
    """Fails when a person sees nothing for as long as a slow page takes, or the line stays."""
    page = make_page("https://a.example/", "A", "Text.", domain="a.example")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    slow = Awaited(Slow([page]), Visits())
    asyncio.run(slow.open("https://a.example/"))
    assert "Opening https://a.example/" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\033[K")


class Slow(MemoryWeb):
    """Opens a page after a while."""

    async def open(self, url):
        await asyncio.sleep(2 * WAITED)
        return await super().open(url)


class Terminal(io.StringIO):
    """Remembers what was written to a terminal."""

    def isatty(self):
        return True


def test_a_missing_key_is_told_at_once(program):
    """Fails when a service without its key is only found out by a search."""
    done = program("ask", SKY, "--web", "brave", BRAVE_API_KEY="")
    assert done.returncode == Exit.ERROR
    assert "BRAVE_API_KEY" in done.stderr


def test_a_service_without_its_key_gives_way_to_the_next(program, site):
    """Fails when one missing key stops what another service could answer."""
    here = f"127.0.0.1:{site.server_port}"
    done = program(
        *("ask", SKY, "--web", "brave,searxng", "--allow-host", here),
        SEARXNG_URL=f"http://{here}",
        BRAVE_API_KEY="",
    )
    assert done.returncode == Exit.DONE
    assert "brave is left out" in done.stderr
    assert "BRAVE_API_KEY" in done.stderr
