"""A task as its template shows it: two sides, each with what has been said of it so far.

Nothing here tells where an answer comes from: policies, episodes and what a trial planted stay out.
Knows no request and no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reward.critiques import Critique
from webqa.rating.records import Evidence, Gravity, Judgement, Mark, Relevance, Support, Trust
from webqa.rating.site.forms import SIDES, Asked, Side, turned, which
from webqa.rating.site.spans import Piece, Span, claim_spans, pieces

AXIS_WORDS = {
    "unsupported": ("Unsupported information", "Which answer has less of it?"),
    "irrelevant": ("Irrelevant information", "Which answer has less of it?"),
    "usefulness": ("Usefulness", "Which answer tells more of what was asked for?"),
    "coherence": ("Coherence", "Which answer reads better as a whole?"),
    "accuracy": ("Accuracy", "Which answer is more often right?"),
}
FLAG_WORDS = {
    "nonsense": "The question makes no sense",
    "controversial": "The question should not be answered",
    "unreadable": "An answer cannot be read",
    "knows-source": "I can tell where this comes from",
}
LABELS: dict[Side, str] = {"left": "A", "right": "B"}
STEPS = ((2, "A much better"), (1, "A better"), (0, "Equally good"), (-1, "B better"),
         (-2, "B much better"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """A quote, and how far its source is trusted."""

    number: int
    evidence: Evidence
    pieces: tuple[Piece, ...]
    """Its text, cut where critiques point at it."""
    trust: Trust | None


@dataclass(frozen=True, slots=True)
class ShownClaim:
    """A span of an answer, and what was said of it."""

    start: int
    end: int
    text: str
    own: bool
    """Whether the rater chose the span."""
    support: Support | None = None
    relevance: Relevance | None = None
    error: bool = False


@dataclass(frozen=True, slots=True)
class ShownCritique:
    """A remark on an answer, and what was said of it."""

    critique: Critique
    text: str
    """The span that it is about."""
    quoted: str
    """What it points at in a quote; empty without one."""
    valid: bool | None
    gravity: Gravity | None


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One side."""

    side: Side
    label: str
    pieces: tuple[Piece, ...]
    quotes: tuple[ShownQuote, ...]
    claims: tuple[ShownClaim, ...]
    critiques: tuple[ShownCritique, ...]
    flaw: bool | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A comparative question, and the step chosen, told of the left answer."""

    name: str
    title: str
    help: str
    chosen: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """The whole task."""

    question: str
    sides: tuple[ShownAnswer, ...]
    axes: tuple[Choice, ...]
    overall: Choice
    flags: tuple[str, ...]
    note: str


def show(asked: Asked, judgement: Judgement) -> Shown:
    """Return a task with what was said of it."""
    axes = (
        Choice(f"axis-{axis}", *AXIS_WORDS[axis], _turned(judgement.axes.get(axis), asked))
        for axis in asked.axes
    )
    overall = Choice(
        "overall",
        "Overall, which answer is better?",
        "Weigh everything, as the guidelines say."
        + ("" if asked.complete or asked.task.planted else " This alone has to be answered."),
        _turned(judgement.overall, asked),
    )
    return Shown(
        asked.task.pair.first.question,
        tuple(_side(side, asked, judgement) for side in SIDES),
        tuple(axes),
        overall,
        judgement.flags,
        judgement.note,
    )


def _turned(value: int | None, asked: Asked) -> int | None:
    return None if value is None else turned(value, asked.swapped)


def _side(side: Side, asked: Asked, judgement: Judgement) -> ShownAnswer:
    about = which(side, asked.swapped)
    text: str = getattr(asked.task.pair, about).text
    quotes: tuple[Evidence, ...] = getattr(asked.task, about)
    critiques: tuple[Critique, ...] = (
        getattr(asked.task, f"{about}_critiques") if asked.assisted else ()
    )
    trusted = {one.quote: one.trust for one in judgement.trusted if one.answer == about}
    verdicts = {one.critique: one for one in judgement.verdicts if one.answer == about}
    marks = [one for one in judgement.marks if one.answer == about]
    return ShownAnswer(
        side,
        LABELS[side],
        tuple(pieces(text, len(quotes), [Span(one.start, one.end) for one in critiques])),
        tuple(
            ShownQuote(number, one, _quote_pieces(number, one, critiques), trusted.get(number))
            for number, one in enumerate(quotes, start=1)
        ),
        tuple(_claims(text, marks)) if asked.profile == "detailed" else (),
        tuple(
            ShownCritique(
                one,
                text[one.start : one.end],
                _quoted(one, quotes),
                verdicts[place].valid if place in verdicts else None,
                verdicts[place].gravity if place in verdicts else None,
            )
            for place, one in enumerate(critiques)
        ),
        True if about in judgement.flawed else False if about in judgement.sound else None,
    )


def _quote_pieces(
    number: int, evidence: Evidence, critiques: tuple[Critique, ...]
) -> tuple[Piece, ...]:
    # A place outside of the quote is drawn as nothing at all, so that numbers stay those of all.
    spans = [
        Span(one.quote_start, one.quote_end) if one.quote == number else Span(0, 0)
        for one in critiques
    ]
    return tuple(pieces(evidence.quote.text, 0, spans))


def _quoted(critique: Critique, quotes: tuple[Evidence, ...]) -> str:
    if not 1 <= critique.quote <= len(quotes):
        return ""
    return quotes[critique.quote - 1].quote.text[critique.quote_start : critique.quote_end]


def _claims(text: str, marks: list[Mark]) -> Iterator[ShownClaim]:
    """Yield the marks, and the sentences that none of them touches, by their place."""
    sentences = claim_spans(text)
    marked = [Span(one.start, one.end) for one in marks]
    blank = (one for one in sentences if not any(one.overlaps(other) for other in marked))
    found = [ShownClaim(one.start, one.end, text[one.start : one.end], False) for one in blank]
    found += [
        ShownClaim(
            one.start,
            one.end,
            text[one.start : one.end],
            Span(one.start, one.end) not in sentences,
            one.support,
            one.relevance,
            one.citation_error,
        )
        for one in marks
    ]
    yield from sorted(found, key=lambda one: (one.start, one.end))
