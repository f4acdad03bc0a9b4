"""The text browser: what each command does, and what each failure says."""

import unicodedata
from dataclasses import replace

import pytest

from env.answers import NOTHING_FOUND
from env.browser import LONGEST_NOTICE, Browser
from env.records import Question, Quote, to_json
from env.render import render
from env.verify import verify_quote
from env.view import unmark
from tests.env.shelf import (
    CONFIG,
    DUSK,
    LINES,
    NONSENSE,
    PAGES,
    QUESTION,
    SKY,
    TEXTS,
    Shelf,
    address,
    browse,
    run,
    unchanged,
)  # fmt: skip


def test_the_first_observation_shows_the_question_and_what_can_be_done():
    _, seen = browse()
    assert seen.question == QUESTION.text
    assert seen.commands == ("search", "answer", "nonsense", "controversial")
    assert (seen.actions_left, seen.quote_characters_left) == (25, 200)
    assert (seen.text, seen.title, seen.notice, seen.answering) == ("", "", "", False)
    assert "Rayleigh" not in repr(seen)


def test_a_search_shows_results_and_a_click_opens_one():
    browser, seen = browse("Search sky")
    assert seen.title == "Search results for: sky"
    assert seen.text.startswith("【0†On sky†sky.example】\nThe sky is blue.")
    assert browser.pages == {}
    browser, seen = browse(*SKY)
    assert (seen.title, seen.domain) == ("On sky", "sky.example")
    assert seen.text.startswith("The sky is blue.\n\nSee 【0†dusk†dusk.example】")
    assert seen.past_actions == ("Search sky", "Click On sky sky.example")
    assert list(browser.pages.values()) == [PAGES[address("sky")]]


def test_a_link_that_is_not_in_sight_can_be_clicked():
    _, seen = browse(*SKY, "Clicked on link 3")
    assert seen.title == "On long"


def test_a_search_without_results_says_so():
    _, seen = browse("Search elephants")
    assert seen.text == "No results."
    assert "click" not in seen.commands
    assert "quote" not in seen.commands


def test_what_is_no_unicode_never_reaches_a_web():
    class Strict(Shelf):
        async def search(self, query):
            query.encode()
            return await super().search(query)

    browser = Browser(Strict(), CONFIG)
    browser.start(QUESTION)
    assert run(browser.step("Search sky \ud800")).past_actions == ("Search sky ?",)


def test_scrolling_shows_every_line_once_down_and_up():
    browser, seen = browse(*SKY)
    shown = [unmark(seen.text)]
    while "down" in seen.commands:
        seen = run(browser.step("Scrolled down 1"))
        shown.append(unmark(seen.text))
        assert not seen.notice
    assert "".join(shown) == TEXTS["sky"]
    assert seen.position[1] == 100
    bottom = seen
    back = []
    while "up" in seen.commands:
        seen = run(browser.step("Scrolled up 1"))
        back.append(unmark(seen.text))
    assert "".join(reversed(back)) + unmark(bottom.text) == TEXTS["sky"]
    assert seen.position[0] == 0


def test_three_windows_at_once_are_three_times_one():
    assert browse(*SKY, *["Scrolled down 1"] * 3)[1].text == browse(*SKY, "Scrolled down 3")[1].text
    down = (*SKY, "Scrolled down 3", "Scrolled down 3")
    assert browse(*down, *["Scrolled up 1"] * 2)[1].text == browse(*down, "Scrolled up 2")[1].text
    assert browse(*down, "Top")[1].text == browse(*SKY)[1].text


def test_find_goes_on_behind_the_last_match_and_wraps_once():
    browser, _ = browse(*SKY)

    def numbers(phrase, times):
        """Return the numbers of the lines at the top after each of some searches."""
        seen = [run(browser.step(f"Find in page: {phrase}")) for _ in range(times)]
        return [int(unmark(each.text).split()[1]) for each in seen]

    assert numbers("number 2", 5) == [3, 4, 29, 30, 31]
    assert run(browser.step("Find in page: absent")).notice
    assert numbers("NUMBER  2", 5) == [32, 33, 34, 35, 36]
    assert numbers("number 2", 4) == [37, 38, 39, 3]


def test_find_starts_from_what_is_on_the_screen():
    _, seen = browse(*SKY, "Scrolled down 3", "Find in page: scattering")
    first = int(seen.text.split()[1])
    assert first > 3
    _, seen = browse(*SKY, "Scrolled down 3", "Find in page: Line 1 tells")
    assert seen.text.startswith("Line 1 tells")


def test_back_restores_the_place_and_the_search():
    browser, here = browse(*SKY, "Find in page: scattering", "Scrolled down 1")
    there = run(browser.step("Clicked on link 0"))
    assert there.title == "On dusk"
    again = run(browser.step("Back"))
    assert (again.title, again.text, again.position) == (here.title, here.text, here.position)
    run(browser.step("Back"))
    seen = run(browser.step("Back"))
    assert seen.notice.startswith("Not carried out: there is no page to go back to")
    assert seen.title == "Search results for: sky"


@pytest.mark.parametrize(
    ("written", "quoted"),
    [
        ("the evening SKY is   red", "The evening sky is red"),
        ('"Blue" light is lost - it\'s scattered.', "“blue” light is lost — it’s scattered."),
        ("scattered.(12) unicode", None),
        (unicodedata.normalize("NFD", "scattered.(12) ünïcode."), "scattered.[12] Ünïcode."),
        ("【0†sky†sky.example】 is red", "sky is red"),
        ("the evening━is lost", "The evening sky is red because “blue” light is lost"),
        ("is lost━the evening", None),
        ("━red", None),
        ("“”", None),
        ("Line 3 tells", None),
    ],
)
def test_a_quote_is_a_span_of_the_page_however_it_is_typed(written, quoted):
    browser, seen = browse(*DUSK, f"Quote: {written}")
    if quoted is None:
        assert seen.quotes == ()
        assert seen.notice.startswith("Not carried out: the text to quote is not on this page")
        return
    (quote,) = seen.quotes
    assert quote.text == quoted
    assert verify_quote(quote, browser.pages) == ""
    assert (quote.url, quote.domain, quote.title) == (address("dusk"), "dusk.example", "On dusk")
    assert quote.retrieved_at == "2026-01-01T00:00:00+00:00"
    assert seen.quote_characters_left == CONFIG.quotes - len(quoted)
    assert seen.past_actions[-1] == "Quote"


def test_a_quote_on_the_screen_comes_before_one_above():
    browser, _ = browse(*SKY, "Find in page: Line 20", "Quote: tells of scattering")
    _, seen = browser, browser.observe()
    assert seen.quotes[0].start > TEXTS["sky"].index("Line 20")


def test_quotes_that_fail_say_why():
    notices = {
        ("Quote: sky",): "there is no page to quote from yet",
        ("Search sky", "Quote: The sky is blue"): "nothing can be quoted from search results",
        (*SKY, "Quote: Line 1━Line 9"): "a quote has at most 80 characters",
        (*SKY, "Quote: is blue", "Quote: IS BLUE"): "this is quoted already, as 1",
        (*SKY, "Quote: Line 99"): "the text to quote is not on this page",
    }
    for lines, notice in notices.items():
        _, seen = browse(*lines)
        assert notice in seen.notice, lines
        assert seen.past_actions[-1].endswith("(failed)")


def test_passing_the_quote_budget_ends_browsing_with_the_quotes_so_far():
    lines = [f"Quote: {line}" for line in LINES]
    browser, seen = browse(*SKY, *lines[:6])
    assert seen.answering
    assert browser.stopped_by == "quotes"
    assert [quote.text for quote in seen.quotes] == LINES[:5]
    assert "the quotes would pass 200 characters in all" in seen.notice
    assert seen.past_actions[-1] == "Quote (failed)"


def test_a_first_quote_over_the_whole_budget_ends_unanswered():
    browser, _ = browse(*SKY, f"Quote: {LINES[0]}", config=replace(CONFIG, quotes=10))
    assert (browser.ended, browser.stopped_by, browser.answer) == ("unanswered", "quotes", None)


@pytest.mark.parametrize(("quoted", "ended"), [(True, None), (False, "unanswered")])
def test_the_action_budget_ends_browsing(quoted, ended):
    lines = [*DUSK, "Quote: is red" if quoted else "Top"]
    config = replace(CONFIG, actions=3)
    browser, seen = browse(*lines, config=config)
    assert browser.ended == ended
    assert browser.stopped_by == "actions"
    assert seen.answering is quoted
    assert seen.actions_left == 0


@pytest.mark.parametrize(
    ("line", "ended"),
    [
        ("End: Answer", "unanswered"),
        ("End: Nonsense", "nonsense"),
        ("End: Controversial", "controversial"),
    ],
)
def test_ends_without_a_quote(line, ended):
    browser, seen = browse(line)
    assert (browser.ended, browser.stopped_by, browser.answer) == (ended, "command", None)
    assert not seen.answering
    assert seen.commands == ()
    with pytest.raises(RuntimeError, match="over"):
        run(browser.step("Top"))


def test_nonsense_and_controversial_skip_the_answer_even_with_quotes():
    browser, seen = browse(*DUSK, "Quote: is red", "End: Controversial")
    assert browser.ended == "controversial"
    assert not seen.answering


def test_the_answer_phase():
    browser, seen = browse(*DUSK, "Quote: is red", "Quote: light is lost", "End: Answer")
    assert seen.answering
    assert (seen.commands, seen.text, seen.links, seen.title) == ((), "", (), "")
    assert render(seen).startswith("Why is the sky blue?■[1] On dusk (dusk.example)\n\nis red■[2] ")
    spent = seen.actions_left
    seen = run(browser.step("Lost [2]. Red [1]. No [7]. 【x】"))
    assert browser.ended == "answered"
    assert seen.actions_left == spent
    assert browser.answer is not None
    assert browser.answer.text == "Lost [1]. Red [2]. No. 〔x〕"
    assert [quote.text for quote in browser.answer.quotes] == ["light is lost", "is red"]
    assert browser.answer.removed == (7,)
    assert browser.answer.question == QUESTION.text


@pytest.mark.parametrize(
    "text", ["", "  \n", NOTHING_FOUND, "[1]", f"{NOTHING_FOUND} [1]", "\ud800"]
)
def test_an_answer_of_nothing_is_unanswered(text):
    browser, _ = browse(*DUSK, "Quote: is red", "End: Answer", text)
    if text != "\ud800":
        assert (browser.ended, browser.answer) == ("unanswered", None)
    to_json(browser.answer)


def test_a_command_in_the_answer_phase_is_the_answer():
    browser, _ = browse(*DUSK, "Quote: is red", "End: Answer", "Search more")
    assert browser.answer is not None
    assert browser.answer.text == "Search more"


def test_a_huge_answer_is_cut():
    browser, _ = browse(*DUSK, "Quote: is red", "End: Answer", "word " * 100_000)
    assert browser.answer is not None
    assert len(browser.answer.text) <= 20_000


def test_quotes_of_an_earlier_question_are_kept():
    kept = (Quote("kept text", "Old", "old.example"),)
    browser, seen = browse("End: Answer", "Yes [1].", quotes=kept)
    assert seen.quotes == kept
    assert browser.answer is not None
    assert browser.answer.quotes == kept


@pytest.mark.parametrize(
    "before", [(), ("Search sky",), SKY, ("Search empty", "Clicked on link 0")]
)
@pytest.mark.parametrize("line", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_costs_one_action_and_changes_nothing_but_the_notice(before, line):
    browser, seen = browse(*before)
    after = run(browser.step(line))
    assert after.notice.startswith("Not carried out: ")
    assert after.past_actions[:-1] == seen.past_actions
    assert after.past_actions[-1].endswith("(failed)")
    assert unchanged(seen, after)
    to_json(after)


def test_a_web_that_fails_becomes_a_short_clean_notice():
    browser, seen = browse(*SKY)
    after = run(browser.step("Search fail"))
    assert unchanged(seen, after)
    assert len(after.notice) <= LONGEST_NOTICE
    assert not set("【】♦\n") & set(after.notice)
    after = run(browser.step("Clicked on link 2"))
    assert after.notice == "Not carried out: there is no page https://missing.example/."
    assert after.past_actions[-1] == "Click nothing missing.example (failed)"


def test_a_fault_that_is_no_web_error_is_not_hidden():
    class Broken(Shelf):
        async def search(self, query):
            raise ZeroDivisionError

    browser = Browser(Broken(), CONFIG)
    browser.start(QUESTION)
    with pytest.raises(ZeroDivisionError):
        run(browser.step("Search sky"))


def test_the_leakage_filter_hides_pages_and_results():
    long = Question("q", "Is it true that Line 3 tells of scattering, number 21 here?")
    config = replace(CONFIG, leakage_filter=True, blocked_domains=("dusk.example",))
    _, seen = browse("Search sky dusk", config=config, question=long)
    assert "dusk.example" not in seen.text
    _, seen = browse("Search dusk", config=config)
    assert (seen.text, seen.notice) == ("No results.", "")
    leaking = replace(long, text="Who said Line 3 tells of scattering, number 21. Line 4 tells of?")
    browser, seen = browse(*SKY, config=config, question=leaking)
    assert seen.notice.startswith("Not carried out: this page is hidden in this run")
    assert seen.title == "Search results for: sky"
    assert browser.pages == {}
    supplied = replace(
        QUESTION, written=("Because line 3 tells of scattering, number 21. Line 4 tells …",)
    )
    assert "hidden" in browse(*SKY, config=config, question=supplied)[1].notice
    assert "hidden" not in browse(*SKY, config=CONFIG, question=supplied)[1].notice


def test_a_long_question_and_a_hostile_one_are_made_safe():
    _, seen = browse(question=Question("q", "♦【1†x】\ud800" + "why " * 10_000))
    assert len(seen.question) <= 10_000
    assert not set("♦【】") & set(seen.question)
    to_json(seen)
