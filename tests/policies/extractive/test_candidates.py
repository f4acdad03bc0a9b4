"""Candidates: what is read from the screen, and that every one of them can be quoted."""

from hypothesis import given
from hypothesis import strategies as st

from env.browser import Browser
from env.records import Observation, Question, make_page
from env.sanitise import sanitise
from env.web.memory import MemoryWeb
from policies.extractive.candidates import (
    LONGEST,
    entries,
    page_candidates,
    snippet_candidates,
    split_sentences,
)


def texts(line: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(line)]


def test_sentences_end_at_stops_but_not_behind_abbreviations_and_initials():
    assert texts("Dr. Smith met J. Doe. They spoke.") == ["Dr. Smith met J. Doe.", "They spoke."]
    assert texts("It fell (at 3.5 m). Was it so? Yes!") == [
        "It fell (at 3.5 m).",
        "Was it so?",
        "Yes!",
    ]


def test_a_sentence_that_is_too_long_is_cut_into_pieces_that_fit():
    line = "word, " * 200
    assert all(len(text) <= LONGEST for text in texts(line))
    assert "".join("".join(texts(line)).split()) == "".join(line.split())


@given(st.text())
def test_no_text_of_a_line_is_lost(line):
    line = " ".join(line.split())
    assert "".join("".join(texts(line)).split()) == "".join(line.split())


def test_results_are_read_back_from_the_screen():
    seen = Observation(
        "q", text="【0†One†a.example】\nIt snowed all day.\n\n【1†Two†b.example】\nSecond."
    )
    found = entries(seen)
    assert [(one.link, one.title, one.domain, one.snippet) for one in found] == [
        (0, "One", "a.example", "It snowed all day."),
        (1, "Two", "b.example", "Second."),
    ]
    assert not next(snippet_candidates(found[0])).source.opened
    assert entries(Observation("q", text="No results.")) == []


def test_a_row_of_a_table_is_read_with_its_heading():
    seen = Observation(
        "q", title="Sound", text="## Speeds\nMaterial | Speed\nAir | 343\nSteel | 5,900\n"
    )
    found = list(page_candidates(seen, 0))
    assert "Material | Speed Air | 343 Steel | 5,900" in [one.text for one in found]
    assert all("Material" in one.heading for one in found)


def test_the_sentence_that_the_window_cuts_is_left_out():
    text = "A whole sentence stands here. Another one is cut right in the"
    cut = Observation("q", text=text, position=(0, 50))
    whole = Observation("q", text=text, position=(0, 100))
    assert max(len(one.text) for one in page_candidates(cut, 0)) == 29
    assert max(len(one.text) for one in page_candidates(whole, 0)) == len(text)


@given(st.lists(st.text(alphabet="ab.!? [1]()|“”éß#\n-2,", max_size=80), max_size=12))
async def test_every_candidate_can_be_quoted(lines):
    text = sanitise("The word water stands here.\n" + "\n".join(lines))
    page = make_page("https://a.example/", "Water", text, domain="a.example")
    browser = Browser(MemoryWeb([page]))
    browser.start(Question("1", "water"))
    await browser.step("Search water")
    seen = await browser.step("Clicked on link 0")
    quoted: set[str] = set()
    for one in list(page_candidates(seen, 0))[:20]:
        if (folded := "".join(one.text.split())) not in quoted:
            seen = await browser.step(f"Quote: {one.text}")
            assert "not on this page" not in seen.notice
        quoted.add(folded)
