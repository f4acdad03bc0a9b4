"""Prompts: nothing is lost that fits, and what is cut goes whole, in the stated order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.actions import help_text
from env.answers import NOTHING_FOUND
from env.records import Observation, Quote
from env.view import LINK_MARK
from policies.models.base import ModelError, Prompt
from policies.prompts import PromptConfig, fit, make_prompt

QUOTES = tuple(Quote(f"Fact {n} is so.", f"Page {n}", "a.example") for n in range(1, 4))
TEXT = "\n".join(f"Line {n} has a 【{n}†link {n}】 and some words more." for n in range(20))
SEEN = Observation(
    "Why is the sky blue?",
    "About the sky",
    "a.example",
    TEXT,
    tuple(range(20)),
    quotes=QUOTES,
    past_actions=tuple(f"Search number {n}" for n in range(9)),
    actions_left=3,
    notice="Not carried out: the text to find is not on this page.",
)
ANSWERING = Observation("Why is the sky blue?", quotes=QUOTES, answering=True)


def count(prompt: Prompt) -> int:
    return len((prompt.text + prompt.system).split())


def test_the_paper_asks_first_and_a_small_model_reads_first():
    asked = make_prompt(SEEN, PromptConfig()).text
    assert asked.index("♦Question") < asked.index("♦Quotes") < asked.index("♦Text")
    read = make_prompt(SEEN, PromptConfig(layout="page-first")).text
    assert read.index("♦Text") < read.index("♦Quotes") < read.index("♦Question")
    for text in (asked, read):
        assert text.endswith("♦Actions left: 3\n♦Next action\n")


def test_only_a_chat_model_is_given_instructions():
    assert make_prompt(SEEN, PromptConfig()).system == ""
    system = make_prompt(SEEN, PromptConfig(), chat=True).system
    assert help_text() in system
    assert NOTHING_FOUND in make_prompt(ANSWERING, PromptConfig(), chat=True).system


def test_what_fits_is_not_cut():
    fitted = fit(SEEN, PromptConfig(), count, 10_000)
    assert fitted.observation == SEEN
    assert fitted.prompt == make_prompt(SEEN, PromptConfig())


def test_fields_go_in_the_stated_order():
    """Past actions, the notice, lines of the page, quotes: fails when one is cut too early."""
    sizes = range(count(make_prompt(SEEN, PromptConfig())), 40, -1)
    fitted = [fit(SEEN, PromptConfig(), count, size) for size in sizes]
    shown = [sum(quote.text in prompt.text for quote in QUOTES) for prompt, _ in fitted]
    for (prompt, one), left in zip(fitted, shown, strict=True):
        if not one.notice:
            assert not one.past_actions
        if one.text != SEEN.text:
            assert not one.notice
        if left < len(QUOTES):
            assert "\n" not in one.text
            assert all(quote.text in prompt.text for quote in QUOTES[len(QUOTES) - left :])
        assert one.quotes == SEEN.quotes  # what is legal depends on all of them
        assert one.past_actions == SEEN.past_actions[9 - len(one.past_actions) :]
    assert min(shown) == 0


@given(st.integers(30, 400), st.booleans(), st.sampled_from([SEEN, ANSWERING]))
def test_a_prompt_fits_and_shows_only_links_that_are_left(room, chat, seen):
    try:
        prompt, shown = fit(seen, PromptConfig(), count, room, chat)
    except ModelError as error:
        assert "longer context" in str(error)  # noqa: PT017
        return
    assert count(prompt) <= room
    assert set(prompt.text.split("\n")) <= set(
        make_prompt(shown, PromptConfig(), chat).text.split("\n")
    )
    assert set(shown.links) == {int(mark[1]) for mark in LINK_MARK.finditer(shown.text)}


def test_while_answering_the_numbers_of_the_quotes_stay():
    whole = count(make_prompt(ANSWERING, PromptConfig()))
    assert fit(ANSWERING, PromptConfig(), count, whole - 1).observation.quotes == QUOTES[:2]


def test_a_limit_of_the_settings_holds_below_the_models():
    prompt, _ = fit(SEEN, PromptConfig(tokens=100), count, 10_000)
    assert count(prompt) <= 100


def test_too_small_a_room_is_said():
    with pytest.raises(ModelError, match="room for 5"):
        fit(SEEN, PromptConfig(), count, 5)
