"""What becomes of work when a save is dropped, a second tab is open, or time ran out."""

import pytest
from sqlalchemy import select

from tests.webqa.rating.served_pages import a_task
from tests.webqa.rating.site.browser.expecting import expect
from tests.webqa.rating.site.browser.test_comparing_live import begin, said, saved
from webqa.rating.store.queue import next_assignment
from webqa.rating.store.rules import rules
from webqa.rating.store.tables import Assignment, Campaign, Person

pytestmark = pytest.mark.slow


def drafts(served):
    return [one.draft for one in served.all(select(Assignment))]


def test_a_dropped_save_is_told_kept_and_tried_again(live, page):
    served = live([a_task()])
    begin(page, served)
    page.route("**/draft", lambda route: route.abort())
    page.get_by_label("Note").fill("not lost")
    page.wait_for_selector("#trouble:not(:empty)")
    assert "What you wrote stays here" in page.locator("#trouble").text_content()
    assert page.get_by_label("Note").input_value() == "not lost"
    assert "not lost" not in drafts(served)[0]
    page.unroute("**/draft")
    saved(page)
    assert "not lost" in drafts(served)[0]
    assert page.locator("#trouble").text_content() == ""


def test_a_server_that_fails_is_told_when_submitting(live, page):
    served = live([a_task()])
    begin(page, served)
    page.route("**/submit", lambda route: route.fulfill(status=500, body="no"))
    page.locator("#overall").get_by_text("A better").click()
    page.get_by_role("button", name="Submit and stop").click()
    page.wait_for_selector("#trouble:not(:empty)")
    page.unroute("**/submit")
    page.get_by_role("button", name="Submit again").click()
    page.wait_for_url("**/campaign/1")
    assert len(said(served)) == 1


def test_of_two_tabs_the_later_is_told_and_may_choose(live, context):
    served = live([a_task()])
    browser = context()
    one, two = browser.new_page(), browser.new_page()
    begin(one, served)
    two.goto(one.url)
    one.get_by_label("Note").fill("from the first")
    saved(one)
    two.get_by_label("Note").fill("from the second")
    two.wait_for_selector("#trouble:not(:empty)")
    assert two.get_by_label("Note").input_value() == "from the second"
    two.get_by_role("button", name="Keep what is here").click()
    saved(two)
    assert "from the second" in drafts(served)[0]
    one.get_by_label("Note").fill("from the first again")
    one.get_by_role("button", name="Load what is saved").click()
    expect(one.get_by_label("Note")).to_have_value("from the second")


def test_a_task_that_went_to_somebody_else_is_told_and_the_words_stay(live, page):
    served = live([a_task()])
    begin(page, served)
    served.clock.wait(hours=3)

    def take(session):
        other = Person(name="Bob", role="rater", created="")
        session.add(other)
        session.flush()
        campaign = session.get_one(Campaign, 1)
        return next_assignment(session, other, campaign, rules(campaign), served.clock())

    assert served.store.write(take)
    page.get_by_label("Note").fill("too slow")
    page.wait_for_selector("#trouble:not(:empty)")
    assert "somebody else" in page.locator("#trouble").text_content()
    assert page.get_by_label("Note").input_value() == "too slow"
    assert page.get_by_role("button", name="Keep what is here").count() == 0


def test_a_lease_that_ran_out_and_was_not_taken_goes_on(live, page):
    served = live([a_task()])
    begin(page, served)
    served.clock.wait(hours=3)
    page.get_by_label("Note").fill("slow")
    saved(page)
    page.locator("#overall").get_by_text("Equally good").click()
    page.get_by_role("button", name="Submit and stop").click()
    page.wait_for_url("**/campaign/1")
    assert [one.note for one in said(served)] == ["slow"]


def test_back_after_submitting_shows_that_it_was(live, page):
    served = live([a_task()])
    begin(page, served)
    page.locator("#overall").get_by_text("A better").click()
    page.get_by_role("button", name="Submit and stop").click()
    page.wait_for_url("**/campaign/1")
    page.go_back()
    page.wait_for_selector("#told")
    assert "You submitted this task" in page.locator("#told").text_content()
    assert page.locator("#overall input:checked").count() == 1
    assert len(said(served)) == 1


def test_signed_out_while_working_the_words_stay(live, context):
    from webqa.rating.config import ServeConfig

    served = live([a_task()], serving=ServeConfig(accounts=True))
    browser = context()
    page = browser.new_page()
    page.goto(f"{served.address}/join/{served.invited()}")
    page.get_by_label("Name").fill("Ann")
    page.get_by_role("button", name="Begin").click()
    begin(page, served)
    other = browser.new_page()
    other.goto(served.address)
    other.locator(".who summary").click()
    other.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_label("Note").fill("still here")
    page.wait_for_selector("#trouble:not(:empty)")
    assert "signed out" in page.locator("#trouble").text_content()
    assert page.get_by_label("Note").input_value() == "still here"
    [ann] = served.all(select(Person))
    other.goto(f"{served.address}/join/{served.invited(person=ann)}")
    other.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Try again now").click()
    saved(page)


def test_working_time_counts_what_is_used(live, page):
    served = live([a_task()])
    begin(page, served)
    for _ in range(4):
        page.mouse.move(200, 200)
        page.mouse.move(210, 200)
        page.wait_for_timeout(700)
    page.locator("#overall").get_by_text("A better").click()
    saved(page)
    assert 1000 <= served.all(select(Assignment))[0].active_ms < 600_000
