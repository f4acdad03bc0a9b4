"""Turns of a trial: what one person said of one answer on trial, out of all that was rated.

Knows no statistics and no database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from webqa.rating.records import Judgement, Planted
from webqa.rating.results.lines import RatingLine

FAULTY = ("weak", "none")
"""Support of a claim with which a mark says that something is wrong."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's turn at one task of a trial."""

    rater: str
    question: str
    kind: str
    """Of the flaw; empty for a control."""
    assisted: bool
    found: bool
    """Whether the person said that the answer on trial has a flaw."""
    marked: bool
    """Whether the person marked the place of the flaw as poorly supported or wrongly cited."""
    lost: float | None
    """1 where the answer beside it was preferred, 0 where it was, 0.5 for a tie."""
    beside: bool | None
    """Whether a flaw was said to be in the answer beside it; None: not told."""
    seconds: float
    """In which the page was seen and used."""


@dataclass(frozen=True, slots=True)
class Turns:
    """All turns of a trial, and what was left out."""

    turns: tuple[Turn, ...]
    left_out: dict[str, int]


def turns_of(lines: Iterable[RatingLine]) -> Turns:
    """Return the turns in rating lines; what says nothing of a flaw is left out and counted."""
    found: list[Turn] = []
    left_out: Counter[str] = Counter()
    for line in lines:
        planted = line.planted
        if planted is None:
            left_out["no item of a trial"] += 1
        elif line.settled:
            left_out["a reviewer's, who settled it (--unsettled exports the raters')"] += 1
        elif (said := _said(line.judgement, planted.answer)) is None:
            left_out["it is not told whether the answer has a flaw"] += 1
        else:
            found.append(_turn(line, planted, said))
    return Turns(tuple(found), dict(left_out))


def _turn(line: RatingLine, planted: Planted, found: bool) -> Turn:
    other = "second" if planted.answer == "first" else "first"
    return Turn(
        line.rater,
        line.pair.question,
        planted.kind,
        line.assisted,
        found,
        _marked(line.judgement, planted),
        _lost(line.judgement.overall, planted),
        _said(line.judgement, other),
        line.active_ms / 1000,
    )


def _said(judgement: Judgement, which: str) -> bool | None:
    if which in judgement.flawed:
        return True
    return False if which in judgement.sound else None


def _marked(judgement: Judgement, planted: Planted) -> bool:
    return any(
        mark.answer == planted.answer
        and mark.start < planted.end
        and planted.start < mark.end
        and (mark.support in FAULTY or mark.citation_error)
        for mark in judgement.marks
    )


def _lost(overall: int | None, planted: Planted) -> float | None:
    if overall is None:
        return None
    towards = overall if planted.answer == "first" else -overall
    return 0.5 if towards == 0 else float(towards < 0)
