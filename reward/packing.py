"""Sequences with common beginnings as rows in which each common beginning stands once.

A row holds a tree: each token attends to those before it on its own path alone. So sixteen answers
to one question cost one prompt, and the numbers stay those of sixteen rows (causal models only).
Plain rows, one a sequence, are made here too. Knows token ids, no text and no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Ids = Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """Sequences joined at their common beginnings; parents stand before their children."""

    ids: NDArray[np.int64]
    """(nodes,) token ids."""
    depths: NDArray[np.int64]
    """(nodes,) place of each in its sequence, from 0."""
    above: NDArray[np.bool_]
    """(nodes, nodes) whether the column is the row itself or before it on its path."""
    ends: NDArray[np.int64]
    """(sequences,) the node at which each sequence ends, in the order they were given."""

    @property
    def size(self) -> int:
        """Tokens to be computed."""
        return len(self.ids)


def make_tree(sequences: Sequence[Ids]) -> Tree:
    """Join sequences; equal ones share every node.

    Raises:
        ValueError: one is empty, or there is none.
    """
    if not sequences or not all(sequences):
        raise ValueError("a tree is made of sequences with at least one token each")
    order = sorted(range(len(sequences)), key=lambda number: tuple(sequences[number]))
    size = tree_size(sequences)
    ids, depths, ends = np.zeros(size, np.int64), np.zeros(size, np.int64), [0] * len(sequences)
    above = np.zeros((size, size), np.bool_)
    path: list[int] = []
    last: tuple[int, ...] = ()
    made = 0
    for number in order:
        sequence = sequences[number]
        common = _common(last, sequence)
        new = len(sequence) - common
        path = path[:common] + list(range(made, made + new))
        ids[made : made + new] = sequence[common:]
        depths[made : made + new] = range(common, len(sequence))
        if new:
            above[made : made + new, path[:common]] = True
            above[made : made + new, made : made + new] = np.tri(new, dtype=np.bool_)
        made += new
        ends[number] = path[-1]
        last = tuple(sequence)
    return Tree(ids, depths, above, np.array(ends, np.int64))


def tree_size(sequences: Sequence[Ids]) -> int:
    """Return how many nodes the tree of sequences has, without making it."""
    ordered = sorted(map(tuple, sequences))
    size = 0
    last: tuple[int, ...] = ()
    for sequence in ordered:
        size += len(sequence) - _common(last, sequence)
        last = sequence
    return size


def common_beginning(sequences: Sequence[Ids]) -> int:
    """Return how many tokens all sequences begin with; at least one is left of each."""
    first, last = min(map(tuple, sequences)), max(map(tuple, sequences))
    return min(_common(first, last), min(map(len, sequences)) - 1)


def _common(first: Ids, second: Ids) -> int:
    """Return the length of the common beginning."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))


def chunks(sequences: Sequence[Ids], tokens: int) -> Iterator[list[int]]:
    """Yield the numbers of sequences whose trees have at most so many nodes.

    A sequence that is longer alone is alone. Sequences with common beginnings stay together.
    """
    order = sorted(range(len(sequences)), key=lambda number: tuple(sequences[number]))
    chunk: list[int] = []
    size = 0
    last: tuple[int, ...] = ()
    for number in order:
        sequence = tuple(sequences[number])
        new = len(sequence) - _common(last, sequence)
        if chunk and size + new > tokens:
            yield chunk
            chunk, size, new = [], 0, len(sequence)
        chunk.append(number)
        size, last = size + new, sequence
    if chunk:
        yield chunk


def tree_batch(trees: Sequence[Tree], pad: int) -> dict[str, torch.Tensor]:
    """Return the tensors of rows, one tree each, padded on the right.

    `input_ids`, `position_ids`, `attention_mask` (real tokens): (rows, time); `above`: (rows, 1,
    time, time) bool, what each token looks at; `rows`, `columns`: (sequences,) where the
    sequences end, tree after tree.
    """
    time = max(tree.size for tree in trees)
    made: dict[str, Any] = {
        "input_ids": np.full((len(trees), time), pad, np.int64),
        "position_ids": np.zeros((len(trees), time), np.int64),
        "attention_mask": np.zeros((len(trees), time), np.int64),
        "above": np.zeros((len(trees), 1, time, time), np.bool_),
    }
    for row, tree in enumerate(trees):
        made["input_ids"][row, : tree.size] = tree.ids
        made["position_ids"][row, : tree.size] = tree.depths
        made["attention_mask"][row, : tree.size] = 1
        made["above"][row, 0, : tree.size, : tree.size] = tree.above
        # Padding looks at itself, for a softmax over nothing is no number.
        filled = np.arange(tree.size, time)
        made["above"][row, 0, filled, filled] = True
    made["rows"] = np.repeat(np.arange(len(trees)), [len(tree.ends) for tree in trees])
    made["columns"] = np.concatenate([tree.ends for tree in trees])
    return _tensors(made)


def plain_batch(
    sequences: Sequence[Ids], pad: int, begins: Sequence[int] = ()
) -> dict[str, torch.Tensor]:
    """Return the tensors of rows, one sequence each, padded on the right.

    `input_ids`, `attention_mask`: (rows, time); with `begins`, the places where the second parts
    begin, also `token_type_ids`.
    """
    time = max(map(len, sequences))
    made: dict[str, Any] = {
        "input_ids": np.full((len(sequences), time), pad, np.int64),
        "attention_mask": np.zeros((len(sequences), time), np.int64),
    }
    for row, sequence in enumerate(sequences):
        made["input_ids"][row, : len(sequence)] = sequence
        made["attention_mask"][row, : len(sequence)] = 1
    if begins:
        places = np.arange(time)[None]
        made["token_type_ids"] = (places >= np.array(begins)[:, None]) * made["attention_mask"]
    return _tensors(made)


def _tensors(arrays: Mapping[str, NDArray[Any]]) -> dict[str, torch.Tensor]:
    import torch

    return {name: torch.from_numpy(array) for name, array in arrays.items()}
