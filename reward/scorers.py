"""Scorers: how good an answer is, as a number with its parts. Knows no particular rule or model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from env.records import Answer


@dataclass(frozen=True, slots=True)
class Score:
    """What a scorer says of one answer."""

    value: float
    """More is better. Never NaN."""
    parts: dict[str, float] = field(default_factory=dict)
    """What the value is made of, by name; each is logged apart."""
    scorer: str = ""
    version: str = ""


class Scorer(Protocol):
    """Scores answers. Rules, support judges, reward models, and sums of them."""

    @property
    def name(self) -> str:
        """Recorded with every score."""

    async def score(self, answers: Sequence[Answer]) -> list[Score]:
        """Return a score for each answer, in order.

        Answers to one question side by side may share work. An answer without text is scored, too.
        """
