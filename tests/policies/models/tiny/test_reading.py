"""Reading tasks: what is asked is on the screen, is carried out, and stands anywhere."""

import asyncio
from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from env.browser import Browser
from env.config import SMALL
from env.records import Question, make_page
from env.verify import verify_quote
from env.web.check import check_web
from policies.extractive.words import plain, words
from policies.grammar.config import NUMBERED
from policies.grammar.legal import allows
from policies.grammar.observing import legal_lines
from policies.grammar.quotable import look, quotable_sentences
from policies.language_model import LanguageModelConfig, spelled_out, written_for
from policies.models.tiny.reading import OPENINGS, DrawnWeb, make_question, reading_steps
from policies.prompts import PromptConfig

ASKED = LanguageModelConfig(PromptConfig("page-first", aids=True), NUMBERED, preset="small")
TOWNS = "Harrow Lorien Vane Osric Mira Holt Brae Ashford Quill Dunmore Selby Thorne".split()


def page(number):
    draw = Random(number)
    lines = [
        f"The {draw.choice(('bridge', 'library', 'market'))} of {draw.choice(TOWNS)} was opened "
        f"in {1500 + 17 * line + number} by the {draw.choice(('mayor', 'guild', 'queen'))}."
        for line in range(40)
    ]
    return make_page(
        f"https://{number}.example/", f"Town {number}", "\n".join(lines), domain=f"{number}.example"
    )


PAGES = [page(number) for number in range(8)]


def steps(count, seed=0, pages=PAGES):
    return asyncio.run(reading_steps(pages, count, Random(seed)))


def test_every_task_is_a_legal_quote_by_number_on_its_screen():
    made = steps(60)
    assert len(made) == 60
    for step in made:
        written = written_for(step.observation, ASKED, step.completion.text)
        assert written.startswith("Quote: ⟨")
        assert allows(legal_lines(step.observation, NUMBERED), written)
        assert spelled_out(step.observation, ASKED, written) == step.completion.text


def test_what_may_be_asked_for_is_carried_out_by_the_browser():
    async def play(seed):
        browser = Browser(DrawnWeb(PAGES, Random(seed), SMALL.snippet), SMALL)
        browser.start(Question("q", "Which?"))
        await browser.step("Search anything")
        seen = await browser.step("Clicked on link 0")
        for one in quotable_sentences(look(seen))[-1:]:
            after = await browser.step(f"Quote: {one.form}")
            assert not after.notice
            assert verify_quote(after.quotes[0], browser.pages) == ""
            return 1
        return 0

    assert sum(asyncio.run(play(seed)) for seed in range(20)) > 10


def test_the_place_that_is_asked_for_says_nothing():
    # Were it mostly the first, a model would learn to quote the first and never read.
    places = Counter()
    for step in steps(300):
        forms = [one.form for one in quotable_sentences(look(step.observation))]
        places[forms.index(step.completion.text.removeprefix("Quote: "))] += 1
    assert places[0] < 0.35 * places.total()
    assert len(places) >= 5


def test_the_question_tells_the_sentence_more_often_than_chance():
    right = 0
    made = steps(200)
    for step in made:
        screen = look(step.observation)
        asked = {plain(word) for word in words(step.observation.question)}
        found = quotable_sentences(screen)
        share = [
            len(
                asked & {plain(word) for word in words(screen.form.text[s.span.start : s.span.end])}
            )
            for s in found
        ]
        best = found[max(range(len(found)), key=share.__getitem__)]
        right += step.completion.text == f"Quote: {best.form}"
    assert right > 0.4 * len(made)


def test_the_past_names_the_search_for_the_question_and_some_reading():
    past = [step.observation.past_actions for step in steps(100)]
    assert all(one[0].startswith("Search ") and one[-1].startswith("Click ") for one in past)
    assert {"Back", "Quote"} <= {action for one in past for action in one}


def test_the_same_seed_draws_the_same_tasks():
    assert steps(20, 5) == steps(20, 5)
    assert steps(20, 5) != steps(20, 6)


def test_pages_with_nothing_to_quote_give_no_tasks_and_end():
    empty = [make_page("https://a.example/", "A", "# A", domain="a.example")]
    assert steps(10, pages=empty) == []
    assert steps(10, pages=[]) == []
    assert steps(0) == []


def test_a_web_of_drawn_pages_is_a_web():
    asyncio.run(
        check_web(DrawnWeb(PAGES, Random(0), SMALL.snippet), ["Harrow"], deterministic=False)
    )


@given(st.text(max_size=80), st.lists(st.text(max_size=40), min_size=1), st.text(max_size=30),
       st.integers(0, 2**32))  # fmt: skip
def test_any_text_gives_a_question(sentence, others, title, seed):
    question = make_question(sentence, others, title, Random(seed))
    assert question.startswith(tuple(OPENINGS))
    assert len(question.split()) >= 2
