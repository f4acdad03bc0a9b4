"""Which questions are trained on and which are held out. Knows nothing but their ids.

A question's part depends on its id alone: it is the same in every run, whatever other questions
there are, and an answer that was seen in training is never asked for in a measurement.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

Part = Literal["train", "validation"]


def part_of(question: str, validation: float = 0.1) -> Part:
    """Return the part that the question with this id belongs to.

    Args:
        question: the question's id.
        validation: share of all questions that are held out to measure on while training; a
            greater one holds out the same questions and others.
    """
    place = int.from_bytes(sha256(question.encode()).digest()[:8]) / 2**64
    return "validation" if place < validation else "train"
