"""Examples as batches: which go together, and the tensors that the model is given.

Only the places where something is to be learnt are marked, so that the output layer need not be
computed for the prompt. Knows no model and no loss.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from policies.cloning.records import FORCED, Example, Ids

if TYPE_CHECKING:
    import torch

POOL = 32
"""Batches' worth of examples among which those of like length are put together."""


def plan(lengths: Sequence[int], tokens: int, seed: int) -> list[list[int]]:
    """Return batches of places: drawn at random, of like length, within a number of tokens.

    Args:
        lengths: of the examples.
        tokens: most tokens of a batch, padding included; a longer example is alone in its batch.
        seed: the same seed gives the same batches.
    """
    draw = random.Random(seed)
    order = list(range(len(lengths)))
    draw.shuffle(order)
    batches = []
    for pool in _pools(order, lengths, tokens * POOL):
        batches += list(_batches(sorted(pool, key=lambda place: lengths[place]), lengths, tokens))
    draw.shuffle(batches)
    return batches


def epochs(
    lengths: Sequence[int], tokens: int, seed: int, passes: float, batches: int = 0
) -> list[list[int]]:
    """Return the batches of the whole training, in order: it is known before it begins.

    Args:
        lengths: of the examples.
        tokens: most tokens of a batch.
        seed: of the order.
        passes: over the examples, if `batches` is 0; a broken number is allowed.
        batches: how many batches are wanted, with as many passes as that takes.
    """
    made: list[list[int]] = []
    number = 0
    while len(made) < batches if batches else number < passes:
        one = plan(lengths, tokens, seed * 1_000_003 + number)
        made += one if batches else one[: max(1, round(len(one) * min(1.0, passes - number)))]
        number += 1
    return made[:batches] if batches else made


def in_order(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Return batches from the shortest to the longest: for measuring, where order is all one."""
    order = sorted(range(len(lengths)), key=lambda place: lengths[place])
    return list(_batches(order, lengths, tokens))


def _pools(order: Sequence[int], lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    pool: list[int] = []
    held = 0
    for place in order:
        pool.append(place)
        held += lengths[place]
        if held >= tokens:
            yield pool
            pool, held = [], 0
    if pool:
        yield pool


def _batches(order: Sequence[int], lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Cut an order that rises in length into batches."""
    batch: list[int] = []
    for place in order:
        if batch and lengths[place] * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


class Collator:
    """Makes the tensors of a batch. Use it as `collate_fn` over batches of examples."""

    def __init__(self, sets: Sequence[Ids], vocabulary: int, pad: int) -> None:
        """Keep what all batches share.

        Args:
            sets: the sets of allowed tokens that examples name by number.
            vocabulary: how many tokens the output layer scores.
            pad: the token that fills up short rows; it is never looked at.
        """
        self._sets = sets
        self._vocabulary = vocabulary
        self._pad = pad

    def __call__(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Return the tensors of a batch, padded on the right.

        `input_ids`, `attention_mask`: (batch, time). Of each place at which a token is learnt, in
        order: `rows`, `columns` where it is, `targets` the token, `weights`; and `allowed`
        (places, vocabulary), for masked examples.
        """
        import torch

        time = max(example.length for example in examples)
        ids = np.full((len(examples), time), self._pad, np.int64)
        mask = np.zeros((len(examples), time), np.int64)
        for row, example in enumerate(examples):
            ids[row, : example.length] = [*example.prompt, *example.completion[:-1]]
            mask[row, : example.length] = 1
        places = [place for row, example in enumerate(examples) for place in _places(row, example)]
        rows, columns, targets, weights, sets = (
            np.asarray(one) for one in zip(*places, strict=True)
        )
        made: dict[str, Any] = {
            "input_ids": ids,
            "attention_mask": mask,
            "rows": rows,
            "columns": columns,
            "targets": targets,
            "weights": weights.astype(np.float32),
        }
        if examples[0].sets.size:
            made["allowed"] = self._allowed(sets)
        return {name: torch.from_numpy(array) for name, array in made.items()}

    def _allowed(self, sets: Iterable[int]) -> NDArray[np.bool_]:
        numbers = list(sets)
        allowed = np.zeros((len(numbers), self._vocabulary), np.bool_)
        for row, number in enumerate(numbers):
            allowed[row, self._sets[number]] = True
        return allowed


def _places(row: int, example: Example) -> Iterator[tuple[int, int, int, float, int]]:
    """Yield row, column, target, weight and set of each token that is learnt."""
    first = len(example.prompt) - 1
    for place, token in enumerate(example.completion.tolist()):
        number = int(example.sets[place]) if example.sets.size else 0
        if number != FORCED:
            yield row, first + place, token, example.weight, number
