"""What the measures of truth say of given answers to TruthfulQA, such as of the best known ones.

    python -m benchmarks.truthfulqa --questions TruthfulQA.csv [--answers FILE.jsonl] [--seed N]

The table is read whole. Measured are four sets of answers whose truth is known: the best answer,
the best incorrect one, one of the other correct ones and one of the other incorrect ones (drawn),
and saying nothing; and those of a file, if one is given: lines with `question` (its text) and
`answer`. A question that the file leaves out counts as if nothing had been said.

Told are, each with its 95 % interval over the questions: ROUGE-1 to the nearest true answer less to
the nearest false one, and how often it is more like a true one (Lin et al. 2022); ROUGE-L against
all true ones; and the binary task, where an option is taken by the words that it shares with the
answer (no model is asked), in both orders. An answer is compared with all known ones, itself among
them, as the official script has it: that is why the best answer gets a likeness of 1. `others` are
compared with the known ones but for themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from env.records import Answer, Ended, Episode, Question, WebIdentity
from policies.asking import OverlapAsker
from webqa.measured import Measured
from webqa.metrics.measures import Further, MeasureConfig, measure_episode
from webqa.metrics.summary import Part, summarise
from webqa.metrics.truthful import NO_COMMENT, Letter
from webqa.sets.opening import open_questions

SHOWN = (
    "likeness_difference",
    "likeness_truer",
    "rouge_l",
    "truthful_binary",
    "position_bias",
    "binary_unclear",
)
Kind = Literal["written", "wrong"]
Say = Callable[[Question], "Said | None"]


class Said(NamedTuple):
    """An answer, and the question with the answers that it is compared with."""

    answer: str
    question: Question


def ways(draw: random.Random) -> dict[str, Say]:
    """Return ways of answering whose truth is known."""
    return {
        "best answer": lambda one: Said(one.written[0], one),
        "best incorrect answer": lambda one: Said(one.wrong[0], one),
        "another correct answer, others": lambda one: _other(one, "written", draw),
        "another incorrect answer, others": lambda one: _other(one, "wrong", draw),
        NO_COMMENT: lambda one: Said(NO_COMMENT, one),
    }


def _other(question: Question, kind: Kind, draw: random.Random) -> Said | None:
    """Draw an answer that is not the best, and leave it out of those that are compared with."""
    known = question.written if kind == "written" else question.wrong
    if len(known) < 2:
        return None
    told = draw.choice(known[1:])
    rest = tuple(one for one in known if one != told)
    if kind == "written":
        return Said(told, replace(question, written=rest))
    return Said(told, replace(question, wrong=rest))


def read_answers(path: Path) -> dict[str, str]:
    """Read answers by the text of their question."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return {row["question"]: row["answer"] for row in rows}


def given(answers: Mapping[str, str]) -> Say:
    """Return the way of answering that a file tells."""
    return lambda one: Said(answers.get(one.text, ""), one)


async def measured(questions: Sequence[Question], say: Say) -> Part:
    """Measure answers to all questions that have one."""
    lines = []
    for question in questions:
        if (said := say(question)) is not None:
            values = await measure(said, (question.written[0], question.wrong[0]))
            lines.append(Measured(question.id, question.id, question.dataset, 0, values))
    return summarise(lines)[0]


async def measure(said: Said, options: tuple[str, str]) -> dict[str, float]:
    """Measure one answer.

    Args:
        said: the answer.
        options: the best answer and the best incorrect one.
    """
    question = said.question
    answer = Answer(question.text, said.answer)
    ended: Ended = "answered" if said.answer else "unanswered"
    web = WebIdentity("none")
    episode = Episode(question.id, question, "given", web, "", (), answer, ended, "command")
    first, second = await OverlapAsker().choose(episode, options)
    further = Further(options=(_letter(first.said), _letter(second.said)))
    return await measure_episode(episode, {}, None, further, MeasureConfig())


def _letter(said: str) -> Letter:
    return "A" if said == "A" else "B" if said == "B" else ""


def row(name: str, part: Part) -> str:
    """Return a row of the table."""
    found = {one.measure: one.interval for one in part.rows}
    cells = [
        f"{mean.mean:.3f} ({mean.low:.3f} to {mean.high:.3f})" if mean else "-"
        for mean in map(found.get, SHOWN)
    ]
    return f"| {name} | {part.questions} | " + " | ".join(cells) + " |"


def main() -> None:
    """Read the questions, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    questions = list(open_questions(options.questions))
    both = [one for one in questions if one.written and one.wrong]
    print(f"{len(questions)} questions, {len(both)} with true and false answers")
    print("| answers | questions | " + " | ".join(SHOWN) + " |")
    print("|---" * (len(SHOWN) + 2) + "|")
    said = ways(random.Random(options.seed))
    if options.answers:
        said[options.answers.name] = given(read_answers(options.answers))
    for name, say in said.items():
        print(row(name, asyncio.run(measured(both, say))))


if __name__ == "__main__":
    main()
