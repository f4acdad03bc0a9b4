"""Abstention: thresholds on answers of which it is known whether they are right."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import Error
from reward.abstention import (
    Judged,
    abstains,
    area,
    coverage_curve,
    threshold_covering,
    threshold_for,
)

ANSWERS = [Judged(0.9, True), Judged(0.8, True), Judged(0.8, False), Judged(0.1, False)]


def test_answers_of_the_same_score_are_answered_together():
    """Fails when a threshold parts what has the same score, which it cannot."""
    points = coverage_curve(ANSWERS, silent=1)
    assert [(one.threshold, one.answered) for one in points] == [(0.9, 1), (0.8, 3), (0.1, 4)]
    assert [one.coverage for one in points] == pytest.approx([0.2, 0.6, 0.8])
    assert [one.accuracy for one in points] == pytest.approx([1, 2 / 3, 1 / 2])


def test_the_threshold_answers_as_much_as_the_accuracy_allows():
    points = coverage_curve(ANSWERS)
    assert threshold_for(points, 0.6).threshold == 0.8
    assert threshold_for(points, 0.99).threshold == 0.9
    assert threshold_for(points, 0.99, least=2) is None  # of one answer, it is chance
    assert threshold_for(coverage_curve(ANSWERS[2:]), 0.9) is None
    assert threshold_covering(points, 0.7).threshold == 0.8
    assert threshold_covering(coverage_curve(ANSWERS, silent=4), 0.7) is None


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=30))
def test_a_threshold_does_what_its_point_says(answers):
    """Fails when withholding below a point's threshold gives another coverage or accuracy."""
    judged = [Judged(float(score), right) for score, right in answers]
    for point in coverage_curve(judged):
        given_out = [one for one in judged if not abstains(one.score, point.threshold)]
        assert len(given_out) == point.answered
        assert point.coverage == pytest.approx(len(given_out) / len(judged))
        assert point.accuracy == pytest.approx(sum(one.right for one in given_out) / len(given_out))


def test_good_scores_have_more_area_than_useless_ones():
    good = coverage_curve([Judged(float(n), n > 5) for n in range(10)])
    none = coverage_curve([Judged(0.0, n > 5) for n in range(10)])
    bad = coverage_curve([Judged(float(-n), n > 5) for n in range(10)])
    assert area(good) > area(none) > area(bad)
    assert area(none) == pytest.approx(0.4)
    assert area(coverage_curve([], silent=3)) == 0.0


def test_without_a_threshold_nothing_is_withheld():
    assert not abstains(-1e9, None)
    assert not abstains(0.5, 0.5)
    assert abstains(0.49, 0.5)


@pytest.mark.parametrize("answers", [[], [Judged(math.nan, True)]])
def test_what_cannot_be_calibrated_is_refused(answers):
    with pytest.raises(Error):
        coverage_curve(answers)
