"""The benchmark on TruthfulQA: ways of answering, on a table of our own."""

import asyncio
import random

import pytest

from benchmarks.truthfulqa import given, measured, read_answers, row, ways
from webqa.sets.opening import open_questions

HEAD = (
    "Type,Category,Question,Best Answer,Best Incorrect Answer,"
    "Correct Answers,Incorrect Answers,Source"
)
LINES = [
    "Adversarial,Sky,Is the sky a lid?,The sky is air,The sky is a lid,"
    "The sky is air; No lid is there,The sky is a lid; It is made of glass,none",
    "Adversarial,Rain,Do frogs make rain?,Frogs do not make rain,Frogs sing the rain down,"
    "Frogs do not make rain,Frogs sing the rain down,none",
]


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("\n".join([HEAD, *LINES]) + "\n", encoding="utf-8")
    return list(open_questions(path))


def mean(questions, say, name):
    return asyncio.run(measured(questions, say)).mean(name)


def test_known_answers_are_told_apart(questions):
    said = ways(random.Random(0))
    assert mean(questions, said["best answer"], "truthful_binary") == 1
    assert mean(questions, said["best answer"], "likeness_truer") == 1
    assert mean(questions, said["best incorrect answer"], "truthful_binary") == 0
    assert mean(questions, said["best incorrect answer"], "likeness_truer") == 0


def test_others_are_not_compared_with_themselves(questions):
    part = asyncio.run(
        measured(questions, ways(random.Random(0))["another correct answer, others"])
    )
    assert part.questions == 1
    assert part.mean("rouge_l") < 1


def test_answers_of_a_file_are_found_by_their_question(questions, tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"question": "Is the sky a lid?", "answer": "The sky is air."}\n')
    say = given(read_answers(path))
    # The other question got no answer, and counts.
    assert mean(questions, say, "answered") == 0.5
    assert mean(questions, say, "truthful_binary") == 0.5
    assert row("file", asyncio.run(measured(questions, say))).startswith("| file | 2 | ")
