"""Sheets as tensors: the page once, and behind it each task as if it stood there alone.

A task's tokens see the page and their own task, never another one, and count their positions from
the page's end: what is learnt is what a prompt of one task would teach. Knows no loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from policies.models.tiny.reading import Sheet, Task

PAGE = 0
"""Number of the page among the parts of a sheet; tasks count from 1."""


class Batch(NamedTuple):
    """Tensors of some sheets."""

    ids: Tensor
    """(batch, time), padded on the right."""
    positions: Tensor
    """(batch, time)."""
    seen: Tensor
    """(batch, 1, time, time): which token sees which, as a mask of attention."""
    rows: Tensor
    """(places): where a token of a line is foretold; row and column of the token before it."""
    columns: Tensor
    choices: Tensor
    """(places, most): the target, then the tokens with which other lines go on there; else -1."""
    page: Tensor
    """(batch, time): whether a token of the page follows."""


class _Row(NamedTuple):
    ids: list[int]
    positions: list[int]
    parts: list[int]
    learnt: list[tuple[int, list[int]]]
    """Column, and the choices there."""


class Sheets:
    """Encodes sheets with one tokenizer."""

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401 - no types
        self._encoder = tokenizer.backend_tokenizer
        self._end: int = tokenizer.eos_token_id
        self._pad: int = tokenizer.pad_token_id

    def batch(self, sheets: Sequence[Sheet]) -> Batch:
        """Return the tensors of some sheets."""
        rows = [self._row(sheet) for sheet in sheets]
        time = max(len(row.ids) for row in rows)
        ids = torch.full((len(rows), time), self._pad)
        positions = torch.zeros((len(rows), time), dtype=torch.long)
        parts = torch.full((len(rows), time), -1)
        for place, row in enumerate(rows):
            length = len(row.ids)
            ids[place, :length] = torch.tensor(row.ids)
            positions[place, :length] = torch.tensor(row.positions)
            parts[place, :length] = torch.tensor(row.parts)
        learnt = [(place, *one) for place, row in enumerate(rows) for one in row.learnt]
        most = max(len(choices) for _, _, choices in learnt)
        where = torch.tensor([one[:2] for one in learnt]).T
        choices = torch.tensor([one[2] + [-1] * (most - len(one[2])) for one in learnt])
        page = (parts == PAGE) & (parts.roll(-1, 1) == PAGE)
        return Batch(ids, positions, _seen(parts), where[0], where[1], choices, page)

    def ids(self, text: str) -> list[int]:
        """Return the tokens of a text."""
        return list(self._encoder.encode(text, add_special_tokens=False).ids)

    def _row(self, sheet: Sheet) -> _Row:
        ids = self.ids(sheet.page)
        row = _Row(ids, list(range(len(ids))), [PAGE] * len(ids), [])
        start = len(ids)
        for number, task in enumerate(sheet.tasks, start=PAGE + 1):
            asked, line = self.ids(task.asked), [*self.ids(task.line), self._end]
            for place, choices in enumerate(self._choices(task, line)):
                row.learnt.append((len(row.ids) + len(asked) - 1 + place, choices))
            row.ids.extend(asked + line[:-1])
            added = len(row.ids) - len(row.positions)
            row.positions.extend(range(start, start + added))
            row.parts.extend([number] * added)
        return row

    def _choices(self, task: Task, line: Sequence[int]) -> list[list[int]]:
        """Return for each token of a line the ones that could stand there, itself first."""
        rivals = [[*self.ids(other), self._end] for other in task.others]
        choices = []
        for place, token in enumerate(line):
            rivals = [rival for rival in rivals if rival[:place] == line[:place]]
            choices.append(list(dict.fromkeys([token, *(rival[place] for rival in rivals)])))
        return choices


def _seen(parts: Tensor) -> Tensor:
    """Return (batch, 1, time, time): earlier tokens of the page and of the same task."""
    earlier = torch.ones(parts.shape[1], parts.shape[1], dtype=torch.bool).tril()
    same = parts[:, :, None] == parts[:, None, :]
    return (earlier & (same | (parts == PAGE)[:, None, :]))[:, None]
