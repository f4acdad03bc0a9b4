"""ARC (Clark et al. 2018): a question with choices, which stand in its text as (A), (B), ..."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from env.records import Question
from webqa.sets.fields import (
    Row,
    Shape,
    columns_of,
    is_columns,
    name_of,
    object_of,
    objects_of,
    text_of,
    texts_of,
)

DATASET = "arc"


def _official(row: Row) -> Iterator[Question]:
    asked = object_of(row, "question")
    choices = objects_of(asked, "choices")
    labels = [text_of(one, "label") for one in choices]
    texts = [text_of(one, "text") for one in choices]
    yield _made(row, text_of(asked, "stem"), labels, texts)


def _hub(row: Row) -> Iterator[Question]:
    choices = columns_of(row, "choices", "text", "label")
    labels, texts = texts_of(choices, "label"), texts_of(choices, "text")
    yield _made(row, text_of(row, "question"), labels, texts)


def _made(row: Row, stem: str, labels: Sequence[str], texts: Sequence[str]) -> Question:
    if len(labels) != len(texts) or not 2 <= len(texts) <= len(ascii_uppercase):
        raise ValueError(f"it has {len(texts)} choices under {len(labels)} labels")
    # Some questions number their choices: a letter for each makes them all alike.
    listed = zip(ascii_uppercase, texts, strict=False)
    text = "\n".join([stem, *(f"({letter}) {choice}" for letter, choice in listed)])
    if not (key := row.get("answerKey")):
        return Question(name_of(row, "id"), text, DATASET)
    if key not in labels:
        raise ValueError(f"its right answer {key!r} is none of its choices {', '.join(labels)}")
    right = texts[labels.index(key)]
    wrong = tuple(dict.fromkeys(choice for choice in texts if choice != right))
    return Question(name_of(row, "id"), text, DATASET, (right,), wrong=wrong)


OFFICIAL = Shape(
    "ARC, official lines",
    lambda row: "answerKey" in row and isinstance(row.get("question"), dict),
    _official,
)
HUB = Shape(
    "ARC, rows of the hub",
    lambda row: "answerKey" in row and is_columns(row.get("choices")) and "question" in row,
    _hub,
)
