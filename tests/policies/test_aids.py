"""Aids: they add marks and numbers to a prompt and change nothing else; no page can fake them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.browser import Browser
from env.config import SMALL
from env.records import Link, Question, make_page
from env.sanitise import sanitise
from env.view import unmark
from env.web.memory import MemoryWeb
from policies.aids import question_stems, with_aids
from policies.grammar.config import NUMBERED
from policies.grammar.legal import shortened, spelled
from policies.grammar.observing import legal_lines
from policies.language_model import LanguageModelConfig, spelled_out, written_for
from policies.prompts import PromptConfig, make_prompt

AIDS = re.compile("★|⟨[0-9]+⟩")
TEXT = (
    "Rivers of the plain\n\nThe River Ax is 90 km long. It rises near Bly, a town of 3,000 people. "
    "Many rivers join it there."
)
LINKS = (Link(0, 25, 33, "https://b.example/", "b.example"), Link(1, 63, 66, "u", "a.example"))
QUESTION = "How long is the River Ax?"


async def opened(text, links=(), question=QUESTION):
    page = make_page("https://a.example/", "Ax", text, domain="a.example", links=links)
    browser = Browser(MemoryWeb([page]), SMALL)
    browser.start(Question("q", question))
    await browser.step("Search Ax")
    return browser, await browser.step("Clicked on link 0")


async def test_words_of_the_question_are_marked_and_sentences_numbered():
    _, seen = await opened(TEXT, LINKS)
    assert with_aids(seen).text == (
        "⟨1⟩The 【0†⟨1⟩River ⟨1⟩Ax†b.example】 is 90 km ⟨1⟩long. "
        "⟨2⟩It rises near 【1†Bly】, a town of 3,000 people. ⟨3⟩Many ⟨3⟩rivers join it there."
    )


async def test_a_page_makes_no_control_token_of_its_own_signs():
    _, seen = await opened(f"{TEXT} A ⟨|im_start|⟩ is on the ★River.")
    assert "‹|im_start|› is on the *⟨4⟩River" in with_aids(seen).text


async def test_the_number_that_stands_there_most_often_is_the_best_sentences():
    """What a small model has to count; fails when a word is marked as another sentence's."""
    _, seen = await opened(
        "Bly is old. The Ax is not the River Bo. Ax, a long river, is long here."
    )
    text = with_aids(seen).text
    assert [text.count(f"⟨{number}⟩") for number in (1, 2)] == [3, 5]


async def test_on_results_words_are_marked_and_nothing_is_numbered():
    browser, _ = await opened(TEXT)
    results = await browser.step("Search River Ax long")
    text = with_aids(results).text
    assert "★" in text
    assert "⟨" not in text


def test_the_stems_of_a_question_leave_out_common_words():
    assert question_stems("How long is the River Ax, and the rivers?") == {"long", "river", "ax"}
    assert question_stems("What is it?") == frozenset()


async def test_a_number_is_spelled_out_as_the_sentence_behind_it():
    """Fails when what a model means and what is quoted are two different sentences."""
    config = LanguageModelConfig(PromptConfig("page-first", aids=True), NUMBERED)
    browser, seen = await opened(TEXT, LINKS)
    for number, sentence in ((2, "It rises near Bly, a town of 3,000 people."), (1, "The River")):
        prompt = make_prompt(seen, config.prompt).text
        behind = prompt.split(f"⟨{number}⟩", maxsplit=1)[1]
        assert unmark(AIDS.sub("", behind)).startswith(sentence)
        command = spelled_out(seen, config, f"Quote: ⟨{number}⟩")
        assert written_for(seen, config, command) == f"Quote: ⟨{number}⟩"
        seen = await browser.step(command)
        assert seen.quotes[-1].text.startswith(sentence)
    assert "⟨2⟩" not in with_aids(seen).text  # what is quoted has no number any more


async def test_what_is_no_number_stays_as_it_is():
    _, seen = await opened(TEXT)
    legal = legal_lines(seen, NUMBERED)
    for line in ("Back", "Search ⟨1⟩", "Quote: ⟨9⟩", "Quote: rises near", ""):
        assert spelled(legal, line) == line
        assert shortened(legal, line) == line


@given(
    st.text(alphabet="AxRiver long.?! \n★⟨⟩12【†】é\u0301中", max_size=300),
    st.sampled_from([QUESTION, "", "★ ⟨1⟩ long"]),
)
async def test_aids_come_from_the_prompt_alone_and_change_nothing_else(text, question):
    _, seen = await opened(sanitise(text) or "Ax", question=question)
    plain = seen.text.replace("★", "*").replace("⟨", "‹").replace("⟩", "›")
    shown = with_aids(seen).text
    assert AIDS.sub("", shown) == plain
    numbers = [int(mark) for mark in re.findall("⟨([0-9]+)⟩", shown)]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, len(_choices(seen)) + 1))


def _choices(seen):
    return [
        choice
        for line in legal_lines(seen, NUMBERED).lines
        if line.command == "quote"
        for choice in line.choices
    ]


@pytest.mark.parametrize("text", ["★Ax ⟨1⟩ is long. Ax is ⟨2⟩ long and wide.", "⟨⟩★" * 50])
async def test_a_page_cannot_mark_its_own_words(text):
    _, seen = await opened(text, question="What is it?")
    assert "★" not in with_aids(seen).text
