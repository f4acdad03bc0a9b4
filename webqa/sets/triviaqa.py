"""TriviaQA (Joshi et al. 2017): the official JSON, web and Wikipedia alike, and rows of the hub.

The official metric compares with the normalised aliases and the answers that people gave. The
aliases as they were written come first, for people; what is normalised only adds what they lack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from env.answers import normalise
from env.records import Question
from webqa.sets.fields import Row, Shape, known, name_of, object_of, text_of, texts_of

DATASET = "triviaqa"
UNKNOWN = "<unk>"
"""What the hub's rows of the test part have for an answer."""


def _official(row: Row) -> Iterator[Question]:
    accepted: tuple[str, ...] = ()
    if "Answer" in row:  # the test part has none
        answer = object_of(row, "Answer")
        aliases = [*texts_of(answer, "Aliases"), *texts_of(answer, "HumanAnswers")]
        accepted = _accepted(answer.get("Value"), aliases, texts_of(answer, "NormalizedAliases"))
    yield Question(name_of(row, "QuestionId"), text_of(row, "Question"), DATASET, accepted)


def _hub(row: Row) -> Iterator[Question]:
    accepted: tuple[str, ...] = ()
    if row.get("answer") is not None:
        answer = object_of(row, "answer")
        if answer.get("value") != UNKNOWN:
            normalised = texts_of(answer, "normalized_aliases")
            accepted = _accepted(answer.get("value"), texts_of(answer, "aliases"), normalised)
    yield Question(name_of(row, "question_id"), text_of(row, "question"), DATASET, accepted)


def _accepted(value: object, aliases: Sequence[str], normalised: Sequence[str]) -> tuple[str, ...]:
    """Return the value, its aliases, and those normalised ones that no other one comes to."""
    found = [value, *aliases] if isinstance(value, str) else list(aliases)
    covered = {normalise(alias) for alias in found}
    return known([*found, *(one for one in normalised if normalise(one) not in covered)])


OFFICIAL = Shape(
    "TriviaQA, official JSON", lambda row: "QuestionId" in row and "Question" in row, _official
)
HUB = Shape(
    "TriviaQA, rows of the hub",
    # The hub's test part has an answer, too, an unknown one.
    lambda row: "question_id" in row and "question" in row and isinstance(row.get("answer"), dict),
    _hub,
)
