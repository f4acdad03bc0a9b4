"""Demonstrating in a real browser: from a question to a batch that is learnt from; and asking."""

import pytest
from sqlalchemy import select

from env.citations import cited_numbers
from env.records import Episode, from_json
from tests.webqa.rating.site.browser.expecting import expect
from tests.webqa.rating.site.browser.live_serving import Now, served_live
from tests.webqa.rating.site.demonstrated_pages import ServedQuestions
from tests.webqa.rating.site.test_asking_pages import ServedAnswers
from webqa.rating.results.demonstrations import export_run
from webqa.rating.store.tables import Assignment, Campaign, Rating, Vote
from webqa.run import read_episodes

pytestmark = pytest.mark.slow
QUOTED = "The sky is blue because the air scatters blue light."


@pytest.fixture
def questions(tmp_path):
    with served_live(ServedQuestions(tmp_path, clock=Now())) as served:
        yield served


@pytest.fixture
def answers(tmp_path):
    with served_live(ServedAnswers(tmp_path, clock=Now())) as served:
        yield served


def begin(served, page):
    page.goto(f"{served.address}/campaign/1")
    page.get_by_role("button", name="Begin").or_(page.locator("main form button")).first.click()
    page.wait_for_url("**/demonstrate/*")


def select_words(page, first, last):
    """Select with the mouse from the beginning of one word to the end of another."""
    places = page.evaluate(
        """([first, last]) => [first, last].map((word, place) => {
          const region = document.getElementById("text");
          const walker = document.createTreeWalker(region, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const at = walker.currentNode.data.indexOf(word);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(walker.currentNode, at);
            range.setEnd(walker.currentNode, at + word.length);
            const box = range.getBoundingClientRect();
            return [place ? box.right - 1 : box.left + 1, box.top + box.height / 2];
          }
        })""",
        [first, last],
    )
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=4)
    page.mouse.up()


def test_with_the_mouse_from_a_question_to_a_batch(questions, page, faults, tmp_path):
    begin(questions, page)
    assert faults(page) == []
    page.get_by_label("Search the web").fill("sky blue")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("button", name="Why the sky is blue").click()
    page.get_by_text("Select words on the page").wait_for()  # as the script says once it runs
    select_words(page, "The sky", "blue light.")
    expect(page.locator("#chosen")).to_contain_text(f"{len(QUOTED)} characters")
    assert faults(page) == []
    page.get_by_role("button", name="Quote", exact=True).click()
    page.wait_for_selector("mark")
    assert (
        page.locator("mark").inner_text() == "The sky is blue because the air scatters blue light."
    )
    page.get_by_role("button", name="Stop browsing and answer").click()
    page.get_by_label("Your answer").fill("The air scatters blue light.")
    page.get_by_role("button", name="Cite [1]").click()
    page.get_by_role("button", name="Check the citations").click()
    page.get_by_text("Every sentence cites a quote").wait_for()
    assert faults(page) == []
    page.get_by_role("button", name="Submit and go on").click()
    page.wait_for_url("**/campaign/1")
    with questions.store.reading() as session:
        campaign = session.scalars(select(Campaign)).one()
        export_run(session, campaign, tmp_path / "run")
    assert_learnt_from(tmp_path)


def assert_learnt_from(folder):
    """Make a batch to clone from, of every step of the run."""
    from policies.cloning.collator import Collator
    from policies.cloning.config import ExampleConfig
    from policies.cloning.examples import Reader, make_examples
    from policies.cloning.opening import open_base
    from policies.language_model import LanguageModelConfig
    from policies.prompts import PromptConfig
    from tests.policies.models.small import save_model

    base = open_base(str(save_model(folder / "base", spread=0.02, context=1024)), 0, 0)
    asked = LanguageModelConfig(PromptConfig("page-first"))
    reader = Reader(base.tokens, base.context)
    made = make_examples(list(read_episodes(folder / "run")), reader, asked, ExampleConfig("plain"))
    kinds = [one.kind for one in made.all]
    assert kinds == ["search", "click", "quote", "answer", "answering"]
    batch = Collator(made.sets, 0, 0)(made.all)
    assert len(batch["targets"]) == sum(len(one.completion) for one in made.all)


def arrived(page, what):
    """Wait for the next page and its script: nobody's fingers are as quick as these."""
    page.wait_for_selector(what)
    page.wait_for_load_state()


def test_with_the_keyboard_alone(questions, page):
    begin(questions, page)
    page.keyboard.type("sky blue")  # the field has the focus
    page.keyboard.press("Enter")
    arrived(page, "#text")
    page.keyboard.press("p")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    arrived(page, "#quoting")
    page.keyboard.press("p")
    page.keyboard.press("ArrowRight")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.get_by_text("Selected, 15 characters: “The sky is blue”").wait_for()
    page.keyboard.press("q")
    arrived(page, "mark")
    assert page.locator("mark").inner_text() == "The sky is blue"
    page.get_by_role("button", name="Stop browsing and answer").focus()
    page.keyboard.press("Enter")
    arrived(page, "#answer")
    page.get_by_label("Your answer").focus()
    page.keyboard.type("It scatters. [1]")
    page.get_by_role("button", name="Submit and go on").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/campaign/1")
    episode = from_json(questions.all(select(Rating.judgement))[0], Episode)
    assert cited_numbers(episode.answer.text) == [1]


def test_the_question_is_told_beside_the_page_once_it_is_out_of_sight(questions, context):
    page = context(viewport={"width": 1280, "height": 360}).new_page()
    begin(questions, page)
    page.get_by_label("Search the web").fill("sky blue")
    page.keyboard.press("Enter")
    page.wait_for_selector("#text")
    page.evaluate("scrollTo(0, 0)")
    reminder = page.locator("#reminder")
    expect(reminder).to_be_hidden()
    page.evaluate("scrollTo(0, 150)")
    expect(page.locator("h1")).not_to_be_in_viewport()
    expect(reminder).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    expect(reminder).to_be_hidden()


def to_answering(served, page):
    begin(served, page)
    page.get_by_label("Search the web").fill("sky blue")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Why the sky is blue").click()
    page.locator("#first").fill("The sky is blue")
    page.get_by_role("button", name="Quote", exact=True).click()
    page.get_by_role("button", name="Stop browsing and answer").click()
    page.get_by_label("Your answer").wait_for()


def test_what_is_written_is_saved_and_stays_when_saving_fails(questions, page):
    to_answering(questions, page)
    page.route("**/draft", lambda route: route.abort())
    page.get_by_label("Your answer").fill("Half a sentence")
    page.get_by_text("Not saved").wait_for()
    assert page.get_by_label("Your answer").input_value() == "Half a sentence"
    page.unroute("**/draft")
    page.get_by_text("Saved.").wait_for()
    page.reload()
    assert page.get_by_label("Your answer").input_value() == "Half a sentence"
    assert questions.all(select(Assignment))[0].active_ms > 0
    page.get_by_role("button", name="Go back to browsing").click()
    page.get_by_role("button", name="Stop browsing and answer").click()
    assert page.get_by_label("Your answer").input_value() == "Half a sentence"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_small_screen(questions, context, faults, scheme):
    page = context(viewport={"width": 320, "height": 700}, color_scheme=scheme).new_page()
    to_answering(questions, page)
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert faults(page) == []
        if page.locator("#answer").count():
            page.get_by_role("button", name="Go back to browsing").click()
            page.wait_for_selector("#quoting")


def test_a_question_is_asked_watched_answered_and_voted_on(answers, page, faults):
    page.goto(f"{answers.address}/ask")
    assert faults(page) == []
    page.get_by_label("Question").fill("Why is the sky blue?")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("heading", name="Answer", exact=True).wait_for()
    assert "scatters blue light" in page.locator("figure").inner_text()
    assert faults(page) == []
    page.get_by_label("Note").fill("fine")
    page.get_by_role("button", name="Good").click()
    page.get_by_text("your vote is kept").wait_for()
    assert answers.all(select(Vote.note)) == ["fine"]
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
