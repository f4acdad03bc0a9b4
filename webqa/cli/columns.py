"""Rows of cells as lines of text, in columns. Knows not what the cells say."""

from __future__ import annotations

from collections.abc import Sequence

from webqa.cli.terminal import one_line

CELL = 60
"""Characters of a cell, at the most."""


def in_columns(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Return rows of equally many cells as lines: the first columns to the left, others right.

    Args:
        rows: the first may be headings.
        left: how many columns stand to the left.
    """
    shown = [[one_line(cell, CELL) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return ["  ".join(_row(row, widths, left)).rstrip() for row in shown]


def _row(row: Sequence[str], widths: Sequence[int], left: int) -> list[str]:
    return [
        cell.ljust(width) if place < left else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
