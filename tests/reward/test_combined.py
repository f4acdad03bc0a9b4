"""Sums, scales and rules over scorers: the numbers, the parts, and what is refused."""

import math

import pytest

from env.errors import ConfigError
from reward.combined import UnderRules, Weighted, WeightedSum, logistic, normalised
from tests.reward.fixed import Fixed, answers

A = Fixed("a", {"x": 1.0, "y": 3.0}, inner=7.0)
B = Fixed("b", {"x": 0.5, "y": 0.25})


async def test_a_sum_weighs_values_and_tells_every_part():
    scores = await WeightedSum([Weighted(A, 2), Weighted(B, -1)]).score(answers("x", "y"))
    assert [one.value for one in scores] == [1.5, 5.75]
    assert scores[0].parts == {"a": 1.0, "a/inner": 7.0, "b": 0.5}
    assert scores[0].scorer == "2*a+-1*b"


async def test_a_weight_of_0_tells_and_does_not_count():
    (score,) = await WeightedSum([Weighted(A), Weighted(B, 0)]).score(answers("x"))
    assert (score.value, score.parts["b"]) == (1.0, 0.5)


async def test_reference_answers_become_the_scale():
    scale = await normalised(A, answers("x", "y"))
    scores = await scale.score(answers("x", "y", "x"))
    assert [one.value for one in scores] == [-1.0, 1.0, -1.0]
    assert scores[1].parts == {"raw": 3.0, "inner": 7.0}
    assert scale.name == "a"


@pytest.mark.parametrize("texts", [(), ("x",), ("x", "x")])
async def test_reference_answers_must_differ(texts):
    with pytest.raises(ConfigError, match="a cannot be normalised"):
        await normalised(A, answers(*texts))


async def test_one_rule_that_is_surely_broken_takes_everything():
    kept, half, broken = (
        Fixed(name, {"x": v}) for name, v in (("k", 1.0), ("h", 0.25), ("n", 0.0))
    )
    (one,) = await UnderRules(A, (kept, half), average=1.0).score(answers("x"))
    assert one.value == pytest.approx(0.5 * math.sqrt(0.25))
    assert one.parts == {"a": 1.0, "a/inner": 7.0, "k": 1.0, "h": 0.25}
    (none,) = await UnderRules(A, (kept, broken)).score(answers("x"))
    assert none.value == 0


async def test_without_rules_the_preference_decides():
    x, y = await UnderRules(A, ()).score(answers("x", "y"))
    assert (x.value, y.value) == (logistic(1), logistic(3))


@pytest.mark.parametrize("value", [-0.1, 1.5])
async def test_a_rule_must_be_a_probability(value):
    with pytest.raises(ConfigError, match="the rule r gave"):
        await UnderRules(A, (Fixed("r", {"x": value}),)).score(answers("x"))


@pytest.mark.parametrize("value", [math.nan, math.inf])
async def test_no_sum_goes_on_with_what_is_no_number(value):
    damaged = Fixed("d", {"x": value})
    with pytest.raises(ConfigError, match="d gave"):
        await WeightedSum([Weighted(damaged, 0)]).score(answers("x"))
    with pytest.raises(ConfigError, match="d gave"):
        await normalised(damaged, answers("x"))


async def test_missing_scores_are_refused():
    class Short(Fixed):
        async def score(self, answers):
            return (await super().score(answers))[1:]

    with pytest.raises(ConfigError, match="gave 0 scores for 1"):
        await WeightedSum([Weighted(Short("s", {"x": 1.0}))]).score(answers("x"))


@pytest.mark.parametrize("terms", [[], [Weighted(A, math.nan)], [Weighted(A), Weighted(A)]])
def test_sums_that_make_no_sense_are_refused(terms):
    with pytest.raises(ConfigError):
        WeightedSum(terms)


def test_the_logistic_function_bears_any_value():
    assert (logistic(0), logistic(1e6), logistic(-1e6)) == (0.5, 1.0, 0.0)
