"""Critiques of an answer: the record, and critics that need no model (see `criticise`).

A critique says what is wrong with a span of an answer, and where possible which quote shows it
(Saunders et al. 2022, "Self-critiquing models for assisting human evaluators").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CritiqueKind = Literal["unsupported", "contradiction", "number", "citation", "trust", "other"]


@dataclass(frozen=True, slots=True)
class Critique:
    """One fault that is said to be in an answer."""

    start: int
    """Of the span in the answer's text, in code points."""
    end: int
    kind: CritiqueKind
    text: str
    """What is wrong, in a sentence."""
    quote: int = 0
    """Number of the quote it points at, from 1; 0 for none."""
    quote_start: int = 0
    """Of the span in the quote's text, in code points."""
    quote_end: int = 0
    gravity: float = 0.5
    """From 0 (does not matter) to 1 (makes the answer wrong)."""
    author: str = ""
    """Name and version of the critic."""
