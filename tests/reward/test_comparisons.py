"""Comparisons: what is refused, what comes back from a file, what is held out."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import ConfigError, RecordError
from env.records import Answer, Quote, to_json
from policies.cloning.splitting import part_of
from reward.comparisons import (
    Comparison,
    check,
    count,
    cross_validated,
    identifier,
    read_comparisons,
    split,
    write_comparisons,
)

QUOTES = (Quote("The sky is blue.", "Sky", "sky.example", "https://sky.example/", 3, 19, "ab"),)


def comparison(number=0, question="q", **changes):
    made = Comparison(
        id=f"c{number}",
        question=question,
        first=Answer("Why?", f"Because {number}. [1]", QUOTES),
        second=Answer("Why?", "No reason."),
        preference=0.5,
        axes={"support": -1.0},
        dataset="made",
        rater="r1",
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"question": ""}, "no question"),
        ({"first": Answer(" ", "a")}, "no question"),
        ({"second": Answer("Who?", "a")}, "to different questions"),
        ({"second": Answer("Why?", "Because 0. [1]", QUOTES)}, "are the same"),
        ({"preference": math.nan}, "preference must be a number"),
        ({"preference": 1.01}, "preference must be a number from -1 to 1, not 1.01"),
        ({"axes": {"support": -math.inf}}, "support must be"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(changes, complaint, tmp_path):
    bad = comparison(**changes)
    with pytest.raises(RecordError, match=complaint):
        check(bad)
    with pytest.raises(RecordError, match="'c0' cannot be written"):
        write_comparisons(tmp_path / "file", [comparison(1), bad])
    assert not (tmp_path / "file").exists()


def test_the_same_words_with_other_quotes_are_another_answer():
    check(comparison(second=Answer("Why?", "Because 0. [1]")))


def test_a_file_gives_back_what_was_written(tmp_path):
    path = tmp_path / "comparisons.jsonl"
    made = [comparison(number, f"q{number}") for number in range(3)]
    write_comparisons(path, made)
    assert read_comparisons(path) == made


def test_a_bad_line_is_named(tmp_path):
    path = tmp_path / "comparisons.jsonl"
    good = to_json(comparison()).decode()
    for bad, complaint in (
        ("{", "line 3: not a record"),
        (good.replace("0.5", '"much"'), r"line 3: .*preference"),
        (good.replace("0.5", "7"), "line 3: preference must be"),
        (good.replace("made", "other"), "line 3: the id 'c0' stands for another"),
    ):
        path.write_text(f"{good}\n\n{bad}\n{good}\n")
        with pytest.raises(RecordError, match=complaint):
            read_comparisons(path)


def test_a_torn_last_line_is_passed_over_and_one_without_its_end_is_not(tmp_path):
    path = tmp_path / "comparisons.jsonl"
    lines = [to_json(comparison(number)).decode() for number in range(2)]
    path.write_text("\n".join(lines))
    assert len(read_comparisons(path)) == 2
    path.write_text("\n".join(lines)[:-9])
    assert len(read_comparisons(path)) == 1
    path.write_text(f"{lines[0]}\n" + lines[1].replace("0.5", "7"))
    with pytest.raises(RecordError, match="line 2"):
        read_comparisons(path)


def test_a_file_without_a_comparison_is_refused(tmp_path):
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match="holds no comparison"):
        read_comparisons(tmp_path / "empty")
    with pytest.raises(ConfigError, match="No such file"):
        read_comparisons(tmp_path / "missing")


def test_a_question_is_on_one_side_whatever_else_there_is():
    made = [comparison(number, f"q{number % 50}") for number in range(200)]
    train, held_out = split(made, 0.3)
    assert sorted([*train, *held_out], key=str) == sorted(made, key=str)
    sides = [{one.question for one in side} for side in (train, held_out)]
    assert not sides[0] & sides[1]
    assert {part_of(one, 0.3) for one in sides[1]} == {"validation"}
    assert {one.question for one in split(made[:25], 0.3).held_out} <= sides[1]


def test_an_empty_side_is_refused():
    with pytest.raises(ConfigError, match=r"left to hold out of 1 with a share of 0\.0"):
        split([comparison()], 0.0)
    with pytest.raises(ConfigError, match="left to train on"):
        split([comparison()], 1.0)


@given(st.lists(st.integers(0, 40), min_size=30, max_size=60), st.integers(2, 4))
def test_every_question_is_held_out_once(questions, folds):
    made = [comparison(place, f"q{number}") for place, number in enumerate(questions)]
    try:
        splits = cross_validated(made, folds)
    except ConfigError:
        return
    held_out = [{one.question for one in parts.held_out} for parts in splits]
    assert sum(len(one) for one in held_out) == len({one.question for one in made})
    for parts, own in zip(splits, held_out, strict=True):
        assert len(parts.train) + len(parts.held_out) == len(made)
        assert not own & {one.question for one in parts.train}


def test_too_few_questions_for_the_folds_are_refused():
    with pytest.raises(ConfigError, match="1 questions are too few for 5 folds"):
        cross_validated([comparison()])
    with pytest.raises(ConfigError, match="at least 2"):
        cross_validated([comparison()], 1)


def test_counts():
    made = [
        comparison(0, "a"),
        comparison(1, "a", preference=0.0, dataset="other"),
        comparison(2, "b", preference=-1.0, simulated=True),
    ]
    counts = count(made)
    assert (counts.comparisons, counts.questions, counts.ties) == (3, 2, 1)
    assert (counts.first_better, counts.simulated) == (1, 1)
    assert counts.datasets == {"made": 2, "other": 1}


def test_an_id_is_of_the_content():
    one = comparison()
    same = identifier("q", one.first, one.second)
    assert same == identifier("q", one.first, one.second)
    assert same != identifier("q", one.second, one.first)
    assert same != identifier("p", one.first, one.second)
    assert json.dumps(same).isascii()
