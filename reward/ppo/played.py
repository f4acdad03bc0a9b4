"""An episode that was played in training, kept to be read. Knows no model."""

from __future__ import annotations

from dataclasses import dataclass

from env.records import Episode

READ = "read"
"""Folder of these, a file of JSON lines for each update."""


@dataclass(frozen=True, slots=True)
class Played:
    """A line of such a file."""

    update: int
    """The update before which it was played."""
    score: float
    parts: dict[str, float]
    held_out: float | None
    episode: Episode
