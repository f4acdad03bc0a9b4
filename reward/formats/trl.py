"""TRL's preference data: prompt, chosen and rejected, as texts or as messages.

Written so that the prompt and an answer one behind the other are what a reward model here reads:
the prompt is the question, and an answer begins with its quotes (the layout of env.render). Which
of two is better is all that the form tells; ties have no place in it. More columns, which trainers
pass over, keep the rest: `id`, `question` (its id), `preference`, `dataset`, `simulated`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from env.records import Answer, Observation, Quote
from env.render import render_answering
from env.sanitise import sanitise
from reward.comparisons import Comparison
from reward.formats.rows import Unusable, clean_answer, clean_quote, question_id
from reward.formats.webgpt import parted_title

MARK = "■"
"""Ends the question and each quote in the answering layout."""
_QUOTE = re.compile(r"\[(\d+)\] ([^\n]*)\n\n(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class PreferenceRow:
    """One row; only `chosen` and `rejected` must be there."""

    chosen: str | list[Message]
    rejected: str | list[Message]
    prompt: str | list[Message] | None = None
    id: str = ""
    question: str = ""
    preference: float = 1.0
    dataset: str = ""
    rater: str = ""
    simulated: bool = False


def from_row(row: PreferenceRow) -> Comparison:
    """Return a comparison whose first answer is the chosen one, or as the preference tells.

    Raises:
        Unusable: no question can be told from the two answers.
    """
    prompt, chosen, rejected = _parted(row)
    question = sanitise(prompt.removesuffix(MARK))
    if not question:
        raise Unusable("it has no prompt, and its answers do not begin alike")
    better, worse = _answer(question, chosen), _answer(question, rejected)
    swapped = row.preference < 0
    return Comparison(
        id=row.id,
        question=row.question or question_id(question),
        first=worse if swapped else better,
        second=better if swapped else worse,
        preference=row.preference,
        dataset=row.dataset,
        rater=row.rater,
        simulated=row.simulated,
    )


def to_row(comparison: Comparison) -> dict[str, Any]:
    """Return a row with the better answer as the chosen one.

    Raises:
        Unusable: it is a tie.
    """
    if comparison.preference == 0:
        raise Unusable("a tie has no place in this form")
    first, second = _completion(comparison.first), _completion(comparison.second)
    chosen, rejected = (first, second) if comparison.preference > 0 else (second, first)
    return {
        "prompt": render_answering(Observation(comparison.first.question)),
        "chosen": chosen,
        "rejected": rejected,
        "id": comparison.id,
        "question": comparison.question,
        "preference": comparison.preference,
        "dataset": comparison.dataset,
        "rater": comparison.rater,
        "simulated": comparison.simulated,
    }


def _completion(answer: Answer) -> str:
    """Return the quotes and the answer, as they stand behind the question."""
    whole = render_answering(Observation(answer.question, quotes=answer.quotes))
    return whole.removeprefix(render_answering(Observation(answer.question))) + answer.text


def _answer(question: str, completion: str) -> Answer:
    pieces = completion.split(MARK)
    quotes: list[Quote] = []
    for piece in pieces[:-1]:
        found = _QUOTE.fullmatch(piece)
        if not found or int(found[1]) != len(quotes) + 1:
            break
        quotes.append(clean_quote(found[3], *parted_title(found[2])))
    return clean_answer(question, MARK.join(pieces[len(quotes) :]), quotes)


def _parted(row: PreferenceRow) -> tuple[str, str, str]:
    """Return the prompt and the two answers as texts."""
    chosen, rejected, prompt = row.chosen, row.rejected, row.prompt
    if isinstance(chosen, str) != isinstance(rejected, str):
        raise Unusable("one answer is a text and the other a conversation")
    if isinstance(chosen, str) and isinstance(rejected, str):
        if prompt is None:
            prompt = _common(chosen, rejected)
            chosen, rejected = chosen[len(prompt) :], rejected[len(prompt) :]
        return _text(prompt), chosen, rejected
    turns, others = _turns(chosen), _turns(rejected)
    if not turns or not others:
        raise Unusable("an answer is empty")
    before = turns[:-1] if prompt is None else prompt
    return _text(before), turns[-1].content, others[-1].content


def _turns(answer: str | list[Message]) -> list[Message]:
    return [Message("assistant", answer)] if isinstance(answer, str) else answer


def _common(chosen: str, rejected: str) -> str:
    """Return what both answers begin with, up to a space."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(chosen, rejected, strict=False))
    shared = "".join(character for character, _ in alike)
    return shared[: shared.rfind(" ") + 1] if " " in shared else ""


def _text(prompt: str | Sequence[Message]) -> str:
    """Return a prompt as text: what the user said, or the whole talk where it has more turns."""
    if isinstance(prompt, str):
        return prompt
    said = [turn for turn in prompt if turn.role != "system"]
    if len(said) == 1:
        return said[0].content
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in said)
