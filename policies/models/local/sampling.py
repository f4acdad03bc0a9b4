"""The next tokens of a batch, drawn from the masked distributions. Knows tensors only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from policies.likelihood import at_tokens, log_distribution


class Chosen(NamedTuple):
    """The next token of each row."""

    tokens: list[int]
    logprobs: list[float]
    """NaN where a model gave scores that are no numbers, or nothing was allowed."""


def choose(
    logits: torch.Tensor,
    allowed: torch.Tensor | None,
    temperatures: Sequence[float],
    draws: Sequence[float],
) -> Chosen:
    """Choose a token for each row.

    Args:
        logits: (rows, vocabulary).
        allowed: the same shape, bool; None allows everything.
        temperatures: one per row; 0 takes the likeliest token.
        draws: one number in [0, 1) per row: where in the distribution the token is taken, so
            that what a row draws does not depend on the other rows.
    """
    divisors = torch.tensor(temperatures, dtype=torch.float32, device=logits.device)[:, None]
    distribution = log_distribution(logits, allowed, divisors)
    tokens = distribution.argmax(-1)
    if any(temperatures):
        drawn = _inverse(distribution, torch.tensor(draws, dtype=torch.float64))
        greedy = torch.tensor([not one for one in temperatures], device=logits.device)
        tokens = torch.where(greedy, tokens, drawn)
    return Chosen(tokens.tolist(), at_tokens(distribution, tokens).tolist())


def _inverse(distribution: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """Return for each row the first token whose cumulated probability passes the draw."""
    sums = distribution.exp().cumsum(-1, dtype=torch.float64)
    total = sums[:, -1:]
    wanted = draws.to(sums.device)[:, None] * total
    # Rounding must not lead behind the last token that has a probability.
    wanted = torch.minimum(wanted, torch.nextafter(total, torch.zeros_like(total)))
    found = torch.searchsorted(sums, wanted, right=True)[:, 0]
    return found.clamp(max=distribution.shape[-1] - 1)
