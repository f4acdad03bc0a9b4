"""Two raters of one item, each in a browser of their own."""

import pytest
from sqlalchemy import select

from tests.webqa.rating.served_pages import a_task
from tests.webqa.rating.site.browser.expecting import expect
from tests.webqa.rating.site.browser.test_comparing_live import begin, said, saved
from webqa.rating.config import ServeConfig
from webqa.rating.store.tables import Assignment

pytestmark = pytest.mark.slow


def test_two_raters_of_one_item_do_not_see_each_other(live, context):
    # With this seed the answers stand on other sides for the second person.
    served = live([a_task()], serving=ServeConfig(accounts=True), raters=2, seed=2)
    raters = {}
    for name in ("Ann", "Bob", "Eve"):
        page = raters[name] = context().new_page()
        page.goto(f"{served.address}/join/{served.invited()}")
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Begin").click()
        page.wait_for_url(f"{served.address}/")
    ann, bob, eve = raters.values()
    sides = [begin(page, served) for page in (ann, bob)]
    assert set(sides) == {"left", "right"}
    assert ann.locator("h1").text_content() == bob.locator("h1").text_content()
    for name in ("Ann", "Bob"):
        raters[name].get_by_label("Note").fill(f"what {name} thinks")
        saved(raters[name])
    bob.reload()
    expect(bob.get_by_label("Note")).to_have_value("what Bob thinks")
    for name in ("Ann", "Bob"):
        page = raters[name]
        page.locator("#overall").get_by_text("A much better").click()
        page.get_by_role("button", name="Submit and go on").click()
        page.wait_for_url("**/campaign/1")
        assert "Nothing is left for you here" in page.locator("main").text_content()
    eve.reload()
    assert "Nothing is left for you here" in eve.locator("main").text_content()
    assert eve.get_by_role("button", name="Begin").count() == 0
    assert sorted(one.note for one in said(served)) == ["what Ann thinks", "what Bob thinks"]
    assert {one.overall for one in said(served)} == {2, -2}, "A is another answer for each"
    assert {one.state for one in served.all(select(Assignment))} == {"submitted"}
