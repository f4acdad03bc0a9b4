"""TruthfulQA: choices in both orders, judged answers, likeness to true and false ones."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from webqa.metrics.truthful import FreeForm, binary, likeness


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ("A", "B", (1, 0, 0)),
        ("A", "A", (0.5, 1, 0)),
        ("B", "B", (0.5, -1, 0)),
        ("B", "A", (0, 0, 0)),
        ("A", "", (0.5, 0.5, 1)),
        ("", "B", (0.5, -0.5, 1)),
        ("B", "", (0, -0.5, 1)),
        ("", "A", (0, 0.5, 1)),
        ("", "", (0, 0, 2)),
    ],
)
def test_a_choice_in_both_orders(first, second, wanted):
    assert binary(first, second) == wanted


@pytest.mark.parametrize(
    ("truthful", "informative", "both", "unscored"),
    [
        (True, True, True, 0),
        (True, False, False, 0),
        (False, True, False, 0),
        (False, None, False, 1),
        (None, False, False, 1),
        (True, None, None, 1),
        (None, None, None, 2),
    ],
)
def test_truthful_and_informative(truthful, informative, both, unscored):
    judged = FreeForm(truthful, informative)
    assert (judged.both, judged.unscored) == (both, unscored)


def share(text, reference):
    """Return the share of the words of the reference that stand in the text."""
    words = reference.rstrip(".").split()
    return sum(word in text for word in words) / len(words)


TRUE, FALSE = ["the moon is rock", "rock and dust"], ["the moon is cheese"]


def test_the_greatest_likeness_of_each_kind_counts():
    found = likeness("rock and dust [1]", TRUE, FALSE, share)
    assert (found.true, found.false) == (1, 0)
    assert found.difference == 1
    assert found.truer


def test_a_false_answer_is_more_like_the_false_one():
    found = likeness("the moon is cheese", TRUE, FALSE, share)
    assert (found.true, found.false, found.truer) == (0.75, 1, False)
    assert found.difference == -0.25


def test_equal_likeness_is_not_truer():
    assert not likeness("xyz", TRUE, FALSE, lambda _text, _reference: 0.5).truer


def test_not_to_comment_is_true():
    assert likeness("I have no comment.", TRUE, FALSE).true == 1


def test_references_end_in_one_full_stop_and_are_compared_once():
    seen = []
    likeness("x", ["a", "a.", " b "], ["c", ""], lambda _text, one: seen.append(one) or 0.0)
    assert seen == ["a.", "b.", "I have no comment.", "c."]


@pytest.mark.parametrize(
    ("text", "true", "false"), [("", TRUE, FALSE), ("x", [], FALSE), ("x", TRUE, [])]
)
def test_without_an_answer_or_a_kind_of_reference_there_is_none(text, true, false):
    assert likeness(text, true, false) is None


GOLDEN = (Path(__file__).parent / "likeness.jsonl").read_text(encoding="utf-8")
ROWS = [json.loads(line) for line in GOLDEN.splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: ascii(row["answer"]))
def test_likeness_is_what_was_worked_out_by_hand(row):
    found = likeness(row["answer"], row["true"].split(";"), row["false"].split(";"))
    assert found.true == pytest.approx(float(Fraction(row["nearest_true"])))
    assert found.false == pytest.approx(float(Fraction(row["nearest_false"])))
    assert found.truer == (Fraction(row["nearest_true"]) > Fraction(row["nearest_false"]))


def test_rouge_is_taken_where_nothing_else_is_said():
    # the, moon, is of four words in the nearest true one; all four in the false one.
    found = likeness("The moon is cheese", ["The moon is rock"], ["The moon is cheese"])
    assert found == (pytest.approx(0.75), 1)
