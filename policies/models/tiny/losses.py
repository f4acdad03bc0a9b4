"""What is minimised in pretraining: pure functions of tensors. Knows no loop."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

WRITING = 0.1
"""Weight of the choice among all tokens, beside that among the lines that could be written: so
that beginnings of tokens, which a grammar allows too, lose against whole ones."""


class Lines(NamedTuple):
    """Loss of the lines of tasks, and how many choices were right."""

    loss: Tensor
    right: float
    """Share of the choices."""
    choosing: float
    """Nats for a choice."""


def line_loss(logits: Tensor, choices: Tensor) -> Lines:
    """Return the loss of foretelling the first of each place's choices.

    Args:
        logits: (places, vocabulary).
        choices: (places, most), the right one first, the rest filled up with -1.
    """
    logits = logits.float()
    writing = functional.cross_entropy(logits, choices[:, 0])
    free = (
        choices[:, 1] >= 0 if choices.shape[1] > 1 else torch.zeros(len(choices), dtype=torch.bool)
    )
    if not free.any():
        return Lines(WRITING * writing, 1.0, 0.0)
    open_to = choices[free]
    scores = logits[free].gather(1, open_to.clamp(min=0)).masked_fill(open_to < 0, -torch.inf)
    choosing = -scores.log_softmax(1)[:, 0].mean()
    right = (scores.argmax(1) == 0).float().mean().item()
    return Lines(choosing + WRITING * writing, right, choosing.item())
