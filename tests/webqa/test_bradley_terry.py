"""Ratings: worked examples, another algorithm, the maximum by brute force, odd graphs."""

import math
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import ConfigError, Error
from webqa.bradley_terry import CENTRE, POINTS, Match, RatingConfig, rate
from webqa.connections import groups, one_sided

QUICK = RatingConfig(resamples=100)
HARDLY = RatingConfig(deviation=1e5, resamples=100)
"""Hardly regularised, so that ratings are nearly the most likely ones."""
MATCHES = st.lists(
    st.builds(
        Match,
        st.sampled_from("ab"),
        st.sampled_from("cde"),
        st.sampled_from((-1.0, -0.3, 0.0, 1.0)),
        st.sampled_from("123"),
    ),
    min_size=1,
    max_size=20,
)


def series(first, second, wins, losses, ties=0):
    results = [1.0] * wins + [-1.0] * losses + [0.0] * ties
    return [Match(first, second, one, f"{first}{place}") for place, one in enumerate(results)]


def by_name(ratings):
    return {one.name: one.rating for one in ratings.rated}


def test_three_wins_to_one_are_odds_of_three():
    found = rate(series("a", "b", 30, 10), HARDLY)
    one, other = found.rated
    assert (one.name, other.name, one.matches) == ("a", "b", 40)
    assert one.rating - other.rating == pytest.approx(400 * math.log10(3), abs=0.01)
    assert one.rating + other.rating == pytest.approx(2 * CENTRE)


def test_a_tie_is_half_a_win_for_each():
    tied = by_name(rate(series("a", "b", 3, 1, ties=6), HARDLY))
    split = by_name(rate(series("a", "b", 6, 4), HARDLY))
    assert tied == pytest.approx(split)


def repeated_means(wins, rounds=20_000):
    """Return ratings by the algorithm of Zermelo (1929), one policy after the other."""
    names = sorted({name for pair in wins for name in pair})
    power = dict.fromkeys(names, 1.0)
    for _ in range(rounds):
        for name in names:
            others = [other for other in names if other != name]
            played = {o: wins.get((name, o), 0) + wins.get((o, name), 0) for o in others}
            won = sum(wins.get((name, other), 0) for other in others)
            power[name] = won / sum(n / (power[name] + power[o]) for o, n in played.items())
        scale = math.exp(sum(map(math.log, power.values())) / len(power))
        power = {name: value / scale for name, value in power.items()}
    return {name: CENTRE + POINTS * math.log(value) for name, value in power.items()}


def test_another_algorithm_gives_the_same():
    wins = {("a", "b"): 7, ("b", "a"): 3, ("b", "c"): 6, ("c", "b"): 5, ("c", "a"): 4,
            ("a", "c"): 5, ("c", "d"): 8, ("d", "c"): 2}  # fmt: skip
    matches = [match for pair, number in wins.items() for match in series(*pair, number, 0)]
    assert by_name(rate(matches, HARDLY)) == pytest.approx(repeated_means(wins, 2_000), abs=0.01)


def plausibility(matches, ratings, deviation):
    """Return the logarithm of likelihood and normal distribution, from their definitions."""
    total = -sum((one - CENTRE) ** 2 for one in ratings.values()) / (2 * deviation**2)
    for match in matches:
        chance = 1 / (1 + 10 ** ((ratings[match.second] - ratings[match.first]) / 400))
        won = 0.5 + 0.5 * ((match.preference > 0) - (match.preference < 0))
        total += won * math.log(chance) + (1 - won) * math.log(1 - chance)
    return total


@given(MATCHES)
def test_nothing_near_is_more_likely(matches):
    found = by_name(rate(matches, QUICK))
    best = plausibility(matches, found, QUICK.deviation)
    for name in found:
        for step in (-1, 1):
            moved = found | {name: found[name] + step}
            assert plausibility(matches, moved, QUICK.deviation) < best


def test_ratings_settle_where_whole_steps_would_overshoot():
    """Without a bound on its steps, Newton's method leaps back and forth here for ever."""
    wins = {("b", "c"): 300, ("c", "d"): 299, ("b", "d"): 115, ("a", "b"): 110, ("a", "e"): 26,
            ("a", "c"): 5, ("b", "a"): 1, ("d", "b"): 1, ("d", "c"): 1, ("d", "e"): 1}  # fmt: skip
    matches = [match for pair, number in wins.items() for match in series(*pair, number, 0)]
    found = by_name(rate(matches, RatingConfig(deviation=25_000, resamples=100)))
    best = plausibility(matches, found, 25_000)
    for name in found:
        for step in (-10, 10):
            assert plausibility(matches, found | {name: found[name] + step}, 25_000) < best


@given(MATCHES, st.randoms(use_true_random=False))
def test_ratings_know_neither_the_order_nor_which_side_came_first(matches, draw):
    shuffled = draw.sample(matches, len(matches))
    turned = [
        Match(one.second, one.first, -one.preference, one.question) if draw.random() < 0.5 else one
        for one in shuffled
    ]
    assert rate(turned, QUICK) == rate(matches, QUICK)


def test_who_never_lost_has_a_rating_and_it_is_said():
    found = rate(series("a", "b", 40, 0) + series("b", "c", 3, 2), QUICK)
    best = found.rated[0]
    assert best.name == "a"
    assert 1000 < best.rating < 2500
    assert best.high - best.low > 300  # the bootstrap alone would see nothing but certainty
    assert found.one_sided == ((("a",), ("b", "c")),)
    assert found.groups == (("a", "b", "c"),)


def test_groups_that_never_met_are_told():
    found = rate(series("a", "b", 40, 20) + series("c", "d", 1, 1) + series("d", "e", 1, 1), QUICK)
    assert found.groups == (("c", "d", "e"), ("a", "b"))
    assert found.one_sided == ()
    # What separates the groups is not known, however many comparisons are within each.
    wide = {one.name: one.high - one.low for one in found.rated}
    assert wide["a"] > 600


@pytest.mark.parametrize("matches", [series("a", "b", 0, 0, ties=5), series("a", "b", 1, 0)])
def test_only_ties_and_a_single_comparison(matches):
    found = rate(matches, QUICK)
    assert all(math.isfinite(number) for one in found.rated for number in (one.low, one.high))
    assert all(one.low < one.rating < one.high for one in found.rated)


def test_extreme_scores_converge():
    found = by_name(rate(series("a", "b", 20_000, 0) + series("c", "b", 1, 20_000), HARDLY))
    assert found["a"] > found["b"] + 2_000
    assert found["b"] - found["c"] == pytest.approx(400 * math.log10(20_000), abs=5)


def test_pairs_that_met_have_win_rates():
    found = rate(series("b", "a", 3, 1, ties=1) + series("a", "c", 1, 1), QUICK)
    first, second = found.head_to_head
    assert (first.first, first.second, first.wins, first.losses, first.ties) == ("a", "b", 1, 3, 1)
    assert first.win_rate.mean == pytest.approx(0.3)
    assert (second.first, second.second, second.win_rate.mean) == ("a", "c", 0.5)


def test_matches_of_one_question_are_drawn_together():
    """Fails when the bootstrap draws matches: 200 judgements of five questions are five facts."""
    results = [1.0, 1.0, 1.0, -1.0, -1.0]
    alike = [Match("a", "b", one, str(place)) for place, one in enumerate(results)] * 40
    apart = [Match("a", "b", one.preference, str(place)) for place, one in enumerate(alike)]
    wide, narrow = (one.high - one.low for one in (rate(alike).rated[0], rate(apart).rated[0]))
    assert wide > 4 * narrow


def test_intervals_hold_what_they_promise():
    true = {"a": 1150.0, "b": 1050.0, "c": 950.0, "d": 850.0}
    draw, held = Random(5), 0
    for _ in range(60):
        matches = [
            Match(one, other, 1 if draw.random() < 1 / (1 + 10 ** ((true[other] - true[one]) / 400))
                  else -1, str(question))
            for question in range(40)
            for one, other in combinations(true, 2)
        ]  # fmt: skip
        found = rate(matches, QUICK)
        held += sum(one.low <= true[one.name] <= one.high for one in found.rated)
    assert 0.91 <= held / 240 <= 1


@pytest.mark.parametrize(
    ("matches", "reason"),
    [
        ([], "at least one match"),
        ([Match("a", "a", 1, "q")], "with itself"),
        ([Match("a", "b", math.nan, "q")], "no number"),
    ],
)
def test_what_cannot_be_rated_is_refused(matches, reason):
    with pytest.raises(Error, match=reason):
        rate(matches)


@pytest.mark.parametrize(
    "config",
    [RatingConfig(deviation=0), RatingConfig(deviation=math.nan), RatingConfig(resamples=1),
     RatingConfig(seed=-1)],
)  # fmt: skip
def test_settings_without_sense_are_refused(config):
    with pytest.raises(ConfigError, match="--"):
        rate([Match("a", "b", 1, "q")], config)


def test_sides_of_which_one_always_won():
    """b, c and d are one side: each leads to the others; a and e never met."""
    won = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "b"), ("d", "e"), ("x", "y"), ("y", "x")]
    assert groups(won) == (("a", "b", "c", "d", "e"), ("x", "y"))
    assert one_sided(won) == ((("a",), ("b", "c", "d")), (("b", "c", "d"), ("e",)))
    assert groups([]) == one_sided([]) == ()
