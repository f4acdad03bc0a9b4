"""The table of measures: data sets apart and together, intervals clustered by question."""

import math

import pytest

from env.errors import Error
from reward.statistics import mean_interval
from webqa.measured import Measured
from webqa.metrics.summary import EVERYTHING, summarise


def line(question, dataset="a", attempt=0, **values):
    return Measured(f"{dataset}-{question}-{attempt}", question, dataset, attempt, values)


def test_data_sets_are_told_apart_and_together():
    lines = [line("1", right=1.0), line("2", right=0.0), line("1", "b", right=1.0)]
    parts = summarise(iter(lines))
    assert [part.dataset for part in parts] == ["a", "b", EVERYTHING]
    assert [part.mean("right") for part in parts] == [0.5, 1, pytest.approx(2 / 3)]
    # The same id in another set is another question.
    assert [part.questions for part in parts] == [2, 1, 3]
    assert [part.rows[0].interval.count for part in parts] == [2, 1, 3]


def test_one_data_set_stands_alone_and_none_gives_nothing():
    assert [part.dataset for part in summarise([line("1", right=1.0)])] == ["a"]
    assert summarise([]) == []


def test_attempts_at_a_question_are_one_cluster():
    lines = [line("1", attempt=n, f=0.5 + n) for n in range(3)] + [line("2", f=0.0)]
    (part,) = summarise(lines)
    (row,) = part.rows
    assert row.interval == mean_interval([0.5, 1.5, 2.5, 0.0], ["1", "1", "1", "2"])
    assert (part.questions, part.episodes, row.episodes, row.interval.count) == (2, 4, 4, 2)


def test_rows_have_the_order_of_the_measures_and_count_what_they_apply_to():
    lines = [line("1", seconds=1.0, right=1.0, own=3.0), line("2", seconds=2.0)]
    (part,) = summarise(lines)
    assert [(row.measure, row.episodes) for row in part.rows] == [
        ("right", 1),
        ("seconds", 2),
        ("own", 1),
    ]
    assert part.mean("cost") is None


def test_confidences_are_calibrated_and_silence_lowers_coverage():
    lines = [
        line("1", answered=1.0, right=1.0, confidence=0.9),
        line("2", answered=1.0, right=0.0, confidence=0.1),
        line("3", answered=0.0, right=0.0),
        line("4", answered=1.0),
    ]
    (part,) = summarise(lines)
    assert part.calibration.brier == pytest.approx(0.01)
    assert (part.calibration.answered, part.calibration.silent) == (2, 1)
    assert part.calibration.points[-1].coverage == pytest.approx(2 / 3)
    assert summarise(lines[3:])[0].calibration is None


def test_a_value_that_is_not_finite_is_refused():
    with pytest.raises(Error):
        summarise([line("1", right=math.nan)])


@pytest.mark.parametrize("count", [0.0, 1.0, 7.0])
def test_a_count_that_never_varies_has_no_width_but_a_share_has(count):
    (part,) = summarise([line(str(n), sources=count, right=1.0) for n in range(5)])
    share, counted = (row.interval for row in part.rows)
    assert (share.mean, share.high) == (1, 1)
    assert share.low < 1
    assert (counted.low, counted.mean, counted.high) == (count, count, count)


def test_a_share_never_passes_its_bounds_and_a_difference_may():
    values = [1.0, 1.0, 1.0, 0.3]
    lines = [line(str(n), rouge_l=one, likeness_difference=one) for n, one in enumerate(values)]
    (part,) = summarise(lines)
    share, difference = (row.interval for row in part.rows)
    assert share.high == 1 < difference.high
    assert share.low == difference.low
