"""Claims: which sentence a mark belongs to."""

import time

import pytest

from env.records import Answer, Quote
from reward.claims import claims_of


def told(text, *quotes):
    answer = Answer("Why?", text, tuple(Quote(one, "T", "a.org") for one in quotes or "abc"))
    return [(claim.text, claim.cited) for claim in claims_of(answer)]


@pytest.mark.parametrize(
    "text",
    [
        "The sky is blue [1]. Roses are red [2].",
        "The sky is blue. [1] Roses are red. [2]",
        "The sky is blue.[1] Roses are red.[2]",
        "The sky is blue [1].\n\nRoses are red [2].",
    ],
)
def test_a_mark_belongs_to_the_sentence_before_it(text):
    """Fails when a mark behind a stop is counted for the next sentence."""
    assert told(text) == [("The sky is blue.", (1,)), ("Roses are red.", (2,))]


def test_marks_that_name_no_quote_cite_nothing():
    """Fails when [0] becomes the last quote."""
    assert told("It is so [0]. It is [4].") == [("It is so.", ()), ("It is.", ())]
    assert [claim.marks for claim in claims_of(Answer("q", "It is so [0, 1][1]."))] == [3]


def test_a_quote_of_several_sentences_carries_one_mark():
    text = "The sky is blue. It is wide. [1] The sea is deep. The end is near [2]."
    quotes = ("The sky is blue. It is wide.", "The end is near.")
    assert told(text, *quotes) == [
        ("The sky is blue.", (1,)),
        ("It is wide.", (1,)),
        ("The sea is deep.", ()),
        ("The end is near.", (2,)),
    ]


def test_only_the_quotes_that_hold_a_sentence_are_inherited():
    text = "The sky is blue. It is wide [1][2]."
    quotes = ("The sky is blue. It is wide.", "It is wide.")
    assert told(text, *quotes) == [("The sky is blue.", (1,)), ("It is wide.", (1, 2))]


def test_an_empty_answer_has_no_claims():
    assert told("") == told(" \n ") == []


def test_chinese_and_japanese_sentences_end_without_a_space():
    assert told("空は青い。[1]海は深い！「はい。」と言う。[2]") == [
        ("空は青い。", (1,)),
        ("海は深い！", ()),
        ("「はい。」と言う。", (2,)),
    ]


def test_a_sentence_goes_on_behind_quotation_marks_within_others():
    said = "彼は『「はい。」』と言った。"
    assert told(f"{said}次。") == [(said, ()), ("次。", ())]


@pytest.mark.parametrize("stop", [".", "。", "!?"])
def test_an_answer_of_stops_alone_is_read_at_once(stop):
    """Fails when each stop of a run is tried as its first: of a model in a loop 10 s."""
    begin = time.process_time()
    told(stop * (20_000 // len(stop)))
    assert time.process_time() - begin < 1


def test_symbols_are_a_claim_where_nothing_else_is_said():
    assert told("∞ [1]") == [("∞", (1,))]
    assert told("The sky is blue. [1]\n───") == [("The sky is blue.", (1,))]
    assert told("--- [1]") == [("", (1,))]
