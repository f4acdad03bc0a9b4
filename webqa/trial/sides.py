"""Two answers to one question, either of which could be the one on trial.

Another answer of the runs stands beside an answer, or, where there is none, both are parts of one:
it lacks one paragraph, and beside it stands the same without another paragraph. A coin then says
which is on trial, so that neither length nor place nor number of quotes tells it. Knows no flaw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from random import Random
from typing import NamedTuple

from env.citations import make_answer
from env.records import Answer
from reward.spans import placed_claims

TRIED = 6
"""Pairs of answers of one question that are tried, at the most."""


class Side(NamedTuple):
    """One of two answers."""

    answer: Answer
    episode: str


def sides_of(attempts: Sequence[Side], draw: Random) -> Iterator[tuple[Side, Side]]:
    """Yield pairs of answers in an order that is drawn: of two attempts first, then parts of one.

    Args:
        attempts: different answers to one question, with their episodes.
        draw: what chooses.
    """
    two = list(combinations(attempts, 2))
    draw.shuffle(two)
    yield from two[:TRIED]
    for attempt in draw.sample(attempts, len(attempts))[:TRIED]:
        yield from islice(_parts(attempt, draw), TRIED)


def _parts(attempt: Side, draw: Random) -> Iterator[tuple[Side, Side]]:
    """Yield an answer without one paragraph, and without another; of one alone, sentences."""
    answer = attempt.answer
    spans = _paragraphs(answer.text)
    if len(spans) < 2:
        spans = [(one.start, one.end) for one in placed_claims(answer)]
    pairs = list(combinations(spans, 2))
    draw.shuffle(pairs)
    for pair in pairs:
        first, second = (without(answer, *span) for span in pair)
        if first and second and first.text != second.text:
            yield attempt._replace(answer=first), attempt._replace(answer=second)


def _paragraphs(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            spans.append((start, start + len(line)))
        start += len(line) + 1
    return spans


def without(answer: Answer, start: int, end: int) -> Answer | None:
    """Return an answer without a paragraph or a sentence, its marks numbered anew.

    None where nothing would be left, or a sentence would lose the mark behind another one.
    """
    before, behind = answer.text[:start].rstrip(" "), answer.text[end:].lstrip(" .")
    joint = "" if not before or before.endswith("\n") or behind.startswith("\n") else " "
    text = f"{before}{joint}{behind}".replace("\n\n\n\n", "\n\n").replace("\n\n\n", "\n\n")
    made = make_answer(answer.question, text, answer.quotes)
    claims = placed_claims(made)
    return made if claims and all(one.claim.quotes for one in claims) else None
