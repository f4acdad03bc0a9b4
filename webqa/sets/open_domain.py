"""Short questions with short answers: NQ-open, WebQuestions, HotpotQA and SimpleQA.

Lee et al. 2019, Berant et al. 2013, Yang et al. 2018, Wei et al. 2024.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from env.records import Question
from webqa.sets.fields import Row, Shape, known, name_of, text_of, texts_of, whole

NQ, WEB, HOTPOT, SIMPLE = "nq_open", "webquestions", "hotpotqa", "simpleqa"

_DESCRIPTION = re.compile(r'\(description (?:"((?:[^"\\]|\\.)*)"|([^()"]+))\)')


def _nq(row: Row) -> Iterator[Question]:
    yield Question("", text_of(row, "question"), NQ, known(texts_of(row, "answer")))


def _web(row: Row) -> Iterator[Question]:
    yield Question("", text_of(row, "question"), WEB, known(texts_of(row, "answers")))


def _web_official(row: Row) -> Iterator[Question]:
    """Read answers that stand in a list in the manner of Lisp: `(list (description Paris))`."""
    value = text_of(row, "targetValue")
    answers = [
        re.sub(r"\\(.)", r"\1", quoted) or bare.strip()
        for quoted, bare in _DESCRIPTION.findall(value)
    ]
    yield Question("", text_of(row, "utterance"), WEB, known(answers))


def _hotpot(row: Row) -> Iterator[Question]:
    accepted: tuple[str, ...] = ()
    if row.get("answer") is not None:  # the test part has none
        accepted = (text_of(row, "answer"),)
    identifier = name_of(row, "_id" if "_id" in row else "id")
    yield Question(identifier, text_of(row, "question"), HOTPOT, accepted)


def _simple(row: Row) -> Iterator[Question]:
    answer = row.get("answer")
    # A number stands bare in rows that were JSON once.
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        answer = str(answer)
    if not isinstance(answer, str) or not answer.strip():
        raise ValueError('it needs a text under "answer"')
    yield Question("", text_of(row, "problem"), SIMPLE, (whole(answer.strip()),))


NQ_OPEN = Shape(
    "NQ-open",
    lambda row: set(row) == {"question", "answer"} and isinstance(row["answer"], list),
    _nq,
)
WEBQUESTIONS = Shape(
    "WebQuestions, rows of the hub",
    lambda row: set(row) == {"url", "question", "answers"},
    _web,
)
WEBQUESTIONS_OFFICIAL = Shape(
    "WebQuestions, official JSON",
    lambda row: "utterance" in row and "targetValue" in row,
    _web_official,
)
HOTPOTQA = Shape(
    "HotpotQA",
    # An "_id" alone is what any database writes.
    lambda row: "question" in row and ("supporting_facts" in row or {"_id", "context"} <= set(row)),
    _hotpot,
)
SIMPLEQA = Shape("SimpleQA", lambda row: "problem" in row and "answer" in row, _simple)
