"""Rows of a batch as tensors, a few at a time: of like length, and those just alike only once.

Knows no model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch

from policies.cloning.records import Example
from reward.ppo.batch import Joined, of_like_length

Collate = Callable[[Sequence[Example]], dict[str, torch.Tensor]]


class Pass(NamedTuple):
    """Some rows, to be run through a model at once."""

    places: torch.Tensor
    """Where their tokens are among all of the batch."""
    copies: torch.Tensor
    """For each of these, which of the tensors' tokens it is: that of the row it is a copy of."""
    tensors: dict[str, torch.Tensor]
    """As a Collator makes them, on the device."""


def passes(
    batch: Joined, rows: Sequence[int], collate: Collate, tokens: int, device: torch.device
) -> Iterator[Pass]:
    """Yield some rows of a batch, each once.

    Args:
        batch: the whole.
        rows: numbers of rows.
        collate: makes the tensors.
        tokens: of a pass at most, padding included.
        device: that the tensors are moved to.
    """
    alike: dict[int, list[int]] = {}
    for row in rows:
        alike.setdefault(batch.same[row], []).append(row)
    groups = list(alike.values())
    for chosen in of_like_length([batch.examples[one[0]].length for one in groups], tokens):
        tensors = collate([batch.examples[groups[place][0]] for place in chosen])
        copies, at = [], 0
        for place in chosen:
            row = groups[place][0]
            count = int(batch.row_starts[row + 1] - batch.row_starts[row])
            copies.append(torch.arange(at, at + count).repeat(len(groups[place])))
            at += count
        numbers = [row for place in chosen for row in groups[place]]
        yield Pass(
            batch.places(numbers),
            torch.cat(copies),
            {name: one.to(device) for name, one in tensors.items()},
        )
