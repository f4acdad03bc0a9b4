"""The bootstrap and the permutation test: brute force, known answers, how often they hold."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import ConfigError, Error
from webqa.resampling import RESAMPLING, ResamplingConfig, bootstrap_mean, check, permutation_test

FEW = ResamplingConfig(resamples=400)
DIFFERENCES = st.lists(st.sampled_from((-2.0, -1.0, 0.0, 0.5, 1.0, 3.0)), min_size=1, max_size=8)


def every_sign(values):
    """Return the exact p-value, by trying all signs."""
    seen = abs(sum(values))
    sums = [abs(sum(sign * value for sign, value in zip(signs, values, strict=True)))
            for signs in product((1, -1), repeat=len(values))]  # fmt: skip
    return sum(one >= seen - 1e-9 for one in sums) / len(sums)


@given(DIFFERENCES)
def test_few_differences_get_the_exact_p_value(values):
    assert permutation_test(np.array(values), FEW) == pytest.approx(every_sign(values))


@pytest.mark.parametrize("step", [0.0, 0.01])
def test_many_differences_get_nearly_the_exact_one(step):
    """Of equal differences, which are drawn by kind, and of unequal ones."""
    values = np.array([1.0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1])
    values += step * np.arange(16)
    assert permutation_test(values, RESAMPLING) == pytest.approx(every_sign(values), abs=0.015)


def test_a_test_of_no_difference_finds_none():
    assert permutation_test(np.zeros(5), FEW) == 1.0


def test_a_p_value_is_never_zero():
    assert permutation_test(np.ones(200), FEW) == pytest.approx(1 / 401)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=40), st.integers(0, 3))
def test_swapping_the_runs_mirrors_everything(values, seed):
    config, given_values = ResamplingConfig(200, seed), np.array(values)
    low, high = bootstrap_mean(given_values, config)
    mirrored = bootstrap_mean(-given_values, config)
    if math.fsum(values):
        assert mirrored == (-high, -low)
    assert permutation_test(-given_values, config) == permutation_test(given_values, config)
    assert permutation_test(given_values[::-1], config) == permutation_test(given_values, config)
    assert bootstrap_mean(given_values[::-1], config) == (low, high)


def test_the_bootstrap_of_three_questions_is_that_of_all_samples():
    """Of the 27 samples of 0, 0 and 3, 8 have the mean 0, 12 have 1, 6 have 2 and one has 3."""
    low, high = bootstrap_mean(np.array([0.0, 0.0, 3.0]), RESAMPLING)
    assert (low, high) == (0.0, 3.0)  # 3 comes in 3.7 % of the samples, more than is cut off


def test_the_bootstrap_of_many_questions_is_nearly_the_normal_interval():
    values = np.array([0.0] * 240 + [0.5] * 80)
    half = 1.96 * values.std() / 320**0.5
    expected = pytest.approx((0.125 - half, 0.125 + half), abs=0.002)
    assert bootstrap_mean(values, RESAMPLING) == expected
    values += np.linspace(-1e-6, 1e-6, 320)  # all of them unequal: another way of drawing
    assert bootstrap_mean(values, RESAMPLING) == expected


@pytest.mark.parametrize("kinds", [3, 10**9])
def test_an_interval_holds_the_mean_as_often_as_it_promises(kinds):
    draw, held = np.random.default_rng(3), 0
    for _ in range(300):
        values = draw.integers(0, kinds, 60) / (kinds - 1)
        low, high = bootstrap_mean(values, FEW)
        held += low <= 0.5 <= high
    assert 0.91 <= held / 300 <= 0.98


def test_memory_is_bounded_and_the_same_seed_gives_the_same():
    values = np.random.default_rng(0).normal(size=30_000)
    config = ResamplingConfig(resamples=100, seed=7)
    assert bootstrap_mean(values, config) == bootstrap_mean(values, config)
    assert bootstrap_mean(values, config) != bootstrap_mean(values, ResamplingConfig(100, 8))
    assert permutation_test(values, config) == permutation_test(values, config)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [[1.0]]])
def test_what_is_no_list_of_differences_is_refused(values):
    for function in (bootstrap_mean, permutation_test):
        with pytest.raises(Error, match="finite differences"):
            function(np.array(values), FEW)


@pytest.mark.parametrize("config", [ResamplingConfig(99), ResamplingConfig(seed=-1)])
def test_settings_without_sense_are_refused(config):
    with pytest.raises(ConfigError, match="--"):
        check(config)
