"""How much a policy may write freely. Knows no grammar library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class GrammarConfig:
    """FREE lets a model write all that can be carried out; the others are for small models."""

    queries: Literal["free", "question", "whole"] = "free"
    """Of searches and finds: any text, or distinct words of the question in their order; whole: a
    search has all of them, so that there is nothing to choose."""
    quotes: Literal["spans", "sentences", "numbered"] = "spans"
    """Any run of words on the screen (also `<start>━<end>`), a whole sentence, or the number that
    the sentence has in the prompt (`PromptConfig.aids`), which the policy spells out."""
    answers: Literal["free", "quoted", "marks"] = "free"
    """Any text with at least one `[n]` that exists; or quotes, each followed by its mark; or only
    the marks of quotes, which the policy spells out."""
    least_quotes: int = 0
    """`End: Answer` is not legal before so many quotes, while anything else can be done."""
    refusals: bool = True
    """Whether `End: Nonsense` and `End: Controversial` are legal while anything else can be done.
    A model that knows nothing yet would end every second episode at once."""


FREE = GrammarConfig()
TIGHT = GrammarConfig("question", "sentences", "quoted", 1, refusals=False)
NUMBERED = GrammarConfig("whole", "numbered", "marks", 1, refusals=False)
