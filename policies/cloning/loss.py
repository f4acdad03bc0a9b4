"""What a model says of the tokens that are learnt, and the loss made of it.

Behaviour cloning is the likelihood of the demonstrated lines (WebGPT, section 3.2). Knows tensors
and a model's output layer; no files and no training loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from policies.likelihood import log_distribution
from policies.models.base import ModelError

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
        head: its output layer; see `output_layer`.
        batch: as a Collator makes it.
    """
    rows, columns, targets = batch["rows"], batch["columns"], batch["targets"]
    with only_at(head, rows, columns):
        # No attention mask: rows are filled up on the right, where a causal model never looks back
        # from, and without one attention is quicker by half.
        output = model(input_ids=batch["input_ids"], use_cache=False)
    distribution = log_distribution(output.logits[0], batch.get("allowed"))  # (places, vocabulary)
    logprobs = distribution.gather(-1, targets[:, None])[:, 0]
    return Scored(logprobs, distribution.argmax(-1))


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


@contextmanager
def only_at(head: nn.Module, rows: torch.Tensor, columns: torch.Tensor) -> Iterator[None]:
    """Let an output layer score some places only: (1, places, vocabulary) instead of all.

    A hook, because the model must be called as a whole: a wrapper that sums the gradients of
    several processes, and a model that scales its logits, both see it as always.
    """

    def select(_layer: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return (inputs[0][rows, columns][None], *inputs[1:])

    hook = head.register_forward_pre_hook(select)
    try:
        yield
    finally:
        hook.remove()


def output_layer(model: Any) -> nn.Module:  # noqa: ANN401 - a model of transformers or peft
    """Return the layer that scores the vocabulary.

    Raises:
        ModelError: the model has none, so it is no language model.
    """
    if (head := model.get_output_embeddings()) is None:
        raise ModelError(f"{type(model).__name__} has no output layer: use a causal language model")
    return head
