"""The maths of reinforcement learning, beside plain loops and by its properties."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reward.ppo.maths import (
    approximate_kl,
    episode_sums,
    explained_variance,
    gae,
    leave_one_out,
    policy_losses,
    sums_to_the_end,
    token_rewards,
    value_losses,
    whitened,
)

LENGTHS = st.lists(st.integers(1, 7), min_size=1, max_size=5)


def starts_of(lengths):
    return torch.tensor([0, *torch.tensor(lengths).cumsum(0).tolist()])


def drawn(count, seed):
    return torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def plain_gae(rewards, values, decay):
    """Generalised advantage estimation of one episode, from its definition."""
    size = len(rewards)
    deltas = [
        rewards[t] + (values[t + 1] if t + 1 < size else 0.0) - values[t] for t in range(size)
    ]
    return [sum(decay ** (s - t) * deltas[s] for s in range(t, size)) for t in range(size)]


@given(LENGTHS, st.integers(0, 99), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_advantages_of_joined_episodes_are_those_of_each_alone(lengths, seed, decay):
    count = sum(lengths)
    rewards, values, starts = drawn(count, seed), drawn(count, seed + 1), starts_of(lengths)
    made = gae(rewards, values, starts, decay)
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        wanted = plain_gae(rewards[start:end].tolist(), values[start:end].tolist(), decay)
        assert made.advantages[start:end].tolist() == pytest.approx(wanted)
        to_the_end = [float(rewards[place:end].sum()) for place in range(start, end)]
        assert made.returns[start:end].tolist() == pytest.approx(to_the_end)


@given(LENGTHS, st.integers(0, 99))
def test_with_lambda_one_advantages_are_returns_less_values(lengths, seed):
    rewards, values = drawn(sum(lengths), seed), drawn(sum(lengths), seed + 1)
    made = gae(rewards, values, starts_of(lengths), 1.0)
    assert torch.allclose(made.advantages, made.returns - values)


def test_nothing_leaks_from_an_episode_into_the_one_before():
    starts = starts_of([2, 3])
    rewards, values = drawn(5, 0), drawn(5, 1)
    before = gae(rewards, values, starts, 0.9)
    rewards[2:], values[2:] = 100.0, -100.0
    after = gae(rewards, values, starts, 0.9)
    assert torch.equal(before.advantages[:2], after.advantages[:2])
    assert torch.equal(before.returns[:2], after.returns[:2])


def test_the_score_stands_at_the_end_and_divergence_is_paid_for_at_each_token():
    new, old = torch.tensor([-1.0, -2.0, -3.0]), torch.tensor([-2.0, -2.0, -1.0])
    rewards = token_rewards(new, old, torch.tensor([5.0, 7.0]), torch.tensor([0, 2, 3]), 0.1)
    assert rewards.tolist() == pytest.approx([-0.1, 5.0, 7.2])


def test_k1_is_the_divergence_in_the_mean():
    torch.manual_seed(0)
    first, second = torch.randn(5).log_softmax(-1), torch.randn(5).log_softmax(-1)
    exact = float((first.exp() * (first - second)).sum())
    tokens = torch.multinomial(first.exp(), 200_000, replacement=True)
    assert float((first - second)[tokens].mean()) == pytest.approx(exact, abs=0.01)


def test_sums_over_an_empty_batch_are_empty():
    assert sums_to_the_end(torch.zeros(0), torch.tensor([0])).tolist() == []


def test_leave_one_out_is_the_score_less_the_mean_of_the_others():
    scores = torch.tensor([1.0, 2.0, 6.0, 5.0])
    made = leave_one_out(scores, torch.tensor([0, 0, 0, 1]))
    assert made.tolist() == pytest.approx([1 - 4, 2 - 3.5, 6 - 1.5, 0])


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=8))
def test_leave_one_out_sums_to_zero(scores):
    made = leave_one_out(torch.tensor(scores), torch.zeros(len(scores), dtype=torch.long))
    assert float(made.sum()) == pytest.approx(0, abs=1e-4)


def test_a_part_of_the_batch_is_whitened_with_the_sums_of_the_whole():
    values = drawn(20, 3) * 4 + 9
    sums = (20.0, float(values.sum()), float(values.square().sum()))
    whole = whitened(values, *sums)
    assert float(whole.mean()) == pytest.approx(0, abs=1e-9)
    assert float(whole.var(unbiased=False)) == pytest.approx(1)
    parts = torch.cat([whitened(values[:7], *sums), whitened(values[7:], *sums)])
    assert torch.equal(parts, whole)


def test_advantages_that_are_all_alike_become_zero_and_no_noise():
    values = torch.full((5,), 0.3)
    sums = (5.0, float(values.double().sum()), float(values.double().square().sum()))
    assert whitened(values, *sums).tolist() == [0] * 5


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "moves"),
    [
        (1.0, 2.0, -2.0, True),
        (1.5, 2.0, -2.4, False),  # already likelier: no further
        (0.5, 2.0, -1.0, True),  # less likely than it was: back
        (0.5, -2.0, 1.6, False),
        (1.5, -2.0, 3.0, True),
    ],
)
def test_the_loss_is_clipped_only_where_it_would_go_further(ratio, advantage, loss, moves):
    new = torch.tensor([math.log(ratio)], requires_grad=True)
    made = policy_losses(new, torch.zeros(1), torch.tensor([advantage]), 0.2)
    made.sum().backward()
    assert made.item() == pytest.approx(loss)
    assert (new.grad.item() != 0) == moves


def test_the_value_loss_is_the_larger_of_the_two():
    old, returns = torch.zeros(2), torch.tensor([1.0, 1.0])
    new = torch.tensor([0.9, 3.0])
    assert value_losses(new, old, returns, 0.2).tolist() == pytest.approx([0.32, 2.0])
    assert value_losses(new, old, returns, 0).tolist() == pytest.approx([0.005, 2.0])


def test_explained_variance():
    returns = torch.tensor([0.0, 1.0, 2.0])
    assert explained_variance(returns, returns) == 1
    assert explained_variance(torch.ones(3), returns) == pytest.approx(0)
    assert explained_variance(-returns, returns) < 0
    assert explained_variance(returns, torch.ones(3)) == 0


def test_sums_and_divergence():
    assert episode_sums(torch.tensor([1.0, 2, 3]), torch.tensor([0, 2, 3])).tolist() == [3, 3]
    assert float(approximate_kl(torch.tensor(0.2), torch.tensor(0.0))) == pytest.approx(0.02)
