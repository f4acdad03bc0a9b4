"""What a model says of the tokens that are learnt, and the loss made of it.

Behaviour cloning is the likelihood of the demonstrated lines (WebGPT, section 3.2). Knows a
Collator's tensors; what a likelihood is stands in policies.likelihood alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from policies.likelihood import at_tokens, log_distribution, logits_at

if TYPE_CHECKING:
    import torch
    from torch import nn


class Scored(NamedTuple):
    """Of each place at which a token is learnt, in the batch's order."""

    logprobs: torch.Tensor
    """(places,) natural logarithm of the target's probability, among what was allowed."""
    best: torch.Tensor
    """(places,) the likeliest token among what was allowed."""


def score(model: nn.Module, head: nn.Module, batch: Mapping[str, torch.Tensor]) -> Scored:
    """Run a model over a batch.

    Args:
        model: a causal language model, possibly wrapped for several processes.
        head: its output layer; see `policies.likelihood.output_layer`.
        batch: as a Collator makes it.
    """
    logits = logits_at(model, head, batch["input_ids"], batch["rows"], batch["columns"])
    distribution = log_distribution(logits, batch.get("allowed"))  # (places, vocabulary)
    return Scored(at_tokens(distribution, batch["targets"]), distribution.argmax(-1))


def weighted_loss(
    logprobs: torch.Tensor, weights: torch.Tensor, total: torch.Tensor | float
) -> torch.Tensor:
    """Return the weighted mean of the negative log-probabilities, in nats.

    Args:
        logprobs: (places,).
        weights: (places,).
        total: of the weights; of several batches that make one update, the sum over all.
    """
    return -(weights * logprobs).sum() / total
