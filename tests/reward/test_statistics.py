"""Means, shares and win rates: worked examples, the books' numbers, and how often they hold."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import Error
from reward.statistics import mean_interval, student, wilson, win_rate

SHARES = st.lists(st.sampled_from((0.0, 1.0)), min_size=1, max_size=40)
VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=30)


def test_a_mean_and_its_interval_by_hand():
    found = mean_interval([1.0, 2.0, 3.0, 4.0])
    half = 3.182 * math.sqrt(5 / 3 / 4)
    assert found.mean == 2.5
    assert (found.low, found.high) == pytest.approx((2.5 - half, 2.5 + half), abs=0.01)
    assert found.count == 4


def test_values_of_one_question_count_together():
    """The deviations of the three clusters are -2, +2 and 0 in sum, over five values."""
    found = mean_interval([1.0, 3.0, 5.0, 2.0, 4.0], ["a", "a", "b", "c", "c"])
    half = student(2) * math.sqrt(8 / 25 * 3 / 2)
    assert (found.mean, found.count) == (3.0, 3)
    assert (found.low, found.high) == pytest.approx((3 - half, 3 + half))


def test_a_single_question_tells_nothing_of_others():
    found = mean_interval([0.25, 0.75], ["a", "a"])
    assert (found.mean, found.low, found.high, found.count) == (0.5, 0.5, 0.5, 1)


def test_one_question_answered_rightly_six_times_is_one_question():
    found = mean_interval([1.0] * 6, ["a"] * 6)
    assert (found.low, found.high, found.count) == (*wilson(1, 1), 1)
    assert mean_interval([0.0, 1.0], ["a", "a"]).low == pytest.approx(wilson(0.5, 1)[0])


@pytest.mark.parametrize("copies", [1, 2, 7])
def test_asking_the_same_again_tells_nothing_new(copies):
    """Fails when repeated answers make an interval narrower."""
    once = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    found = mean_interval(once * copies, [*range(6)] * copies)
    low, high = wilson(4, 6) if copies == 1 else wilson(4 / 6 * 5, 5, student(5))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.low <= wilson(4, 6)[0] + 1e-9
    real = [0.1, 0.7, 0.4]
    assert mean_interval(real * copies, [*range(3)] * copies).high == pytest.approx(
        mean_interval(real).high
    )


@given(SHARES)
def test_a_share_of_questions_has_the_interval_of_wilson(values):
    found = mean_interval(values)
    assert (found.low, found.high) == pytest.approx(wilson(sum(values), len(values)))
    assert found.low <= found.mean <= found.high
    assert found.low < found.high


@given(VALUES, st.floats(-10, 10), st.randoms(use_true_random=False))
def test_an_interval_moves_with_its_values_and_knows_no_order(values, by, draw):
    clusters = [place % 3 for place in range(len(values))]
    found = mean_interval(values, clusters)
    order = list(range(len(values)))
    draw.shuffle(order)
    again = mean_interval([values[one] + by for one in order], [clusters[one] for one in order])
    assert (again.mean, again.low, again.high) == pytest.approx(
        (found.mean + by, found.low + by, found.high + by), abs=1e-6
    ) or set(values) | {value + by for value in values} <= {0, 1}


def covered(draw, draw_question, values_of, of, questions=40, each=3):
    """Return how often the interval of some questions, several answers each, holds the mean."""
    held = 0
    for _ in range(500):
        values, clusters = [], []
        for question in range(questions):
            base = draw_question(draw)
            values += [values_of(draw, base) for _ in range(each)]
            clusters += [question] * each
        found = mean_interval(values, clusters)
        held += found.low <= of <= found.high
    return held / 500


def test_intervals_hold_what_they_promise():
    """Fails when clusters are passed over: then they would hold in about 75 % of the cases."""
    real = covered(Random(1), lambda d: d.gauss(5, 1), lambda d, base: d.gauss(base, 0.5), 5)
    shares = covered(
        Random(2), lambda d: d.choice((0.3, 0.9)), lambda d, base: float(d.random() < base), 0.6
    )
    assert 0.92 <= real <= 0.98
    assert 0.92 <= shares <= 0.98


@pytest.mark.parametrize("questions", [3, 5, 10])
def test_shares_of_few_questions_hold_what_they_promise(questions):
    """Fails when the spread of few clusters is taken for known: then three hold in 79 %."""
    held = covered(
        Random(3),
        lambda d: d.random(),
        lambda d, base: float(d.random() < base),
        0.5,
        questions,
        16,
    )
    assert held >= 0.93


def test_numbers_that_happen_to_be_0_and_1_are_no_share():
    found = mean_interval([0.0, 0.0, 1.0], shares=False)
    assert found.low == pytest.approx(1 / 3 - student(2) / 3)


@pytest.mark.parametrize(
    ("values", "clusters", "reason"),
    [
        ([], None, "at least one value"),
        ([1.0, math.nan], None, "finite"),
        ([math.inf], None, "finite"),
        ([1e308, 1e308], None, "finite numbers of at most 1e.150"),
        ([1.0, 2.0], ["a"], "2 values, 1 clusters"),
    ],
)
def test_what_has_no_mean_is_refused(values, clusters, reason):
    with pytest.raises(Error, match=reason):
        mean_interval(values, clusters)


@pytest.mark.parametrize(
    ("freedom", "value"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (30, 2.042),
     (120, 1.980), (10**6, 1.960)],
)  # fmt: skip
def test_the_percentiles_of_student_are_those_of_the_books(freedom, value):
    assert student(freedom) == pytest.approx(value, rel=0.0015)


def test_no_freedom_is_refused():
    with pytest.raises(Error, match="at least one degree"):
        student(0)


def test_the_interval_of_wilson_is_that_of_the_books():
    low, high = wilson(5, 10)
    assert (round(low, 4), round(high, 4)) == (0.2366, 0.7634)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10)[0] == 0.0
    assert round(wilson(0, 10)[1], 4) == 0.2775


@given(st.integers(0, 200), st.integers(0, 200))
def test_an_interval_holds_its_share(first, second):
    count, of = min(first, second), max(first, second, 1)
    low, high = wilson(count, of)
    assert 0.0 <= low <= count / of + 1e-12
    assert count / of - 1e-12 <= high <= 1.0


def test_a_win_rate_counts_ties_as_half():
    """Six wins, two losses, two ties; with one win and one loss more: 8/12, variance by hand."""
    found = win_rate([1, 0.2, 0.5, 1, 1, 1, -1, -0.1, 0, 0])
    assert found.mean == 0.7
    middle = 8 / 12
    half = 1.96 * math.sqrt((7 * (1 - middle) ** 2 + 3 * middle**2 + 2 * (0.5 - middle) ** 2) / 144)
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half), abs=1e-4)


@pytest.mark.parametrize("preferences", [[1] * 10, [-1] * 10, [0] * 10, [1]])
def test_a_win_rate_is_never_certain(preferences):
    found = win_rate(preferences)
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert found.high - found.low > 0.1


@given(st.lists(st.sampled_from((-1.0, -0.5, 0.0, 1.0)), min_size=1, max_size=30))
def test_a_win_is_the_others_loss(preferences):
    questions = [place // 2 for place in range(len(preferences))]
    one = win_rate(preferences, questions)
    other = win_rate([-value for value in preferences], questions)
    assert (one.mean, one.low, one.high) == pytest.approx(
        (1 - other.mean, 1 - other.high, 1 - other.low)
    )


def test_judgements_of_one_question_count_together():
    apart = win_rate([1, 1, 1, -1, -1, 0, 1, 1])
    together = win_rate([1, 1, 1, -1, -1, 0, 1, 1], [0, 0, 0, 1, 1, 1, 2, 2])
    assert (together.mean, together.count) == (apart.mean, 3)
    assert together.high - together.low > apart.high - apart.low


def test_a_preference_that_is_no_number_is_refused():
    with pytest.raises(Error, match="no number"):
        win_rate([1.0, math.nan])
