"""The maths of reinforcement learning as pure functions of tensors.

An episode's prompts are separate sequences, so all tokens that the policy chose stand in one flat
tensor instead: (tokens,), episode after episode, each in the order of time. Tokens that the
grammar forced are not among them. `starts` (episodes + 1,) says where each episode begins, and at
its end the number of tokens. Knows no model and no browser.
"""

from __future__ import annotations

from typing import NamedTuple

import torch


def token_rewards(
    logprobs: torch.Tensor,
    reference: torch.Tensor,
    scores: torch.Tensor,
    starts: torch.Tensor,
    kl: float,
) -> torch.Tensor:
    """Return the reward of each token: the price of its divergence, and at the end the score.

    The price is the estimator K1, log p - log q of the token that was drawn, both under the mask:
    its gradient is unbiased when it stands in the reward (WebGPT, section 3.2).

    Args:
        logprobs: (tokens,) of the policy that played.
        reference: (tokens,) of the cloned policy.
        scores: (episodes,); each episode has at least one token.
        starts: (episodes + 1,).
        kl: score that a nat costs.
    """
    rewards = -kl * (logprobs - reference)
    rewards[starts[1:] - 1] += scores.to(rewards)
    return rewards


class Advantages(NamedTuple):
    """What generalised advantage estimation gives."""

    advantages: torch.Tensor
    """(tokens,)."""
    returns: torch.Tensor
    """(tokens,) what the critic is to foretell: the rewards from here to the end."""


def gae(
    rewards: torch.Tensor, values: torch.Tensor, starts: torch.Tensor, decay: float
) -> Advantages:
    """Return advantages over the tokens of each episode, joined over its prompts, undiscounted.

    The returns are those of lambda 1, whatever the advantages': the critic's own errors do not
    come into what it learns (VAPO, 2504.05118).

    Args:
        rewards: (tokens,).
        values: (tokens,) of the states in which the tokens were chosen.
        starts: (episodes + 1,).
        decay: lambda of the advantages (Schulman et al., 1506.02438).
    """
    following = torch.cat([values[1:], values.new_zeros(1)])
    following[starts[1:] - 1] = 0.0
    deltas = rewards + following - values
    return Advantages(sums_to_the_end(deltas, starts, decay), sums_to_the_end(rewards, starts))


def sums_to_the_end(terms: torch.Tensor, starts: torch.Tensor, decay: float = 1.0) -> torch.Tensor:
    """Return for each token the sum from it to its episode's end, each step further times `decay`.

    Args:
        terms: (tokens,).
        starts: (episodes + 1,).
        decay: from 0 to 1.
    """
    lengths = starts[1:] - starts[:-1]
    if not len(terms):
        return terms.clone()
    longest = int(lengths.max())
    # (episodes, longest), filled up with zeros in front, so that all episodes end together.
    places = torch.arange(longest, device=terms.device)[None] - (longest - lengths)[:, None]
    inside = places >= 0
    table = terms.new_zeros(inside.shape, dtype=torch.float64)
    table[inside] = terms.double()
    sums = torch.zeros_like(table)
    running = table.new_zeros(len(lengths))
    for column in range(longest - 1, -1, -1):
        running = table[:, column] + decay * running
        sums[:, column] = running
    return sums[inside].to(terms.dtype)


def leave_one_out(scores: torch.Tensor, groups: torch.Tensor) -> torch.Tensor:
    """Return how much better each score is than the mean of the others of its group.

    0 for one that is alone: there is nothing to compare it with (RLOO, Ahmadian et al.,
    2402.14740).

    Args:
        scores: (n,).
        groups: (n,) a number from 0 for each.
    """
    number = int(groups.max()) + 1 if len(groups) else 0
    counts = torch.bincount(groups, minlength=number)[groups].to(scores)
    sums = scores.new_zeros(number).index_add_(0, groups, scores)[groups]
    others = (sums - scores) / (counts - 1).clamp(min=1)
    return torch.where(counts > 1, scores - others, torch.zeros_like(scores))


def whitened(values: torch.Tensor, count: float, total: float, squares: float) -> torch.Tensor:
    """Return values with mean 0 and variance 1 over a batch, of which they may be a part.

    Args:
        values: (tokens,).
        count: of the values in the whole batch.
        total: their sum.
        squares: the sum of their squares.
    """
    mean = total / count
    variance = max(0.0, squares / count - mean * mean)
    # Values that are all alike carry no information: they become 0, never noise blown up.
    return (
        (values - mean) / (variance**0.5 + 1e-8) if variance > 1e-16 else torch.zeros_like(values)
    )


def policy_losses(
    new: torch.Tensor, old: torch.Tensor, advantages: torch.Tensor, clip: float
) -> torch.Tensor:
    """Return the clipped loss of each token (Schulman et al., 1707.06347), of shape (tokens,)."""
    ratios = (new - old).exp()
    return torch.maximum(-advantages * ratios, -advantages * ratios.clamp(1 - clip, 1 + clip))


def value_losses(
    new: torch.Tensor, old: torch.Tensor, returns: torch.Tensor, clip: float
) -> torch.Tensor:
    """Return half the squared error of each value, (tokens,), the larger one of it and of the
    error of the value kept within `clip` of the old one; 0 does not keep it.
    """  # noqa: D205 - one sentence
    errors = (new - returns).square()
    if clip:
        kept = old + (new - old).clamp(-clip, clip)
        errors = torch.maximum(errors, (kept - returns).square())
    return 0.5 * errors


def approximate_kl(new: torch.Tensor, old: torch.Tensor) -> torch.Tensor:
    """Return half the squared differences of log-probabilities, in nats, of shape (tokens,)."""
    return 0.5 * (new - old).square()


def explained_variance(values: torch.Tensor, returns: torch.Tensor) -> float:
    """Return the share of the returns' variance that the values foretell; 1 is all of it.

    Below 0 they are worse than a constant. 0 where the returns do not vary.
    """
    variance = float(returns.double().var(unbiased=False)) if len(returns) else 0.0
    if variance < 1e-12:
        return 0.0
    return 1.0 - float((returns - values).double().var(unbiased=False)) / variance


def episode_sums(terms: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """Return the sum over each episode's tokens, of shape (episodes,)."""
    sums = torch.cat([terms.new_zeros(1, dtype=torch.float64), terms.double().cumsum(0)])
    return (sums[starts[1:]] - sums[starts[:-1]]).to(terms.dtype)
