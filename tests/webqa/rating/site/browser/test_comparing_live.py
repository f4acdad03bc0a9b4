"""A whole task in a real browser: with the mouse, the keyboard alone, without JavaScript."""

import pytest
from sqlalchemy import select

from env.records import from_json
from tests.webqa.rating.served_pages import FIRST, QUESTION, a_planted_task, a_task
from tests.webqa.rating.site.browser.expecting import expect
from webqa.rating.records import Judgement
from webqa.rating.site.forms import which
from webqa.rating.store.tables import Assignment, Rating

pytestmark = pytest.mark.slow

CLAIM = "Books give another number [2]."
START = FIRST.index(CLAIM)


def begin(page, served):
    """Take the first task; return the side of the answer with three claims."""
    page.goto(served.address)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/task/*")
    expect(page.locator(".count").first).to_contain_text("rated")
    return "left" if page.locator("#left-text").text_content() == FIRST else "right"


def said(served):
    return [from_json(one.judgement, Judgement) for one in served.all(select(Rating))]


def saved(page):
    expect(page.locator("#saved")).to_have_text("Saved")


def place_of(page, side, text):
    """Return where a part of an answer begins and ends, in pixels; it may go over two lines."""
    return page.evaluate(
        """([side, text]) => {
          const answer = document.getElementById(side + "-text");
          const node = [...answer.childNodes].find((one) => one.textContent.includes(text));
          const range = document.createRange();
          const at = node.textContent.indexOf(text);
          range.setStart(node, at);
          range.setEnd(node, at + text.length);
          const lines = [...range.getClientRects()];
          const middle = (line) => line.top + line.height / 2;
          const [first, last] = [lines[0], lines.at(-1)];
          return [[first.left + 1, middle(first)], [last.right - 1, middle(last)]];
        }""",
        [side, text],
    )


def select_text(page, side, text):
    """Draw the mouse over a part of an answer."""
    begins, ends = place_of(page, side, text)
    page.mouse.move(*begins)
    page.mouse.down()
    page.mouse.move(*ends, steps=4)
    page.mouse.up()


def test_a_task_with_the_mouse(live, page):
    served = live([a_task()])
    side = begin(page, served)
    page.locator(f"#{side}-text a.cite").first.click()
    peek = page.locator("#peek")
    expect(peek).to_contain_text("Before it.")
    page.get_by_role("button", name="Close").click()

    select_text(page, side, "another number")
    bubble = page.locator("#floating")
    bubble.get_by_text("weak").click()
    bubble.get_by_text("side", exact=True).click()
    page.keyboard.press("Escape")
    expect(bubble).to_be_hidden()

    page.mouse.click(*place_of(page, side, "Rhine")[0])
    expect(bubble).to_contain_text("The Rhine is about")
    bubble.get_by_text("strong").click()
    bubble.get_by_text("core").click()
    page.keyboard.press("Escape")

    page.locator(f"#{side}-quote-1").get_by_text("trustworthy").click()
    page.locator("#overall").get_by_text("A better").click()
    page.get_by_label("Note").fill("Well.")
    saved(page)
    page.get_by_role("button", name="Submit and stop").click()
    page.wait_for_url("**/campaign/1")
    [judgement] = said(served)
    texts = {FIRST[one.start : one.end]: (one.support, one.relevance) for one in judgement.marks}
    assert texts == {
        "another number": ("weak", "side"),
        "The Rhine is about 1,230 kilometres long [1].": ("strong", "core"),
    }
    assert abs(judgement.overall) == 1
    assert judgement.note == "Well."
    assert [one.trust for one in judgement.trusted] == ["trustworthy"]


def test_a_task_with_the_keyboard_alone(live, page):
    served = live([a_task()])
    page.goto(served.address)
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.startsWith('Begin')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/task/*")
    expect(page.locator(".count").first).to_contain_text("rated")
    side = "left" if page.locator("#left-text").text_content() == FIRST else "right"
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    keys = ["a" if side == "left" else "b", "1", "4", "j", "Shift+ArrowLeft", "Shift+ArrowLeft",
            "Shift+ArrowDown", "3", "6", "7", "o", "5", "n"]  # fmt: skip
    for key in keys:
        page.keyboard.press(key)
    page.keyboard.type("a1? are letters here")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/campaign/1")
    [judgement] = said(served)
    marks = [(FIRST[one.start : one.end], one.support, one.relevance, one.citation_error)
             for one in judgement.marks]  # fmt: skip
    assert marks == [
        ("The Rhine is about 1,230 kilometres long [1].", "strong", "core", False),
        ("give another", "none", "irrelevant", True),
    ]
    assert abs(judgement.overall) == 2
    assert judgement.note == "a1? are letters here"


def test_single_keys_can_be_switched_off(live, page):
    begin(page, live([a_task()]))
    page.keyboard.press("?")
    page.get_by_label("Keys without Ctrl work").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.reload()
    page.keyboard.press("1")
    assert not page.locator("#overall input:checked").count()


def test_without_javascript(live, context):
    served = live([a_task(0), a_task(1)])
    page = context(java_script_enabled=False).new_page()
    page.goto(served.address)
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Submit and go on").click()
    assert "Say which answer is better overall" in page.locator("#missing").text_content()
    page.get_by_label("Note").fill("kept")
    page.get_by_role("button", name="Only save").click()
    assert page.get_by_label("Note").input_value() == "kept"
    page.locator("#overall").get_by_label("Equally good").check()
    page.get_by_role("button", name="Submit and go on").click()
    assert page.locator("h1").text_content() == QUESTION
    assert page.get_by_label("Note").input_value() == ""
    assert [one.note for one in said(served)] == ["kept"]


def test_what_is_missing_is_said_and_one_gets_there(live, page):
    served = live([a_task()], complete=1.0)
    begin(page, served)
    page.get_by_role("button", name="Submit and go on").click()
    page.wait_for_selector("#missing")
    page.locator("#missing").get_by_text("Compare both answers: usefulness").click()
    expect(page.locator("[name=axis-usefulness]").first).to_be_focused()
    assert not said(served)


def test_a_trial_asks_for_flaws(live, page):
    served = live([a_planted_task()], assisted="always")
    side = begin(page, served)
    other = "right" if side == "left" else "left"
    page.locator(f"#{other}-flaw").get_by_text("yes").click()
    page.locator(f"#{side}-flaw").get_by_text("no", exact=True).click()
    remark = page.locator(f"#{other}-remark-0")
    remark.get_by_text("right", exact=True).click()
    remark.get_by_text("gravely").click()
    assert page.locator("mark.critique.lit").count() >= 1
    page.locator("#overall").get_by_text("A much better").click()
    page.get_by_role("button", name="Submit and go on").click()
    page.wait_for_url("**/campaign/1")
    [judgement] = said(served)
    [turn] = served.all(select(Assignment))
    assert judgement.flawed == (which(other, turn.swapped),)
    assert [one.gravity for one in judgement.verdicts] == ["grave"]


def test_hostile_text_does_nothing(live, page):
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script> <base href=//evil> [1]"
    served = live([a_task(first=hostile, second="<iframe srcdoc=x>" + hostile)])
    page.goto(served.address)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/task/*")
    page.get_by_label("Note").fill(hostile)
    saved(page)
    page.reload()
    assert page.get_by_label("Note").input_value() == hostile
    assert page.locator("main img, main script, main iframe, base").count() == 0


def test_the_guidelines_take_the_focus_and_give_it_back(live, page):
    begin(page, live([a_task()]))
    page.wait_for_load_state()
    page.keyboard.press("o")
    page.keyboard.press("g")
    expect(page.locator("#guidelines .prose")).to_be_focused()
    expect(page.locator("#guidelines").get_by_role("button", name="Close")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#guidelines")).to_be_hidden()
    expect(page.locator("#overall input").first).to_be_focused()
