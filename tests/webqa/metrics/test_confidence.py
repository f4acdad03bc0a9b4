"""Confidence: calibration error, Brier score and bins, by hand and against their definitions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import Error
from reward.abstention import Judged
from webqa.metrics.confidence import bins_of, brier, calibration, calibration_error

judgements = st.lists(st.builds(Judged, st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def test_a_worked_example():
    judged = [Judged(0.9, True), Judged(0.8, True), Judged(0.7, False), Judged(0.2, False)]
    found = calibration(judged, silent=1, count=2)
    # Of the second half: accuracy 2/3, confidence 0.8; of the first: 0 and 0.2.
    assert found.ece == pytest.approx(3 / 4 * abs(2 / 3 - 0.8) + 1 / 4 * 0.2)
    # Two halves of two: accuracy 0 and 1, confidence 0.45 and 0.85.
    assert found.ece_mass == pytest.approx((0.45 + 0.15) / 2)
    assert found.brier == pytest.approx((0.01 + 0.04 + 0.49 + 0.04) / 4)
    assert [point.coverage for point in found.points] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert [point.accuracy for point in found.points] == pytest.approx([1, 1, 2 / 3, 1 / 2])
    assert found.area == pytest.approx((1 + 1 + 2 / 3 + 1 / 2) / 4)
    assert (found.answered, found.silent) == (4, 1)


def test_bounds_belong_to_the_bin_below_and_empty_bins_are_told():
    judged = [Judged(0, False), Judged(0.5, True), Judged(0.51, True), Judged(1, True)]
    assert [one.count for one in bins_of(judged, 2)] == [2, 2]
    assert [one.count for one in bins_of(judged, 4)] == [1, 1, 1, 1]
    assert [one.count for one in bins_of(judged[:1], 4)] == [1, 0, 0, 0]


@pytest.mark.parametrize("count", [3, 7, 10, 15, 100])
def test_every_bound_is_in_its_own_bin(count):
    judged = [Judged(place / count, True) for place in range(1, count + 1)]
    assert [one.count for one in bins_of(judged, count)] == [1] * count


def test_surely_right_and_surely_wrong_are_perfect():
    found = calibration([Judged(1, True), Judged(0, False)])
    assert (found.ece, found.ece_mass, found.brier) == (0, 0, 0)


def test_equal_confidences_are_not_parted():
    judged = [Judged(0.5, right) for right in (True, False) * 10]
    assert [one.count for one in bins_of(judged, 5, "mass")] == [20]
    assert calibration(judged, count=5).ece_mass == 0


def test_without_an_answer_there_is_nothing_to_calibrate():
    assert calibration([], silent=3) is None
    assert calibration_error([]) == 0
    with pytest.raises(Error, match="at least one answer"):
        brier([])


@pytest.mark.parametrize("confidence", [-0.1, 1.1, math.nan, math.inf])
def test_what_is_no_probability_is_refused(confidence):
    with pytest.raises(Error, match="from 0 to 1"):
        calibration([Judged(confidence, True)])
    with pytest.raises(Error, match="at least one bin"):
        calibration([Judged(0.5, True)], count=0)


@given(judged=judgements, count=st.integers(1, 20))
def test_all_are_counted_once_and_the_order_does_not_matter(judged, count):
    for kind in ("width", "mass"):
        bins = bins_of(judged, count, kind)
        assert sum(one.count for one in bins) == len(judged)
        assert len(bins) <= count
        assert all(one.low - 1e-9 <= one.confidence <= one.high + 1e-9 for one in bins if one.count)
        # One bin is the least that can be told.
        error = calibration_error(bins)
        assert 0 <= error <= 1
        assert error == pytest.approx(calibration_error(bins_of(judged[::-1], count, kind)))
        assert error >= calibration_error(bins_of(judged, 1)) - 1e-9
