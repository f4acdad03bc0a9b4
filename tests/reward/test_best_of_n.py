"""Best-of-n in numbers, against brute force over all choices, and against planted curves."""

import math
import random
from itertools import combinations, pairwise
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.errors import Error
from reward.best_of_n import (
    best_of_groups,
    best_of_n,
    fit,
    gain,
    kl_bound,
    mean_curve,
    mean_over,
    pick,
)
from reward.statistics import student


def brute_force(values, keys, n):
    """Return the mean over all choices of n; where several are the best, of these."""
    means = []
    for chosen in combinations(range(len(values)), n):
        best = max(keys[place] for place in chosen)
        means.append(fmean(values[place] for place in chosen if keys[place] == best))
    return fmean(means)


SAMPLES = st.lists(
    st.tuples(
        st.integers(-3, 3).map(float), st.sampled_from([-math.inf, -1.0, 0.0, 0.5, 2.0, math.inf])
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(SAMPLES)
def test_the_estimate_is_the_mean_over_all_choices_ties_included(samples):
    """Fails when a weight is off by one, or when ties depend on the order of the samples."""
    values, keys = map(list, zip(*samples, strict=True))
    found = best_of_n(values, keys)
    wanted = [brute_force(values, keys, n) for n in range(1, len(values) + 1)]
    assert found == pytest.approx(wanted, abs=1e-12)
    assert best_of_n(values[::-1], keys[::-1]) == pytest.approx(found, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_chosen_by_itself_it_rises_from_the_mean_to_the_best(values):
    found = best_of_n(values)
    assert found[0] == pytest.approx(fmean(values), abs=1e-6)
    assert found[-1] == pytest.approx(max(values), abs=1e-6)
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(found))


def test_it_is_unbiased_for_fresh_samples():
    """Fails when the estimate from N samples is not what n fresh samples give on average."""
    draw = random.Random(0)
    estimates = [best_of_n([draw.random() for _ in range(6)])[2] for _ in range(4000)]
    assert fmean(estimates) == pytest.approx(3 / 4, abs=0.01)  # of the best of three uniform draws


def test_many_samples_need_no_large_numbers():
    found = best_of_n([float(place) for place in range(600)])
    assert found[-1] == pytest.approx(599)
    assert found[299] == pytest.approx(601 * 300 / 301 - 1)  # the mean of a largest order statistic


@pytest.mark.parametrize(
    ("values", "by", "word"),
    [
        ([], None, "key for each sample"),
        ([1.0], [1.0, 2.0], "2 for 1"),
        ([math.nan], None, "no finite number"),
        ([math.inf], None, "no finite number"),
        ([1.0], [math.nan], "no finite number"),
    ],
)
def test_what_cannot_be_estimated_is_refused(values, by, word):
    with pytest.raises(Error, match=word):
        best_of_n(values, by)


def test_the_best_of_browses_takes_the_best_answer_of_each():
    """Fails when answers of several browses are mixed: one bad browse then hides behind another."""
    groups = [([0.0, 1.0], None), ([5.0, 3.0], [1.0, 2.0])]
    assert best_of_groups(groups) == pytest.approx([2.0, 3.0])


def test_the_divergence_is_that_of_the_paper():
    assert [round(kl_bound(n), 2) for n in (1, 4, 16, 64)] == [0.0, 0.64, 1.84, 3.17]


def test_the_first_of_the_best_is_picked():
    assert pick([1.0, 3.0, 3.0]) == 1
    assert pick([-math.inf, -math.inf]) == 0
    for keys in ([], [1.0, math.nan]):
        with pytest.raises(Error):
            pick(keys)


def test_intervals_are_over_questions():
    found = mean_over([0.0, 1.0, 2.0, 3.0])
    half = student(3) * math.sqrt(5 / 3 / 4)
    assert (found.mean, found.low, found.high) == pytest.approx((1.5, 1.5 - half, 1.5 + half))
    assert mean_over([2.0]).low == mean_over([2.0]).high == 2.0
    with pytest.raises(Error):
        mean_over([])


def test_a_gain_is_paired_by_question():
    """Fails when the spread between questions, which both sides share, widens the interval."""
    curves = [[0.0, 1.0], [100.0, 101.0], [-50.0, -49.0]]
    found = gain(curves, 2)
    assert (found.mean, found.low, found.high) == pytest.approx((1.0, 1.0, 1.0))
    assert [round(one.mean, 3) for one in mean_curve([*curves, [1.0]])] == [12.75]


@pytest.mark.parametrize(
    ("form", "alpha", "beta", "peak"),
    [
        ("best-of-n", 2.0, 0.8, (2.0 / 1.6) ** 2),
        ("rl", 1.5, 0.6, math.exp(2 * (2.5 - 1))),
        ("best-of-n", 1.0, -0.1, None),
        ("rl", 1.0, 0.0, None),
        ("rl", -0.5, 0.4, math.exp(2 * (-1.25 - 1))),
    ],
)
def test_a_planted_curve_of_overoptimisation_is_found(form, alpha, beta, peak):
    nats = [0.0, 0.3, 0.9, 2.0, 4.5, 9.0]

    def planted(kl):
        d = math.sqrt(kl)
        bend = d if form == "best-of-n" else (math.log(d) if d else 0.0)
        return d * (alpha - beta * bend)

    found = fit(nats, [planted(kl) for kl in nats], form)
    assert (found.alpha, found.beta) == pytest.approx((alpha, beta), abs=1e-9)
    assert found.error == pytest.approx(0, abs=1e-9)
    assert found(2.0) == pytest.approx(planted(2.0))
    if peak is None:
        assert found.peak is None or found.peak > 1e100
    else:
        assert found.peak == pytest.approx(peak)
        assert planted(peak) >= max(planted(peak * 0.99), planted(peak * 1.01))


@pytest.mark.parametrize(("kl", "gains"), [([0.0, 1.0], [0.0, 1.0]), ([1.0, 2.0], [1.0, math.nan])])
def test_a_curve_needs_points(kl, gains):
    with pytest.raises(Error, match="curve of over-optimisation needs"):
        fit(kl, gains, "rl")
