"""A served rating page and a browser before it: any violation of the security policy fails a test.

Needs Chromium (`apt-get install chromium`); the tests are skipped only where there is none.
"""

import shutil
from contextlib import ExitStack

import pytest

from tests.webqa.rating.served_pages import Served
from tests.webqa.rating.site.browser.live_serving import Now, served_live

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",  # as whoever owns a name may do
]
PATIENCE = 60_000
"""Milliseconds: other programs may need the processor, too."""
WATCH = """
addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture
def live(tmp_path):
    """Serve tasks: `live(tasks, **rules)`."""
    with ExitStack() as opened:

        def serve(tasks=(), **how):
            served = Served(tmp_path, tasks, clock=Now(), **how)
            return opened.enter_context(served_live(served))

        yield serve


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
            executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE
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
