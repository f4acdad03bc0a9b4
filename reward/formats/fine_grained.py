"""The fine-grained feedback set (Wu et al. 2023): questions with passages, four answers each.

A row holds what people preferred in each of the six pairs, in the order 12 13 14 23 24 34: 1 the
first, 2 the second, 0 neither. Its passages, which all four answers were written from, become the
quotes of each; they have no URL and nothing cites them. How much better is not told: a preference
is a whole one. The marked errors and the corrected answer are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from env.records import Quote
from env.sanitise import sanitise
from reward.comparisons import Comparison
from reward.formats.rows import Unusable, clean_answer, clean_quote, question_id

DATASET = "fine-grained-feedback"
ANSWERS = tuple(f"prediction {number}" for number in range(1, 5))
_PAIRS = tuple(combinations(range(4), 2))
_PREFERENCES = {1: 1.0, 2: -1.0, 0: 0.0}


@dataclass(frozen=True, slots=True)
class Row:
    """One row, of which the answers are read apart."""

    question: str
    passages: list[list[str]]
    """Each a title and sentences, of which the first may begin with the title."""
    preference: list[int]


def from_row(row: Row, answers: list[str]) -> Iterator[Comparison | Unusable]:
    """Yield six comparisons, or for one of them why it is none.

    Raises:
        Unusable: not one judgement for each pair.
    """
    if len(row.preference) != len(_PAIRS):
        raise Unusable("six preferences are expected", f"found {len(row.preference)}")
    question = sanitise(row.question)
    quotes = [quote for passage in row.passages if (quote := _quote(passage)).text]
    made = [clean_answer(question, text, quotes) for text in answers]
    for (first, second), judged in zip(_PAIRS, row.preference, strict=True):
        if judged not in _PREFERENCES:
            yield Unusable("a preference is neither 0, 1 nor 2", str(judged))
            continue
        yield Comparison(
            id="",
            question=question_id(question),
            first=made[first],
            second=made[second],
            preference=_PREFERENCES[judged],
            dataset=DATASET,
        )


def answers_of(row: dict[str, Any]) -> list[str]:
    """Return the four answers of a row.

    Raises:
        Unusable: one is missing or no text.
    """
    found = [row.get(name) for name in ANSWERS]
    if not all(isinstance(one, str) and one for one in found):
        raise Unusable("four answers are expected", f"under {ANSWERS[0]!r} to {ANSWERS[-1]!r}")
    return [str(one) for one in found]


def _quote(passage: list[str]) -> Quote:
    title, *sentences = passage or [""]
    text = " ".join(sentences)
    if title and text.startswith(f"{title}\n"):
        text = text.removeprefix(title).lstrip()
    return clean_quote(text, title)
