"""The marks of an answer: read, stripped, renumbered, and recorded where they name nothing."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.citations import MARK, cited_numbers, make_answer, map_citations, strip_citations
from env.records import Quote

QUOTES = tuple(Quote(f"text {n}", f"title {n}", "a.example") for n in range(1, 4))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("One [1]. Two [2][1].", [1, 2]),
        ("Groups [3, 1,2] and [ 1 ]", [3, 1, 2]),
        ("[1][1][1]", [1]),
        ("after a stop. [2]\n[3]\n", [2, 3]),
        ("[0] and [99]", [0, 99]),
        ("[1-3] (1) [a] [] [12345] [1️⃣]", []),
        ("", []),
    ],
)
def test_numbers_cited(text, numbers):
    assert cited_numbers(text) == numbers


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("Blue [1].", "Blue."),
        ("Blue. [1][2] Red [1, 2]!", "Blue. Red!"),
        ("Line [1]\nline\n[2]", "Line\nline\n"),
        ("No (1) mark [1-3]", "No (1) mark [1-3]"),
    ],
)
def test_stripping(text, stripped):
    assert strip_citations(text) == stripped


@pytest.mark.parametrize(
    ("written", "text", "cited", "removed"),
    [
        ("B [2]. A [1], B [2].", "B [1]. A [2], B [1].", (2, 1), ()),
        ("A [1, 3].", "A [1][2].", (1, 3), ()),
        ("A [1][1].", "A [1][1].", (1,), ()),
        ("A [0][99] b.", "A b.", (), (0, 99)),
        ("A [99, 2] b [4].", "A [1] b.", (2,), (99, 4)),
        ("[3] first", "[1] first", (3,), ()),
        ("No marks.", "No marks.", (), ()),
        ("[1-3] stays", "[1-3] stays", (), ()),
        ("A [[9]7] b [[8]0] c [2].", "A (7) b (0) c [1].", (2,), (9, 8)),
    ],
)
def test_an_answer_cites_in_order_of_mention(written, text, cited, removed):
    answer = make_answer("q", written, QUOTES)
    assert answer.text == text
    assert answer.quotes == tuple(QUOTES[number - 1] for number in cited)
    assert answer.removed == removed


@given(
    st.lists(
        st.one_of(
            st.sampled_from(("word ", ". ", "\n", "[", "]", "[a]", "1", "5", " ")),
            st.lists(st.integers(0, 6), min_size=1, max_size=3).map(
                lambda numbers: f"[{', '.join(map(str, numbers))}]"
            ),
        )
    ).map("".join)
)
def test_every_mark_of_an_answer_names_its_quote_and_no_word_is_lost(written):
    answer = make_answer("q", written, QUOTES)
    numbers = cited_numbers(answer.text)
    assert sorted(numbers) == list(range(1, len(answer.quotes) + 1))
    original = [n for n in cited_numbers(written) if 1 <= n <= len(QUOTES)]
    assert [QUOTES[number - 1] for number in original] == list(answer.quotes)


@given(st.text("[]0123, a", max_size=40))
def test_removing_all_marks_leaves_none_that_were_there(text):
    assert map_citations(text, lambda _: None) == strip_citations(text)
    assert map_citations(text, lambda number: number).count("[") >= len(MARK.findall(text))


def test_a_long_run_of_spaces_takes_no_time():
    # Tried from each of its spaces, this run would take minutes.
    assert len(strip_citations("a" + " " * 200_000 + "b [1]")) == 200_002


def test_marks_within_marks_are_read_at_once():
    """Fails when they are taken off one after the other: for this answer that takes seconds."""
    begin = process_time()
    answer = make_answer("q", "[9" * 6600 + "]" * 6600, QUOTES)
    assert process_time() - begin < 1
    assert not cited_numbers(answer.text)


def test_quotes_from_elsewhere_can_be_cited():
    assert make_answer("q", "Yes [1].", (Quote("t", "", ""),)).quotes == (Quote("t", "", ""),)
