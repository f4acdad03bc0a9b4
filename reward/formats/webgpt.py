"""The public webgpt_comparisons: its raw lines, and the rows of its copy on the hub.

A raw line is a list of two records with the same question; a row has the fields of the first with
`_0` and of the second with `_1` (WebGPT, appendix K). A title stands with its domain in brackets;
URLs, episodes and raters have no place. Token ids are not read (they are of GPT-2's tokenizer and
follow from the texts) and are written as empty lists.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from env.records import Quote
from env.sanitise import sanitise
from reward.comparisons import Comparison
from reward.formats.rows import SIMULATED, Unusable, clean_answer, clean_quote, question_id

_TITLE = re.compile(r"(.*) \(((?:[\w-]+\.)+[^\W\d_][\w-]+(?::\d+)?)\)", re.DOTALL)
"""A title with the domain behind it; the (U.S.) of other titles is none."""
_TOLERANCE = 1e-6
"""Scores are 32-bit numbers on the hub."""


@dataclass(frozen=True, slots=True)
class AskedText:
    """A question as the files hold it."""

    full_text: str
    dataset: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """Quotes as two lists of one length."""

    title: list[str]
    extract: list[str]


@dataclass(frozen=True, slots=True)
class Extract:
    """Quotes as records, the other shape."""

    title: str
    extract: str


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """One of the two records of a raw line."""

    question: AskedText
    answer: str
    score: float
    quotes: Columns | list[Extract]


@dataclass(frozen=True, slots=True)
class HubRow:
    """One row of the copy on the hub."""

    question: AskedText
    answer_0: str
    answer_1: str
    score_0: float
    score_1: float
    quotes_0: Columns | list[Extract]
    quotes_1: Columns | list[Extract]


def from_raw(pair: Sequence[RawAnswer]) -> Comparison:
    """Return the comparison of a raw line.

    Raises:
        Unusable: not two records, two questions, scores that are no numbers from -1 to 1 with the
            sum zero, or titles and extracts of different number.
    """
    if len(pair) != 2:
        raise Unusable("two answers are expected", f"found {len(pair)}")
    first, second = pair
    if first.question != second.question:
        raise Unusable("its two answers are to different questions")
    return _comparison(
        first.question,
        (first.answer, second.answer),
        (_quotes(first.quotes), _quotes(second.quotes)),
        (first.score, second.score),
    )


def from_row(row: HubRow) -> Comparison:
    """Return the comparison of a row of the hub; raises as `from_raw` does."""
    return _comparison(
        row.question,
        (row.answer_0, row.answer_1),
        (_quotes(row.quotes_0), _quotes(row.quotes_1)),
        (row.score_0, row.score_1),
    )


def to_raw(comparison: Comparison) -> list[dict[str, Any]]:
    """Return a comparison as what a raw line holds."""
    scores = (comparison.preference, 0.0 - comparison.preference)
    return [
        {
            "question": _question(comparison),
            "quotes": _columns(answer.quotes),
            "answer": answer.text,
            "tokens": {"prefix": [], "completion": []},
            "score": score,
        }
        for answer, score in zip((comparison.first, comparison.second), scores, strict=True)
    ]


def to_row(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as a row of the hub."""
    row: dict[str, Any] = {"question": _question(comparison)}
    for number, record in enumerate(to_raw(comparison)):
        for name in ("quotes", "answer", "tokens", "score"):
            row[f"{name}_{number}"] = record[name]
    return row


def joined_title(title: str, domain: str) -> str:
    """Return a title with its domain in brackets behind it."""
    return f"{title} ({domain})" if domain else title


def parted_title(joined: str) -> tuple[str, str]:
    """Return title and domain; a title that ends in no domain has none."""
    found = _TITLE.fullmatch(joined)
    return (found[1], found[2]) if found else (joined, "")


def _comparison(
    asked: AskedText,
    answers: tuple[str, str],
    quotes: tuple[list[Quote], list[Quote]],
    scores: tuple[float, float],
) -> Comparison:
    for score in scores:
        if not (math.isfinite(score) and -1 <= score <= 1):
            raise Unusable("a score is no number from -1 to 1", f"{score}")
    if abs(scores[0] + scores[1]) > _TOLERANCE:
        raise Unusable("its scores do not sum to zero", f"{scores[0]} and {scores[1]}")
    text = sanitise(asked.full_text)
    first, second = (
        clean_answer(text, answer, own) for answer, own in zip(answers, quotes, strict=True)
    )
    return Comparison(
        id="",
        question=asked.id or question_id(text),
        first=first,
        second=second,
        preference=scores[0],
        dataset=asked.dataset.removeprefix(SIMULATED),
        simulated=asked.dataset.startswith(SIMULATED),
    )


def _quotes(given: Columns | list[Extract]) -> list[Quote]:
    if isinstance(given, Columns):
        if len(given.title) != len(given.extract):
            found = f"{len(given.title)} titles, {len(given.extract)} extracts"
            raise Unusable("quotes and titles differ in number", found)
        pairs = list(zip(given.title, given.extract, strict=True))
    else:
        pairs = [(one.title, one.extract) for one in given]
    return [clean_quote(extract, *parted_title(title)) for title, extract in pairs]


def _question(comparison: Comparison) -> dict[str, str]:
    return {
        "dataset": (SIMULATED if comparison.simulated else "") + comparison.dataset,
        "id": comparison.question,
        "full_text": comparison.first.question,
    }


def _columns(quotes: Sequence[Quote]) -> dict[str, list[str]]:
    return {
        "title": [joined_title(quote.title, quote.domain) for quote in quotes],
        "extract": [quote.text for quote in quotes],
    }
