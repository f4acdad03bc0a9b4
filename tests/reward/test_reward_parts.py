"""Loss, calibration and measures of comparisons against sums done by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reward.training.calibration import calibrate, calibrated, crossed
from reward.training.config import PreferenceConfig
from reward.training.loss import pair_loss, targets_of, weights_of
from reward.training.metrics import ScoredPairs, calibration_error, measure_pairs

NUMBERS = st.floats(-5, 5)


def judged(difference, preference, lengths=None, questions=None):
    size = len(difference)
    return ScoredPairs(
        np.array(difference, float),
        np.array(preference, float),
        np.array(lengths if lengths is not None else [[1.0, 1.0]] * size, float),
        np.array(questions if questions is not None else range(size)),
    )


def test_labels_by_sign_and_by_strength_with_smoothing():
    preferences = torch.tensor([1.0, 0.5, 0.0, -0.5])
    assert targets_of(preferences, PreferenceConfig()).tolist() == [1, 1, 0.5, 0]
    strength = PreferenceConfig(labels="strength", smoothing=0.1)
    assert targets_of(preferences, strength).tolist() == pytest.approx([0.95, 0.725, 0.5, 0.275])
    assert weights_of(preferences, PreferenceConfig(ties=0.25)).tolist() == [1, 1, 0.25, 1]
    unsure = PreferenceConfig(ties=0.25, slight=0.5)
    assert weights_of(preferences, unsure).tolist() == [1, 0.5, 0.25, 0.5]


@given(NUMBERS, NUMBERS)
def test_a_tie_is_symmetric_and_lowest_where_rewards_are_equal(first, second):
    one, two, half = torch.tensor([first]), torch.tensor([second]), torch.tensor([0.5])
    loss = pair_loss(one, two, half)
    assert torch.allclose(loss, pair_loss(two, one, half))
    assert loss.item() >= math.log(2) - 1e-6
    assert pair_loss(one, one, half).item() == pytest.approx(math.log(2))


@given(NUMBERS, NUMBERS, st.floats(0, 1))
def test_exchanging_the_answers_changes_nothing(first, second, target):
    one, two, wanted = torch.tensor([first]), torch.tensor([second]), torch.tensor([target])
    there = pair_loss(one, two, wanted, 0.01)
    assert torch.allclose(there, pair_loss(two, one, 1 - wanted, 0.01), atol=1e-5)


def test_the_loss_is_the_papers():
    """minus log of the sigmoid of the difference, and the squared sum."""
    loss = pair_loss(torch.tensor([2.0]), torch.tensor([0.5]), torch.tensor([1.0]), 0.01)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-1.5)) + 0.01 * 2.5**2)


def test_accuracy_counts_equal_rewards_a_half_and_ties_not_at_all():
    found = measure_pairs(judged([1, -1, 0, 9], [1, 1, 1, 0]))
    assert found["accuracy"] == pytest.approx(0.5)
    assert (found["pairs"], found["ties"]) == (4, 1)


def test_accuracy_by_length_and_by_margin():
    lengths = [[2, 1], [1, 2], [1, 1.05]]
    found = measure_pairs(judged([3, 2, -1], [1, 0.5, 1], lengths))
    assert found["accuracy/longer_preferred"] == found["accuracy/shorter_preferred"] == 1
    assert found["accuracy/of_like_length"] == 0
    assert found["length_only"] == pytest.approx(1 / 3)
    assert found["accuracy/much_better"] == 0.5
    assert found["accuracy/sure"] == 1


def test_a_model_that_says_its_accuracy_has_no_calibration_error():
    assert calibration_error(np.array([0.75] * 3 + [0.25])) == pytest.approx(0)
    assert calibration_error(np.array([0.99] * 2 + [0.01] * 2)) == pytest.approx(0.49)
    assert calibration_error(np.array([0.5] * 4)) == pytest.approx(0)


def planted(scale, length, number=4000, seed=0):
    """Judgements by log-odds of the difference over `scale`, and of length."""
    draw = np.random.default_rng(seed)
    difference = draw.normal(0, 1, number)
    lengths = draw.uniform(0, 2, (number, 2))
    odds = difference / scale + length * (lengths[:, 0] - lengths[:, 1])
    preference = np.where(draw.uniform(size=number) < 1 / (1 + np.exp(-odds)), 1.0, -1.0)
    return judged(difference, preference, lengths, np.arange(number) // 4)


def test_calibration_finds_the_planted_temperature_and_length():
    found = calibrate(planted(0.5, 0.8), length_term=True)
    assert found.temperature == pytest.approx(0.5, rel=0.1)
    assert found.length == pytest.approx(0.8, rel=0.15)
    assert calibrate(planted(2.0, 0.0)).temperature == pytest.approx(2.0, rel=0.15)


def test_calibration_lowers_log_loss_and_error_on_other_questions():
    pairs = planted(3.0, 0.0)
    before, after = measure_pairs(pairs), measure_pairs(crossed(pairs))
    assert after["log_loss"] < before["log_loss"]
    assert after["ece"] < 0.05 < before["ece"]
    assert after["accuracy"] == before["accuracy"]


@pytest.mark.parametrize("half", [0, 1])
def test_what_is_measured_is_calibrated_on_other_questions_alone(half):
    """Fails when a judgement changes the calibration that it is measured by."""
    pairs = planted(0.5, 0.8, number=200)
    own = pairs.questions % 2 == half
    turned = replace(pairs, preference=np.where(own, -pairs.preference, pairs.preference))
    before, after = (crossed(one, length_term=True).difference for one in (pairs, turned))
    assert np.array_equal(before[own], after[own])
    assert not np.allclose(before[~own], after[~own])


@given(
    st.lists(st.tuples(NUMBERS, st.sampled_from([-1.0, 0.0, 1.0])), min_size=1, max_size=9),
    st.booleans(),
)
def test_calibration_is_finite_and_keeps_the_order(pairs, length_term):
    found = calibrate(judged(*zip(*pairs, strict=True)), length_term=length_term)
    assert 0 < found.temperature < math.inf
    assert math.isfinite(found.length)
    if not length_term:
        odds = calibrated(judged(*zip(*pairs, strict=True)), found).difference
        assert [np.sign(round(one, 12)) for one in odds] == [
            np.sign(round(one / found.temperature, 12)) for one, _ in pairs
        ]
