"""Masked log-probabilities: the one definition, used by sampling, cloning, PPO and KL.

The policy *is* the masked, renormalised distribution: a token that is not legal has probability
zero, and a token that is forced has probability one, hence log-probability 0 and no gradient.
First the maths as pure functions of tensors, then the replay of masks, then a model run over whole
completions. Knows no browser, no files and no optimiser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from policies.models.base import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from policies.grammar.legal import Legal
    from policies.models.tokens import Tokens


def log_distribution(
    logits: torch.Tensor,
    allowed: torch.Tensor | None = None,
    temperature: float | torch.Tensor = 1.0,
) -> torch.Tensor:
    """Return the natural logarithms of the distribution that is sampled from, in fp32.

    Args:
        logits: (..., vocabulary), in any floating type.
        allowed: the same shape, bool; None allows everything. At least one token per place.
        temperature: what the logits are divided by, for all alike or shaped to fit them; 0, at
            which nothing is drawn, counts as 1.
    """
    logits = logits.float()
    if isinstance(temperature, torch.Tensor):
        logits = logits / temperature.masked_fill(temperature == 0, 1.0)
    elif temperature not in (0.0, 1.0):
        logits = logits / temperature
    if allowed is not None:
        logits = logits.masked_fill(~allowed, float("-inf"))
    return logits.log_softmax(-1)


def masked_logprobs(
    logits: torch.Tensor,
    targets: torch.Tensor,
    allowed: torch.Tensor | None = None,
    temperature: float = 1.0,
) -> torch.Tensor:
    """Return the log-probabilities of the targets, of shape (batch, time).

    Args:
        logits: (batch, time, vocabulary).
        targets: (batch, time) token ids.
        allowed: (batch, time, vocabulary), bool.
        temperature: as it was when the targets were sampled.
    """
    return at_tokens(log_distribution(logits, allowed, temperature), targets)


def at_tokens(distribution: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Return what a distribution, (..., vocabulary), says of tokens, (...)."""
    return distribution.gather(-1, tokens[..., None])[..., 0]


def entropy(
    logits: torch.Tensor, allowed: torch.Tensor | None = None, temperature: float = 1.0
) -> torch.Tensor:
    """Return the entropies of the masked distributions in nats, of shape (batch, time)."""
    distribution = log_distribution(logits, allowed, temperature)
    # 0 log 0 is 0: what is not allowed must add neither a value nor a gradient.
    finite = distribution.masked_fill(distribution == float("-inf"), 0.0)
    return -(distribution.exp() * finite).sum(-1)


class Replay(NamedTuple):
    """What was allowed at each token of a completion."""

    ids: tuple[NDArray[np.int64], ...]
    """Sorted ids of the allowed tokens; empty where nothing was masked."""
    forced: NDArray[np.bool_]
    """Whether the grammar left no choice; shape (tokens,)."""


def replay(tokens: Tokens, legal: Legal | None, token_ids: Sequence[int]) -> Replay:
    """Replay a completion through its grammar, just as the engine went through it.

    Raises:
        ModelError: the tokens cannot have been written under what is legal.
    """
    import numpy as np

    if legal is None:
        return Replay((), np.zeros(len(token_ids), np.bool_))
    allowed = tokens.masks.allowed(legal, list(token_ids))
    return Replay(allowed.ids, allowed.forced)


@dataclass(frozen=True, slots=True)
class Written:
    """A prompt and what was written after it, as token ids."""

    prompt: tuple[int, ...]
    completion: tuple[int, ...]
    """At least one token."""
    allowed: tuple[NDArray[np.int64], ...] = ()
    """For each token of the completion the ids that were allowed; empty: everything was."""


class Batch(NamedTuple):
    """Some of what was written as tensors, right-padded."""

    ids: torch.Tensor
    """(batch, length) token ids: prompt, completion, padding."""
    places: torch.Tensor
    """(batch, time) where in `ids` the token stands that predicts the target."""
    targets: torch.Tensor
    """(batch, time) the tokens of the completions; 0 in the padding."""
    counted: torch.Tensor
    """(batch, time) bool: whether there is a target."""
    forced: torch.Tensor
    """(batch, time) bool: whether just one token was allowed."""
    sets: tuple[tuple[NDArray[np.int64], ...], ...]
    """The allowed ids of each row, sparse; see `allowed_mask`."""


def make_batch(written: Sequence[Written], device: str | torch.device = "cpu") -> Batch:
    """Put what was written into tensors.

    Raises:
        ModelError: a prompt or completion is empty, or the allowed sets do not fit it.
    """
    for one in written:
        if not one.prompt or not one.completion or len(one.allowed) not in (0, len(one.completion)):
            raise ModelError(
                f"cannot score a prompt of {len(one.prompt)} and a completion of "
                f"{len(one.completion)} tokens with {len(one.allowed)} allowed sets"
            )
    length = max(len(one.prompt) + len(one.completion) for one in written)
    time = max(len(one.completion) for one in written)
    ids = torch.zeros(len(written), length, dtype=torch.long)
    places, targets, counted, forced = torch.zeros(4, len(written), time, dtype=torch.long)
    for row, one in enumerate(written):
        whole, size = one.prompt + one.completion, len(one.completion)
        ids[row, : len(whole)] = torch.tensor(whole)
        places[row, :size] = torch.arange(size) + len(one.prompt) - 1
        targets[row, :size] = torch.tensor(one.completion)
        counted[row, :size] = 1
        if one.allowed:
            forced[row, :size] = torch.tensor([len(some) == 1 for some in one.allowed])
    return Batch(
        ids.to(device),
        places.to(device),
        targets.to(device),
        counted.bool().to(device),
        forced.bool().to(device),
        tuple(one.allowed for one in written),
    )


def allowed_mask(batch: Batch, vocabulary: int) -> torch.Tensor | None:
    """Return what was allowed, as (batch, time, vocabulary); None where everything was."""
    if not any(batch.sets):
        return None
    mask = torch.ones(*batch.targets.shape, vocabulary, dtype=torch.bool)
    for row, sets in enumerate(batch.sets):
        for place, ids in enumerate(sets):
            mask[row, place] = False
            mask[row, place, torch.from_numpy(ids)] = True
    return mask.to(batch.targets.device)


class Scores(NamedTuple):
    """What a model says of completions; 0 in the padding."""

    logprobs: torch.Tensor
    """(batch, time)."""
    entropies: torch.Tensor
    """(batch, time) in nats; 0 where the token was forced."""


def completion_logprobs(model: Any, batch: Batch, temperature: float = 1.0) -> Scores:  # noqa: ANN401
    """Run a causal model over prompts with their completions and score the completions.

    Gradients flow unless they are switched off outside.

    Args:
        model: a causal language model of transformers.
        batch: on the model's device.
        temperature: as it was when the completions were sampled.
    """
    logits = completion_logits(model, batch)
    allowed = allowed_mask(batch, logits.shape[-1])
    logprobs = masked_logprobs(logits, batch.targets, allowed, temperature)
    spread = entropy(logits, allowed, temperature)
    return Scores(
        logprobs.masked_fill(~batch.counted, 0.0), spread.masked_fill(~batch.counted, 0.0)
    )


def completion_logits(model: Any, batch: Batch) -> torch.Tensor:  # noqa: ANN401
    """Return the logits of the completions' tokens, of shape (batch, time, vocabulary)."""
    rows = torch.arange(len(batch.ids), device=batch.ids.device)[:, None].expand_as(batch.places)
    return logits_at(model, output_layer(model), batch.ids, rows, batch.places)


def logits_at(
    model: nn.Module, head: nn.Module, ids: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """Run a causal model, and its output layer only where a token is asked for.

    Args:
        model: of transformers, possibly wrapped for several processes.
        head: its output layer; see `output_layer`.
        ids: (batch, length) token ids, padded on the right.
        rows: of any shape; the rows that are asked for.
        columns: the same shape; where in them.

    Returns:
        The logits of the next token at each, of the shape of `rows` and the vocabulary's size.
    """
    shape = rows.shape
    with _only_at(head, rows.flatten(), columns.flatten()):
        # No attention mask: rows are filled up on the right, where a causal model never looks back
        # from, and without one attention is quicker by half.
        logits: torch.Tensor = model(input_ids=ids, use_cache=False).logits
    return logits[0].view(*shape, -1)


@contextmanager
def _only_at(head: nn.Module, rows: torch.Tensor, columns: torch.Tensor) -> Iterator[None]:
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
