"""Containment: accepted and false answers in long answers and in quotes."""

import pytest

from env.records import Answer, Quote
from webqa.metrics.containment import (
    accepted_in_answer,
    accepted_in_quotes,
    alce_presence,
    wrong_in_answer,
)


def says(text, *quotes):
    return Answer("q", text, tuple(Quote(one, "", "") for one in quotes))


@pytest.mark.parametrize(
    ("text", "accepted", "found"),
    [
        ("It was Neil Armstrong [1].", ["neil armstrong"], 1),
        ("It was Neil [1] Armstrong.", ["Neil Armstrong"], 1),
        ("He had strong arms.", ["arm"], 0),
        ("Spider-Man", ["Spider Man"], 1),
        ("Beyonc\u00e9 sang.", ["Beyonce\u0301"], 1),
        ("Anything.", [], 0),
        ("Anything.", ["", "..."], 0),
        ("", ["Paris"], 0),
    ],
)
def test_whole_words_count_whatever_marks_and_unicode_form(text, accepted, found):
    assert accepted_in_answer(says(text), accepted) == found


def test_numbers_of_citations_are_no_answer():
    assert accepted_in_answer(says("It rains [7]."), ["7"]) == 0


def test_an_accepted_answer_may_stand_in_any_quote():
    answer = says("It says so [1][2].", "Rain fell.", "Armstrong walked.")
    assert accepted_in_quotes(answer, ["Armstrong"]) == 1
    assert accepted_in_quotes(answer, ["Aldrin"]) == 0
    assert accepted_in_answer(answer, ["Armstrong"]) == 0


@pytest.mark.parametrize(
    ("accepted", "found"), [(["strong"], 1), (["The"], 0), (["Neil A."], 1), (["Buzz"], 0)]
)
def test_alce_counts_parts_of_words_but_never_nothing(accepted, found):
    assert alce_presence(says("Neil Armstrong"), accepted) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is the outer core.", 0),
        ("It is the core.", 1),
        ("It is the mantle.", 1),
        ("It is the outer core or the mantle.", 1),
        ("I do not know.", 0),
    ],
)
def test_a_false_answer_within_the_right_one_is_no_fault(text, found):
    assert wrong_in_answer(says(text), ["core", "mantle"], ["outer core"]) == found
