"""Words and questions: stems, weights, synonyms, kinds, queries for a second try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.extractive.question import LONGEST_QUERY, analyse, other_query
from policies.extractive.words import (
    compared,
    count_words,
    plain,
    related,
    stem,
    stems,
    weight,
    words,
)


def test_a_number_with_commas_is_one_word_and_equals_the_number_without():
    assert words("about 5,900 m") == ["about", "5,900", "m"]
    assert stems("3,000") == stems("3000")


def test_accents_case_and_possessives_do_not_part_words():
    assert plain("Béal") == "beal"
    assert stems("Newton’s") == stems("newton")


def test_rare_words_tell_more_than_common_ones():
    assert weight("the") < weight("water") < weight("photosynthesis")


def test_synonyms_are_mutual_and_never_the_word_itself():
    assert stem("aeroplane") in related(stem("plane"))
    assert stem("plane") in related(stem("aeroplane"))
    assert stem("plane") not in related(stem("plane"))


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who invented the microwave oven?", "person"),
        ("what city is the capital of Peru", "place"),
        ("Where was Darwin born?", "place"),
        ("When did the Great Fire start?", "time"),
        ("In which year did the Titanic sink?", "time"),
        ("How many moons does Saturn have?", "number"),
        ("How windy is force 8?", "number"),
        ("Why is the sky blue?", "reason"),
        ("How come ice floats?", "reason"),
        ("How does soap work?", "manner"),
        ("What ore is the source of aluminium?", "thing"),
    ],
)
def test_the_kind_of_answer_a_question_wants(question, kind):
    assert analyse(question).kind == kind


def test_only_telling_words_are_weighed():
    assert set(analyse("Why is the sky blue?").weights) == {"sky", "blue"}


def test_a_question_of_stop_words_alone_still_has_words():
    assert analyse("Who are you?").weights
    assert analyse("???").total > 0


def test_the_noun_asked_for():
    assert analyse("What kind of government does Poland have?").focus == "kind"
    assert analyse("Which river flows through Paris?").focus == "river"
    assert analyse("Who wrote Emma?").focus == ""


def test_a_follow_up_keeps_the_words_of_the_question_before():
    asked = analyse("Who invented the telephone?\n\nWhen?")
    assert asked.kind == "time"
    assert stem("telephone") in asked.weights
    assert asked.query == "When? invented telephone"
    whole = analyse("Who invented the telephone?\n\nWhen did the first bicycle race take place?")
    assert "telephone" not in whole.query


def test_a_long_question_makes_a_query_that_can_be_written():
    asked = analyse("word " * 3000)
    assert len(asked.query) <= LONGEST_QUERY
    assert len(other_query(asked, known=set())) <= LONGEST_QUERY


def test_the_second_query_names_other_words_only_for_what_was_not_met():
    asked = analyse("How does a fridge work?")
    assert "refrigerator" in other_query(asked, known=set())
    assert "refrigerator" not in other_query(asked, known={"fridg"})


def test_texts_without_spaces_are_compared_by_two_characters():
    assert compared("サターンVは1969年") == ["サタ", "ター", "ーン", "V", "は", "1969", "年"]
    assert words("月球 moon") == compared("moon 月球")[::-1]
    assert count_words("東京は日本") == 3


@given(st.text(st.characters(max_codepoint=0xDFF)))
def test_other_texts_are_compared_by_words(text):
    assert compared(text) == words(text)
    assert count_words(text) == len(words(text))
