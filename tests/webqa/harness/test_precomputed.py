"""Ratings and measures as records of inspect_ai's `precomputed_scores`."""

import json

import pytest

from env.errors import ConfigError
from env.records import Answer, Episode, Question, WebIdentity
from reward.comparisons import Comparison
from webqa.harness.precomputed import Precomputed, measures_of, ratings_of, write_precomputed
from webqa.measured import Measured

FIRST, SECOND = Answer("Why?", "One."), Answer("Why?", "Two.")


def episode(name, question="q", attempt=0):
    return Episode(
        name, Question(question, "Why?"), "p", WebIdentity("none"), "", (), FIRST,
        "answered", "command", attempt=attempt,
    )  # fmt: skip


def compared(name, first, second, preference, rater="ada", simulated=False):
    return Comparison(
        name, "q", FIRST, SECOND, preference, first, second, rater=rater, simulated=simulated
    )


def test_a_rating_is_the_mean_of_an_answer_s_comparisons():
    found = ratings_of(
        [episode("a"), episode("b", attempt=1), episode("c", "other")],
        [
            compared("1", "a", "b", 1.0),
            compared("2", "b", "a", 0.0, rater="bo"),
            compared("3", "x", "a", 0.5, simulated=True),
        ],
    )
    assert [(one.id, one.epoch, one.value) for one in found] == [
        ("q", 1, pytest.approx((1 + 0.5 + 0.25) / 3)),
        ("q", 2, pytest.approx((0 + 0.5) / 2)),
    ]
    assert found[0].explanation == "3 comparisons, 1 of them simulated"
    assert found[0].metadata == {"episode": "a", "raters": ["ada", "bo"], "simulated": 1}


def test_a_comparison_without_episodes_rates_nothing():
    assert ratings_of([episode("")], []) == []
    assert ratings_of([episode("a")], [compared("1", "", "", 1.0)]) == []


def test_a_measure_is_a_score_where_it_applies():
    lines = [Measured("a", "q", "d", 0, {"right": 1.0}), Measured("b", "r", "d", 1, {"actions": 3})]
    (one,) = measures_of(lines, "right")
    assert (one.id, one.epoch, one.value) == ("q", 1, 1.0)
    assert one.metadata == {"episode": "a", "dataset": "d"}


def test_the_file_has_the_documented_fields(tmp_path):
    out = tmp_path / "ratings.jsonl"
    assert write_precomputed(out, [Precomputed("q", 1, 0.5), Precomputed("q", 2, 1.0)]) == 2
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[0] == {"id": "q", "epoch": 1, "value": 0.5, "explanation": "", "metadata": {}}


@pytest.mark.parametrize(
    ("name", "records", "message"),
    [
        ("r.jsonl", [], "no episode of the run has such a score"),
        ("r.jsonl", [Precomputed("q", 1, 0.5)] * 2, "two scores of the question 'q', attempt 0"),
        ("r.json", [Precomputed("q", 1, 0.5)], "must end in .jsonl"),
    ],
)
def test_what_inspect_ai_would_refuse_is_not_written(tmp_path, name, records, message):
    with pytest.raises(ConfigError, match=message):
        write_precomputed(tmp_path / name, records)
    assert not list(tmp_path.iterdir())
