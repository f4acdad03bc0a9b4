"""What is legal is what the real browser carries out, on pages made to confuse it."""

from dataclasses import replace
from random import Random
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.actions import parse
from env.browser import Browser
from env.config import SMALL, BrowserConfig
from env.records import Observation, Quote, make_page
from env.text import SearchForm, fold
from env.verify import verify_quote
from env.view import unmark
from env.web.memory import MemoryWeb
from policies.grammar.config import FREE, TIGHT, GrammarConfig
from policies.grammar.legal import allows, chooses
from policies.grammar.observing import legal_lines, question_words
from policies.grammar.quotable import _quoted_runs, look, sentence_forms, whole_sentences
from tests.policies.grammar.playing import QUESTION, pages, plays, run

MIXED = GrammarConfig("question", "spans", "free", 1)
OPENING = ("Search emma", "Clicked on link 0")
CONFIGS = st.builds(
    BrowserConfig, actions=st.just(14), window=st.integers(30, 300), results=st.just(3),
    snippet=st.just(40), quote=st.integers(20, 200), quotes=st.integers(30, 400),
    open_at_snippet=st.booleans(),
)  # fmt: skip


def may_fail(text):
    """A link may lead nowhere, a text may not be on the page: the screen does not tell."""
    return text.startswith(("Clicked", "Find"))


def check_turns(turns, opening=0):
    for before, legal, text, after, browser in turns[opening:]:
        assert allows(legal, text), text
        if before.answering:
            continue
        parse(text)
        assert not after.notice or may_fail(text), (text, after.notice, before)
        if text.startswith("Quote"):
            assert len(after.quotes) == len(before.quotes) + 1
            assert verify_quote(after.quotes[-1], browser.pages) == ""


@settings(max_examples=150, deadline=None)
@given(pages(), CONFIGS, st.sampled_from((FREE, TIGHT, MIXED)), st.integers(0, 10**9))
def test_all_that_is_legal_is_carried_out(web, config, grammar, seed):
    turns = plays(web, config, grammar, Random(seed), OPENING, "quote")
    check_turns(turns, len(OPENING))


@settings(max_examples=60, deadline=None)
@given(pages(), CONFIGS)
def test_every_legal_sentence_is_quoted_whole(web, config):
    async def opened(line=""):
        browser = Browser(web, config)
        browser.start(QUESTION)
        for each in OPENING:
            seen = await browser.step(each)
        return await browser.step(line) if line else seen

    seen = run(opened())
    screen = look(seen)
    wholes = {
        fold(screen.form.text[start:end])
        for start, end in whole_sentences(screen)
    }  # fmt: skip
    for form in sentence_forms(screen):
        after = run(opened(f"Quote: {form}"))
        assert after.quotes, (form, after.notice)
        assert fold(after.quotes[0].text) in wholes


LINES = [
    f"Thing {number} is described in just about ten plain words. Short." for number in range(9)
]
BOOK = make_page("https://a.example/", "Emma", "# Emma\n" + "\n".join(LINES), domain="a.example")


@pytest.mark.parametrize("grammar", [FREE, TIGHT], ids=("free", "tight"))
def test_200_episodes_of_a_player_that_knows_nothing(grammar):
    web, quotes, answered = MemoryWeb([BOOK]), 0, 0
    for seed in range(200):
        turns = plays(web, SMALL, grammar, Random(seed))
        check_turns(turns)
        quotes += sum(text.startswith("Quote") for _, _, text, _, _ in turns)
        answered += turns[-1][0].answering
        if answered and grammar is TIGHT and turns[-1][0].answering:
            assert turns[-1][4].ended == "answered"
    assert quotes > 40  # the player is no test of quoting otherwise
    assert answered > 20


def observe(**changes):
    text = "Emma was written by Jane Austen in 1815. She di"
    base = Observation(
        "Who wrote Emma?", "Emma", "a.example", text, (), (0, 50),
        commands=("search", "find", "quote", "down", "answer", "nonsense", "controversial"),
        actions_left=5, quote_characters_left=600, quote_limit=300,
    )  # fmt: skip
    return replace(base, **changes)


def names(legal):
    return [line.command for line in legal.lines]


def line(legal, command):
    return next(each for each in legal.lines if each.command == command)


def test_what_the_window_cuts_is_no_sentence():
    assert line(legal_lines(observe(), TIGHT), "quote").choices == (
        "Emma was written by Jane Austen in 1815.",
    )
    seen = observe(text="and so Emma was written by Austen. It was printed in 1815.\n",
                   commands=("up", "down", "quote"))  # fmt: skip
    assert line(legal_lines(seen, TIGHT), "quote").choices == ("It was printed in 1815.",)


def test_headings_and_short_sentences_are_not_quoted():
    seen = observe(text="# A heading of some length\nToo short.\n", commands=("quote", "search"))
    assert names(legal_lines(seen, TIGHT)) == ["search"]


def test_long_sentences_are_written_by_their_ends():
    text = (
        "In the year of 1815 the novel Emma was printed. In the year of 1817 the author of it died."
    )
    forms = line(legal_lines(observe(text=text + "\n"), TIGHT), "quote").choices
    assert forms == ("In the year━Emma was printed.", "In the year of 1817━of it died.")


def test_a_sentence_over_the_limit_is_quoted_in_parts():
    text = "The first part of it is this, " * 3 + "and the last part is that.\n"
    forms = line(legal_lines(observe(text=text, quote_limit=70), TIGHT), "quote").choices
    assert len(forms) == 2
    assert all(len(form) <= 70 for form in forms)


def test_a_sentence_that_would_be_found_inside_another_is_left_out():
    text = "We know that he was the king of it. He was the king of it. It was long ago, too.\n"
    assert line(legal_lines(observe(text=text), TIGHT), "quote").choices == (
        "We know that━king of it.", "It was long ago, too.",
    )  # fmt: skip


def test_a_quoted_sentence_is_not_legal_again():
    quoted = Quote("Emma was written by Jane Austen in 1815.", "Emma", "a.example")
    legal = legal_lines(observe(quotes=(quoted,)), TIGHT)
    assert "quote" not in names(legal)
    free = legal_lines(observe(quotes=(quoted,)), FREE)
    assert not allows(free, "Quote: Emma was written by Jane Austen in 1815.")
    assert allows(free, "Quote: was written by Jane Austen in 1815.")


def test_only_links_on_the_screen_are_clicked():
    seen = observe(links=(3, 12), commands=("search", "click"))
    assert line(legal_lines(seen), "click").choices == ("3", "12")
    assert names(legal_lines(observe(commands=("search", "click")))) == ["search"]


def test_answer_waits_for_quotes_and_refusals_for_nothing_else():
    seen = observe(commands=("search", "answer", "nonsense", "controversial"))
    assert names(legal_lines(seen, TIGHT)) == ["search"]
    assert names(legal_lines(replace(seen, actions_left=1), TIGHT)) == ["search", "answer"]
    assert names(legal_lines(seen, FREE)) == ["search", "answer", "nonsense", "controversial"]
    two = replace(seen, quotes=(Quote("a", "b", "c"),))
    assert names(legal_lines(two, replace(TIGHT, least_quotes=2))) == ["search"]
    assert names(legal_lines(two, TIGHT)) == ["search", "answer"]


def test_something_is_always_legal():
    used = tuple(f"Search {text}" for text in ("Who", "Emma", "Who Emma"))
    seen = observe(question="Who? Emma!", commands=("search", "answer", "nonsense"),
                   past_actions=used)  # fmt: skip
    assert names(legal_lines(seen, TIGHT)) == ["answer", "nonsense"]
    assert names(legal_lines(observe(question="?!", commands=("search",)), TIGHT)) == ["search"]


def test_queries_are_words_of_the_question_once_and_never_the_same_twice():
    assert question_words("Who wrote “Emma”, who's U.S.-born? 天空 ?!") == (
        "Who", "wrote", "Emma", "who's", "U.S.-born", "天空",
    )  # fmt: skip
    past = ("Search wrote Emma", "Search Emma (failed)", "Search not mine", "Find Who")
    legal = legal_lines(observe(past_actions=past), TIGHT)
    assert set(line(legal, "search").without) == {"wrote Emma", "Emma"}
    assert line(legal, "find").without == ("Who",)
    assert not allows(legal, "Search Emma")
    assert allows(legal, "Search Who Emma")
    assert not allows(legal, "Search Emma Who")
    opened = legal_lines(observe(past_actions=(*past, "Click Emma a.example")), TIGHT)
    assert line(opened, "find").without == ()


def test_every_query_stays_whole_among_the_past_actions():
    words = question_words(" ".join(f"word{number}" for number in range(100)))
    assert 150 < len(" ".join(words)) <= 190


def test_answers_of_quotes_are_flat_and_cite():
    quotes = (Quote("One.\nTwo [3].", "t", "d"), Quote("Four.", "t", "d"))
    legal = legal_lines(observe(answering=True, quotes=quotes), TIGHT)
    assert legal.quoted == ("One. Two (3).", "Four.")
    assert allows(legal, "One. Two (3). [1] Four. [2]")
    assert not allows(legal, "Four. [2] One. Two (3). [1]")
    free = legal_lines(observe(answering=True, quotes=quotes), FREE)
    assert allows(free, "It is four [2].")
    assert not allows(free, "It is four.")
    assert not allows(free, "It is four [3].")
    assert not allows(free, "It is [1][9].")
    assert allows(free, "I found nothing that answers this.")


@given(st.lists(st.sampled_from(("a", "b", "a b", "c", "ab")), max_size=5), st.text("abc "))
def test_chooses_agrees_with_trying_all(items, text):
    tried = {""}
    for item in items:
        tried |= {f"{before} {item}".strip() for before in tried}
    assert chooses(items, text) == (text in tried - {""})


PARTS = ("a", "b", "é", "e\u0301", "ﬃ", "a\u0323\u0302", "天", '"', "“", "½", "ß", "İ", "¨")


@settings(max_examples=300)
@given(
    st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=2).map("".join), min_size=1),
    st.integers(0, 9),
    st.integers(1, 9),
    st.sampled_from(("", "x", "\u0301")),
)
def test_runs_that_are_quoted_already_are_those_that_trying_all_finds(words, first, count, more):
    quote = SearchForm(" ".join([*words, *words][first : first + count]) + more)
    folds = [fold(word) for word in words]
    tried = {
        (start, end)
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
        if quote.find("".join(folds[start:end])) == (0, len(quote.text))
    }
    assert set(_quoted_runs(folds, quote)) == tried


def test_a_page_that_says_the_same_again_and_again_keeps_nobody_waiting():
    kept = tuple(Quote("a " * place, "Emma", "a.example") for place in range(100, 200, 10))
    began = perf_counter()
    legal_lines(observe(text="a " * 1200, quotes=kept, quote_limit=1200), FREE)
    assert perf_counter() - began < 2  # of many seconds


def test_spans_never_reach_past_the_screen_or_the_limit():
    seen = observe(text="word " * 200, quote_limit=50)
    free = legal_lines(seen, FREE)
    spans = next(each for each in free.lines if each.kind == "span")
    assert max(map(len, spans.choices)) <= 50
    assert unmark(seen.text).startswith(spans.choices[0])


def test_players_use_every_command():
    web = MemoryWeb([BOOK])
    turns = (turn for seed in range(30) for turn in plays(web, SMALL, FREE, Random(seed)))
    seen = {text.split()[0] for _, _, text, _, _ in turns}
    assert {"Search", "Clicked", "Find", "Quote:", "Scrolled", "End:", "Back", "Top"} <= seen
