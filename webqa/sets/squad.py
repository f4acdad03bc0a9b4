"""SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016, 2018): the official pages, and rows of the hub.

The passage that a question was asked of is left out: here the answer must be found.
"""

from __future__ import annotations

from collections.abc import Iterator

from env.records import Question
from webqa.sets.fields import (
    Row,
    Shape,
    columns_of,
    distinct,
    is_columns,
    known,
    name_of,
    objects_of,
    text_of,
    texts_of,
)

FIRST, SECOND = "squad", "squad2"


def _page(row: Row) -> Iterator[Question]:
    for paragraph in objects_of(row, "paragraphs"):
        for asked in objects_of(paragraph, "qas"):
            yield _asked(asked)


def _asked(asked: Row) -> Question:
    identifier, text = name_of(asked, "id"), text_of(asked, "question")
    dataset = SECOND if "is_impossible" in asked else FIRST
    if asked.get("is_impossible"):
        # Spans that tempt: the passage says them of something else.
        tempting = objects_of(asked, "plausible_answers") if "plausible_answers" in asked else []
        wrong = distinct(text_of(one, "text") for one in tempting)
        return Question(identifier, text, dataset, wrong=wrong, unanswerable=True)
    accepted: tuple[str, ...] = ()
    if "answers" in asked:
        accepted = known(text_of(one, "text") for one in objects_of(asked, "answers"))
    return Question(identifier, text, dataset, accepted)


def _hub(row: Row) -> Iterator[Question]:
    accepted = distinct(texts_of(columns_of(row, "answers", "text"), "text"))
    # Which of the two sets a row is of shows only in the whole set: see sets.opening.
    yield Question(
        name_of(row, "id"),
        text_of(row, "question"),
        FIRST,
        accepted,
        unanswerable=not accepted,
    )


OFFICIAL = Shape("SQuAD, official JSON", lambda row: "paragraphs" in row, _page)
HUB = Shape(
    "SQuAD, rows of the hub",
    lambda row: (
        isinstance(row.get("context"), str) and is_columns(row.get("answers")) and "question" in row
    ),
    _hub,
)
