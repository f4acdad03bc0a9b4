"""`webqa browse` in a process of its own, a person's lines on its input."""

import json
import os
import pty
import select
import signal
import socketserver
import subprocess
import sys
import threading
import time

import pytest

from webqa.cli.exits import Exit
from webqa.run import VISITS, read_episodes


def test_a_person_answers_and_is_recorded(program, web, tmp_path):
    """Fails when a person's episode is not shown, answered and recorded like any other."""
    lines = "s blue sky\n0\nq molecules of the air ... red light\na\nAir scatters it [1].\n\n"
    run = tmp_path / "run"
    done = program("browse", "Why blue?", "--web", web, "--save", run, stdin=lines)
    assert done.returncode == Exit.DONE
    assert "♦Question\nWhy blue?" in done.stdout
    assert "\nSources\n[1] Why the sky is blue (sky.example)" in done.stdout
    assert "molecules of the air scatter blue light more than red light" in done.stdout
    (episode,) = read_episodes(run)
    assert (episode.policy, episode.ended) == ("human", "answered")
    assert program("verify", run).returncode == Exit.DONE


def test_the_end_of_the_input_is_polite_and_recorded(program, web, tmp_path):
    """Fails when leaving loses the episode or looks like a crash."""
    run = tmp_path / "run"
    done = program("browse", "Why?", "--web", web, "--save", run, stdin="s sky\n")
    assert done.returncode == Exit.UNANSWERED
    assert done.stderr.strip() == f"Left before the question was answered; recorded in {run}."
    (episode,) = read_episodes(run)
    assert (episode.ended, len(episode.steps)) == ("failed", 1)


def test_ctrl_c_is_polite_and_recorded(web, tmp_path):
    """Fails when Ctrl-C while a person thinks loses the episode or shows a traceback."""
    run = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "webqa", "browse", "Why?", "--web", str(web), "--save", str(run)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdin.write("s sky\n")
    process.stdin.flush()
    while "Search results" not in process.stdout.readline():
        pass
    while "Next action" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED
    assert "Traceback" not in err
    assert [one.ended for one in read_episodes(run)] == ["failed"]


class Slow(socketserver.StreamRequestHandler):
    """Searches find one page at once; the page, and a search for `slow`, never come."""

    def handle(self):
        asked = self.rfile.readline().split()[1].decode()
        self.server.asked.append(asked)
        if "slow" in asked or asked == "/page":
            self.server.closing.wait(60)
            return
        page = f"http://127.0.0.1:{self.server.server_address[1]}/page"
        found = {"results": [{"url": page, "title": "A page", "content": "Of a slow site."}]}
        body = json.dumps(found).encode()
        self.wfile.write(
            b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b"
            % (b"404 No" if asked == "/robots.txt" else b"200 OK", len(body), body)
        )


@pytest.fixture
def site():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        server.asked, server.closing = [], threading.Event()
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield server
        server.closing.set()
        server.shutdown()
        serving.join()


class Person:
    """Sits at a terminal, and browses the slow site from it."""

    def __init__(self, site, run, cache):
        self.seen = ""
        here = f"127.0.0.1:{site.server_address[1]}"
        self._site = site
        self._hand, terminal = pty.openpty()
        arguments = ["--web", "searxng", "--allow-host", here, "--host-delay", "0", "--save", run]
        self._program = subprocess.Popen(
            [sys.executable, "-m", "webqa", "browse", "Why?", *map(str, arguments)],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            env=os.environ
            | {"SEARXNG_URL": f"http://{here}", "XDG_CACHE_HOME": str(cache), "TERM": "dumb"},
        )
        os.close(terminal)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._program.kill()
        self._program.wait()
        os.close(self._hand)

    def types(self, line):
        os.write(self._hand, line.encode() + b"\n")

    def waits_for_site(self, asked):
        """Wait until the site was asked for something."""
        until = time.monotonic() + 30
        while not any(asked in one for one in self._site.asked):
            assert time.monotonic() < until, self.seen
            time.sleep(0.01)

    def waits_for(self, text):
        """Read on until a text was shown; what comes after it is left for the next time."""
        while text not in self.seen:
            more = self._reads()
            assert more, self.seen
            self.seen += more
        self.seen = self.seen.partition(text)[2]

    def presses_ctrl_c(self):
        self._program.send_signal(signal.SIGINT)

    def leaves_by_ctrl_c(self):
        """Press it until the program ends: the line editor misses one in the moment it begins."""
        self.presses_ctrl_c()
        while self._program.poll() is None and not select.select([self._hand], [], [], 3)[0]:
            self.presses_ctrl_c()
        return self.leaves()

    def leaves(self):
        """Return the exit code, and the rest of what was shown."""
        while more := self._reads():
            self.seen += more
        return self._program.wait(30), self.seen

    def _reads(self):
        """Return what is shown next; nothing at the end, or when nothing comes for long."""
        if not select.select([self._hand], [], [], 20)[0]:
            return ""
        try:
            return os.read(self._hand, 65536).decode(errors="replace")
        except OSError:  # so Linux tells that nobody has the terminal open
            return ""


def test_ctrl_c_while_something_loads_stops_only_that(site, tmp_path):
    """Fails when Ctrl-C during a slow page loses the episode, or ends more than the loading."""
    run = tmp_path / "run"
    with Person(site, run, tmp_path / "cache") as person:
        person.waits_for("> ")
        for line, asked in (("s slow", "slow"), ("s quick", ""), ("0", "/page")):
            person.types(line)
            if asked:
                person.waits_for_site(asked)
                person.presses_ctrl_c()
                person.waits_for("Not carried out: stopped while it was loading.")
            else:
                person.waits_for("A page")
            person.waits_for("> ")
        code, shown = person.leaves_by_ctrl_c()
    assert code == Exit.INTERRUPTED
    assert "Traceback" not in shown
    assert "no page could be opened" not in shown, "a person's own stop is no fault"
    (episode,) = read_episodes(run)
    assert [step.completion.text for step in episode.steps] == [
        "Search slow",
        "Search quick",
        "Clicked on link 0",
    ]
    visits = [json.loads(line) for line in (run / VISITS).read_text().splitlines()]
    assert [(one["call"], one["outcome"], one["message"]) for one in visits] == [
        ("search", "CancelledError", "stopped"),
        ("search", "page", ""),
        ("open", "CancelledError", "stopped"),
    ]
