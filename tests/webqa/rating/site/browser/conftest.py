"""A served rating page and a browser before it: any violation of the security policy fails a test.

Needs Chromium (`apt-get install chromium`); the tests are skipped only where there is none.
"""

import shutil
import threading
import time
from contextlib import contextmanager

import pytest

from tests.webqa.rating.served_pages import Clock, Served
from webqa.cli.rate_serve import server
from webqa.serving.listening import listening

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 60_000
"""Milliseconds: other programs may need the processor, too."""
WATCH = """
addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


class Now(Clock):
    """The time as it passes, and what was added to it."""

    def __init__(self):
        super().__init__()
        self._begun = time.monotonic()

    def __call__(self):
        passed, self._begun = time.monotonic() - self._begun, time.monotonic()
        self.wait(seconds=passed)
        return self.time


@contextmanager
def served_live(folder, tasks=(), *, serving=None, **rules):
    """Serve a database with a campaign at a free port."""
    with listening("127.0.0.1", 0) as socket:
        served = Served(folder, tasks, clock=Now(), serving=serving, **rules)
        served.address = f"http://127.0.0.1:{socket.getsockname()[1]}"
        running = server(served.application)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [socket]})
        thread.start()
        try:
            yield served
        finally:
            running.should_exit = True
            thread.join()
            served.store.close()


@pytest.fixture
def live(tmp_path):
    """Serve tasks: `live(tasks, **rules)`."""
    opened = []

    def serve(tasks=(), **how):
        opened.append(served_live(tmp_path, tasks, **how))
        return opened[-1].__enter__()

    yield serve
    for one in reversed(opened):
        one.__exit__(None, None, None)


# Of a module: while it is open an event loop counts as running, and tests of others need none.
@pytest.fixture(scope="module")
def browser():
    """Chromium."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    pytest.importorskip("playwright", reason="pip install -e '.[browser]'")
    from playwright.sync_api import expect, sync_playwright

    # A wait by `wait_for_function` would need eval, which the policy forbids; these do not.
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"], timeout=PATIENCE
        )
        yield opened
        opened.close()


@pytest.fixture
def context(browser):
    """Open contexts: `context(**options)`; complaints of their pages fail the test at its end."""
    opened, complaints = [], []

    def watched(page):
        page.on("console", lambda one: complaints.append(one.text) if _is_bad(one) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))

    def open_one(**options):
        one = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        one.set_default_timeout(PATIENCE)
        one.add_init_script(WATCH)
        one.on("page", watched)
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        one.close()
    assert not complaints


def _is_bad(message):
    # A browser calls any reply from 400 on an error, also one that a test is about.
    return message.type == "error" and not message.text.startswith("Failed to load resource")


@pytest.fixture
def page(context):
    """A page of a context of its own."""
    return context().new_page()


@pytest.fixture
def faults():
    """Find serious faults of accessibility on a page: `faults(page)`."""
    from axe_playwright_python.sync_playwright import Axe

    def find(page):
        found = Axe().run(page).response["violations"]
        return [
            (one["id"], [node["html"][:120] for node in one["nodes"]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    return find
