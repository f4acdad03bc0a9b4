"""TruthfulQA (Lin et al. 2022): the table, `mc_task.json`, and rows of the hub.

True answers become `written`, false ones `wrong`, the best of each first. The binary task of the
revision of 2025 is between the first of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from env.records import Question
from webqa.sets.fields import Row, Shape, distinct, known, object_of, text_of, texts_of

DATASET = "truthfulqa"
BEST_WRONG = "Best Incorrect Answer"
"""The column that the revision of 2025 added."""


def _table(row: Row) -> Iterator[Question]:
    best_wrong = [text_of(row, BEST_WRONG)] if BEST_WRONG in row else []
    yield _made(
        text_of(row, "Question"),
        [text_of(row, "Best Answer"), *_split(row, "Correct Answers")],
        [*best_wrong, *_split(row, "Incorrect Answers")],
    )


def _split(row: Row, column: str) -> list[str]:
    return text_of(row, column).split(";")


def _choices(row: Row) -> Iterator[Question]:
    """Read `mc0_targets` (the best of each), `mc1_targets` (one true) and `mc2_targets` (all)."""
    right: list[str] = []
    wrong: list[str] = []
    for name in ("mc0_targets", "mc1_targets", "mc2_targets"):
        if name in row:
            for text, label in _labelled(object_of(row, name)):
                (right if label else wrong).append(text)
    yield _made(text_of(row, "question"), right, wrong)


def _labelled(targets: Row) -> list[tuple[str, bool]]:
    """Return choices with whether they are true; the hub has two lists, the official file a map."""
    if set(targets) == {"choices", "labels"}:
        choices, labels = texts_of(targets, "choices"), targets["labels"]
        if not isinstance(labels, list) or len(labels) != len(choices):
            raise ValueError("every choice needs the label 1 (true) or 0 (false)")
        targets = dict(zip(choices, labels, strict=True))
    if not _are_labels(targets):
        raise ValueError("every choice needs the label 1 (true) or 0 (false)")
    return [(text, bool(label)) for text, label in targets.items()]


def _are_labels(targets: Mapping[str, object]) -> bool:
    return all(label in (0, 1) for label in targets.values())


def _generation(row: Row) -> Iterator[Question]:
    yield _made(
        text_of(row, "question"),
        [text_of(row, "best_answer"), *texts_of(row, "correct_answers")],
        list(texts_of(row, "incorrect_answers")),
    )


def _made(text: str, right: list[str], wrong: list[str]) -> Question:
    return Question("", text, DATASET, written=known(right), wrong=distinct(wrong))


TABLE = Shape("TruthfulQA, table", lambda row: "Question" in row and "Best Answer" in row, _table)
CHOICES = Shape(
    "TruthfulQA, choices", lambda row: "question" in row and "mc1_targets" in row, _choices
)
GENERATION = Shape(
    "TruthfulQA, rows of the hub",
    lambda row: "question" in row and "best_answer" in row and "incorrect_answers" in row,
    _generation,
)
