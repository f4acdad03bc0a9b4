"""What is learnt from, as data. Knows no tokenizer and no model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]

FORCED = -1
"""In place of a set of tokens: the grammar leaves one, so there is nothing to learn."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One step. Token `i` of the completion is foretold at place `len(prompt) - 1 + i`."""

    question: str
    """Id of the question: it decides whether the example is held out."""
    kind: str
    """A command's name, or `answering`."""
    weight: float
    prompt: Ids
    completion: Ids
    """The label, the end token included."""
    sets: Ids
    """For each token of the completion: which of `Examples.sets` was allowed there, or FORCED.
    Empty when nothing is masked."""

    @property
    def length(self) -> int:
        """Tokens that the model reads; the last one is only foretold."""
        return len(self.prompt) + len(self.completion) - 1


@dataclass(frozen=True, slots=True)
class Examples:
    """All examples, and how often a step gave none, by reason."""

    all: tuple[Example, ...] = ()
    sets: tuple[Ids, ...] = ()
    """The sets of allowed tokens that occur, each once, sorted."""
    left_out: dict[str, int] = field(default_factory=dict)
