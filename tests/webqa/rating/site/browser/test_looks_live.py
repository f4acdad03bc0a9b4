"""Every page at every width, in light and dark: nothing sticks out, axe finds nothing serious."""

import pytest

from tests.webqa.rating.served_pages import a_planted_task, a_task
from tests.webqa.rating.site.browser.expecting import expect
from tests.webqa.rating.site.browser.test_comparing_live import begin
from webqa.rating.config import ServeConfig

pytestmark = pytest.mark.slow

SIZES = {
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "zoomed": {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2},
    "dark": {"color_scheme": "dark"},
}


def sticks_out(page):
    """Return by how many pixels a page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def squeezed(page):
    """Return the words of buttons at the top that are broken, and tables that must be scrolled."""
    return page.evaluate(
        """() => {
          const isBroken = (one) => one.matches(".wide")
            ? one.scrollWidth > one.clientWidth : one.offsetHeight > 44;
          return [...document.querySelectorAll(".top nav button, .wide")].filter(isBroken)
            .map((one) => one.getAttribute("aria-label") ?? one.textContent);
        }"""
    )


@pytest.mark.parametrize("size", SIZES)
def test_every_page_fits_and_is_accessible(live, context, faults, size):
    served = live(
        [a_task(), a_planted_task(1)], serving=ServeConfig(accounts=True), complete=1.0,
        assisted="always", raters=2,
    )  # fmt: skip
    page = context(**SIZES[size]).new_page()
    found = {}

    def look(name):
        out = ["sticks out"] if sticks_out(page) > 0 else []
        found[name] = [*faults(page), *out, *squeezed(page)]

    page.goto(served.address)
    look("welcome")
    page.goto(f"{served.address}/join/guess")
    look("refused invitation")
    page.goto(f"{served.address}/join/{served.invited('admin')}")
    look("invitation")
    page.get_by_label("Name").fill("Ann")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url(f"{served.address}/")
    look("home")
    begin(page, served)
    look("task")
    page.get_by_role("button", name="Submit and go on").click()
    page.wait_for_selector("#missing")
    expect(page.get_by_role("heading", name="Not submitted yet")).to_be_in_viewport()
    page.keyboard.press("a")
    look("task with what is missing")
    page.get_by_role("button", name="Guidelines").click()
    look("guidelines")
    page.locator("#guidelines").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Shortcuts").click()
    look("shortcuts")
    page.keyboard.press("Escape")
    page.locator("a.cite").first.click()
    look("source")
    for path in ("campaign/1", "dashboard", "dashboard/1", "item/1", "invite", "nowhere"):
        page.goto(f"{served.address}/{path}")
        look(path)
    page.goto(f"{served.address}/invite")
    page.get_by_role("button", name="Make a link").click()
    page.get_by_text("It is shown now and never again").wait_for()
    look("a link")
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_reduced_motion_moves_nothing(live, context):
    page = context(reduced_motion="reduce").new_page()
    begin(page, live([a_task()]))
    moving = """[...document.querySelectorAll('*')].filter((one) => {
      const style = getComputedStyle(one);
      return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none';
    }).length"""
    assert page.evaluate(moving) == 0
