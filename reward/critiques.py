"""Critiques of an answer: the record, and the critic that goes by rules.

A critique says what is wrong with a span of an answer, and where possible which quote shows it
(Saunders et al. 2022, "Self-critiquing models for assisting human evaluators"). The critic that is
a language model stands in reward.model_critic. Knows no page and no person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from env.answers import normalise
from env.records import Answer
from policies.extractive.trust import gives_orders
from reward.claims import Claim
from reward.differences import Difference, differences
from reward.rules import DECORATIVE, overlap, says_nothing
from reward.spans import Placed, masked, placed_claims
from reward.support import Case, RuleJudge, SupportJudge, evidence

CritiqueKind = Literal["unsupported", "contradiction", "number", "citation", "trust", "other"]

VERSION = "1"
"""Raised when the same answer gets other critiques."""
MOST = 8
"""Critiques of one answer: a rater who is shown more reads none (Saunders et al. showed 8)."""
ABOUT = 0.5
"""Share of a sentence's telling words in its quotes from which on single words are compared:
below, the quotes are about something else."""
UNSUPPORTED = 0.3
"""Probability of support below which a sentence is called unsupported."""
SUPPORTED = 0.6
"""Probability from which on another quote than the one cited is said to support a sentence."""


@dataclass(frozen=True, slots=True)
class Critique:
    """One fault that is said to be in an answer."""

    start: int
    """Of the span in the answer's text, in code points."""
    end: int
    kind: CritiqueKind
    text: str
    """What is wrong, in a sentence."""
    quote: int = 0
    """Number of the quote it points at, from 1; 0 for none."""
    quote_start: int = 0
    """Of the span in the quote's text, in code points."""
    quote_end: int = 0
    gravity: float = 0.5
    """From 0 (does not matter) to 1 (makes the answer wrong)."""
    author: str = ""
    """Name and version of the critic."""


class Critic(Protocol):
    """Finds faults in answers."""

    @property
    def name(self) -> str:
        """Recorded with every critique."""

    async def criticise(self, answers: Sequence[Answer]) -> list[tuple[Critique, ...]]:
        """Return the critiques of each answer, in order; those of one answer the gravest first."""


class RuleCritic:
    """Criticises by rules: what is not cited, not supported, said otherwise, or by a poor source.

    It reads each sentence beside the quotes that it cites. A sentence that stands in them word for
    word is never criticised for what it says.
    """

    name = f"rules-{VERSION}"

    def __init__(self, judge: SupportJudge | None = None) -> None:
        """Take who judges support; None: the judge by rules."""
        self._judge = judge or RuleJudge()

    async def criticise(self, answers: Sequence[Answer]) -> list[tuple[Critique, ...]]:
        """Return the critiques of each answer, in order; those of one answer the gravest first.

        Raises:
            ModelError: the judge failed.
        """
        placed = [[] if says_nothing(one) else _read(one) for one in answers]
        cases = list(
            dict.fromkeys(
                case
                for answer, claims in zip(answers, placed, strict=True)
                for one in claims
                for case in _cases(one.claim, answer)
            )
        )
        judged = dict(zip(cases, await self._judge.judge(cases), strict=True))
        return [
            gravest([*self._trust(answer, claims), *self._claims(answer, claims, judged)])
            for answer, claims in zip(answers, placed, strict=True)
        ]

    def _claims(
        self, answer: Answer, placed: Sequence[Placed], judged: dict[Case, float | None]
    ) -> Iterable[Critique]:
        for one in placed:
            if not one.claim.quotes:
                yield self._say(one, "unsupported", "This sentence cites no quote.", gravity=0.5)
            elif not _verbatim(one.claim):
                yield from self._compare(answer, one, judged)

    def _compare(
        self, answer: Answer, one: Placed, judged: dict[Case, float | None]
    ) -> Iterable[Critique]:
        """Yield what speaks against a sentence that has quotes and does not stand in them."""
        claim = one.claim
        together = judged.get(_case(claim, claim.cited, answer))
        about = overlap(claim.text, claim.quotes)
        if about < ABOUT or _is_below(together, UNSUPPORTED):
            other = _better(claim, answer, judged)
            number = claim.cited[0] if len(claim.cited) == 1 else 0
            named = f"quote {number}" if number else "its quotes"
            if other:
                text = f"Not {named} but quote {other} says this."
                yield self._say(one, "citation", text, quote=other, gravity=0.7)
                return
            if about < ABOUT:
                text = f"What this sentence says is not in {named}."
                yield self._say(one, "unsupported", text, quote=number, gravity=0.8)
                return
        found = [self._differ(answer, one, each) for each in _differences(answer, one)]
        if not found and _is_below(together, UNSUPPORTED):
            text = "Its quotes seem not to say all of this."
            found = [self._say(one, "unsupported", text, gravity=0.6)]
        yield from found
        yield from self._unfitting(one)

    def _unfitting(self, one: Placed) -> Iterable[Critique]:
        for number, quote in zip(one.claim.cited, one.claim.quotes, strict=True):
            if overlap(one.claim.text, [quote]) < DECORATIVE:
                text = f"Quote {number} has nothing to do with this sentence."
                yield self._say(one, "citation", text, quote=number, gravity=0.4)

    def _differ(self, answer: Answer, one: Placed, found: Difference) -> Critique:
        number = one.claim.cited[found.text] if found.text >= 0 else 0
        start, end = one.start + found.start, one.start + found.end
        said = answer.text[start:end]
        there = answer.quotes[number - 1].text[found.text_start : found.text_end] if number else ""
        kind, text = _told(found.kind, said, there, number)
        gravity = 0.9 if number else 0.7
        return Critique(
            start, end, kind, text, number, found.text_start, found.text_end, gravity, self.name
        )

    def _trust(self, answer: Answer, placed: Sequence[Placed]) -> Iterable[Critique]:
        for number, quote in enumerate(answer.quotes, start=1):
            citing = next((one for one in placed if number in one.claim.cited), None)
            if citing and gives_orders(f"{quote.title}\n{quote.text}"):
                text = (
                    f"Quote {number} gives orders to its reader: its source is not to be trusted."
                )
                yield self._say(citing, "trust", text, quote=number, gravity=0.8)

    def _say(
        self, one: Placed, kind: CritiqueKind, text: str, *, quote: int = 0, gravity: float
    ) -> Critique:
        return Critique(one.start, one.end, kind, text, quote, gravity=gravity, author=self.name)


def gravest(critiques: Iterable[Critique]) -> tuple[Critique, ...]:
    """Return the gravest critiques, at most MOST, the gravest first."""
    ordered = sorted(critiques, key=lambda one: (-one.gravity, one.start, one.end))
    return tuple(ordered[:MOST])


def names(critique: Critique, start: int, end: int) -> bool:
    """Tell whether a critique is about a span, at least in part."""
    return critique.start < end and start < critique.end


def _read(answer: Answer) -> list[Placed]:
    """Return the claims of an answer; one without a mark has those of the next in its paragraph.

    Unless these quotes are about something else: then it cites nothing.
    """
    placed = placed_claims(answer)
    for at in range(len(placed) - 2, -1, -1):
        one, following = placed[at], placed[at + 1]
        paragraph = "\n" not in answer.text[one.end : following.start]
        quotes = following.claim.quotes
        bare = not one.claim.marks and not one.claim.quotes
        if bare and paragraph and quotes and overlap(one.claim.text, quotes) >= ABOUT:
            claim = replace(one.claim, cited=following.claim.cited, quotes=quotes)
            placed[at] = replace(one, claim=claim)
    return placed


def _cases(claim: Claim, answer: Answer) -> Iterable[Case]:
    """Yield what is to be judged of a claim: its quotes together, and each of the others."""
    if claim.quotes and not _verbatim(claim):
        yield _case(claim, claim.cited, answer)
        for number in _others(claim, answer):
            yield _case(claim, (number,), answer)


def _case(claim: Claim, numbers: Iterable[int], answer: Answer) -> Case:
    return Case(claim.text, tuple(evidence(answer.quotes[number - 1]) for number in numbers))


def _others(claim: Claim, answer: Answer) -> list[int]:
    return [one for one in range(1, len(answer.quotes) + 1) if one not in claim.cited]


def _better(claim: Claim, answer: Answer, judged: dict[Case, float | None]) -> int:
    """Return the number of the quote that supports a claim, though it is not cited; 0: none."""
    found = [
        (judged.get(_case(claim, (number,), answer)) or 0.0, -number)
        for number in _others(claim, answer)
    ]
    support, number = max(found, default=(0.0, 0))
    return -number if support >= SUPPORTED else 0


def _differences(answer: Answer, one: Placed) -> list[Difference]:
    sentence = masked(answer.text[one.start : one.end])
    quotes = one.claim.quotes
    known = [answer.question, *(quote.title for quote in quotes)]
    return differences(sentence, [quote.text for quote in quotes], known)


def _verbatim(claim: Claim) -> bool:
    wanted = f" {normalise(claim.text)} "
    return any(wanted in f" {normalise(quote.text)} " for quote in claim.quotes)


def _is_below(value: float | None, bound: float) -> bool:
    return value is not None and value < bound


def _told(kind: str, said: str, there: str, number: int) -> tuple[CritiqueKind, str]:
    if kind == "negation":
        return "contradiction", f"Here it says “{said}”, but quote {number} says “{there}”."
    told: CritiqueKind = "number" if kind == "number" else "contradiction"
    if number:
        return told, f"Here it says “{said}”, but quote {number} has “{there}”."
    return ("number" if kind == "number" else "unsupported"), f"No quote cited here has “{said}”."
