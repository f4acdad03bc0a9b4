"""Support: how likely it is that quotes say what a claim says. The judges, and a scorer by them.

One judgement serves rewards, metrics and the answers shown. The judge by rules is here; the one
that is an entailment model stands in reward.entailment. Knows nothing of who is right: what a
quote says may be false.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

from env.answers import stands_in
from env.records import Answer, Quote
from env.words import is_symbols
from policies.extractive.candidates import split_sentences
from policies.extractive.words import STOP, compared, plain, stem, stems
from policies.models.base import ModelError
from reward.claims import Claim, claims_of
from reward.rules import MOST_MARKS, says_nothing, share_of, telling
from reward.scorers import Score

VERSION = "2"
"""Raised when the same answer gets another score from the same judge."""


class Case(NamedTuple):
    """A claim and what is said to support it."""

    claim: str
    evidence: tuple[str, ...]
    """Texts that are read together; none supports nothing."""


class SupportJudge(Protocol):
    """Judges whether evidence supports claims."""

    @property
    def name(self) -> str:
        """Recorded with every score."""

    async def judge(self, cases: Sequence[Case]) -> Sequence[float | None]:
        """Return for each case the probability that the evidence supports the whole claim.

        None where it gave no verdict, as a model that is asked for one may.
        """


class Features(NamedTuple):
    """What a claim and its evidence have in common, each from 0 to 1."""

    covered: float
    """Share of the claim's telling words, by weight, that stand in the evidence."""
    near: float
    """The same in the three adjacent sentences that have most of them."""
    pairs: float
    """Share of the claim's adjacent words that are adjacent there, too."""
    names: float
    """Share of the claim's capitalised words that do not stand there."""
    numbers: float
    """Share of the claim's numbers that do not stand there."""


def features(case: Case) -> Features:
    """Return what a claim and its evidence have in common."""
    wanted = telling(case.claim)
    sentences = [one.text for text in case.evidence for line in text.split("\n")
                 for one in split_sentences(line)]  # fmt: skip
    known = [set(telling(sentence)) for sentence in sentences]
    whole = set().union(*known)
    found = compared(case.claim)
    plainly = {plain(word) for sentence in sentences for word in compared(sentence)}
    names = {stem(plain(one)) for one in found[1:] if one[0].isupper() and plain(one) not in STOP}
    numbers = {plain(one) for one in found if one[0].isdigit()}
    together = (set().union(*known[at : at + _NEAR]) for at in range(len(known)))
    pairs = _pairs(case.claim)
    there = {pair for sentence in sentences for pair in _pairs(sentence)}
    return Features(
        share_of(wanted, whole),
        max((share_of(wanted, near) for near in together), default=0.0),
        len(pairs & there) / (len(pairs) or 1),
        len(names - whole) / (len(names) or 1),
        len(numbers - plainly) / (len(numbers) or 1),
    )


_NEAR = 3


def _pairs(text: str) -> set[tuple[str, str]]:
    return set(pairwise(stems(text)))


class RuleJudge:
    """Judges by the words in common: a logistic function of `Features`.

    The coefficients were fitted to 349 claims of Wikipedia that people had judged
    (benchmarks/support.py tells how well it does on claims that it was not fitted to).
    """

    name = "rules"
    INTERCEPT = -3.1
    COEFFICIENTS = Features(1.4, 2.5, 0.9, -0.9, -1.9)

    async def judge(self, cases: Sequence[Case]) -> list[float]:
        """Return for each case the probability that the evidence supports the whole claim."""
        return [self._probability(case) for case in cases]

    def _probability(self, case: Case) -> float:
        if is_symbols(case.claim):
            return float(any(stands_in([case.claim], text) for text in case.evidence))
        if not case.evidence or not telling(case.claim):
            return 0.0
        told = zip(self.COEFFICIENTS, features(case), strict=True)
        return 1 / (1 + math.exp(-self.INTERCEPT - sum(a * b for a, b in told)))


class SupportScorer:
    """How well an answer's citations support it: the harmonic mean of two parts.

    `recall` is the mean over sentences of the probability that their quotes together support them;
    a sentence without quotes counts 0. `precision` is the mean over citations of the probability
    that their sentence is supported, and this quote does it alone or is needed for it; marks that
    are repeated, name no quote, or are more than three in a sentence count 0. After ALCE (Gao et
    al. 2023), with probabilities in place of yes and no.
    """

    def __init__(self, judge: SupportJudge) -> None:
        self.judge = judge
        self.name = f"support:{judge.name}"

    async def score(self, answers: Sequence[Answer]) -> list[Score]:
        """Return a score for each answer, in order. Each case is judged once.

        Raises:
            ModelError: the judge gave no verdict on a claim, or failed.
        """
        told = [[] if says_nothing(one) else claims_of(one) for one in answers]
        cases = dict.fromkeys(case for claims in told for one in claims for case in _cases(one))
        judged = await self._judged(list(cases))
        return [
            self._score(answer, claims, judged)
            for answer, claims in zip(answers, told, strict=True)
        ]

    async def _judged(self, cases: list[Case]) -> dict[Case, float]:
        values = await self.judge.judge(cases)
        judged = {
            case: value for case, value in zip(cases, values, strict=True) if value is not None
        }
        if len(judged) < len(cases):
            raise ModelError(
                f"{self.judge.name} gave no verdict on {len(cases) - len(judged)} of {len(cases)} "
                "claims, and a score needs them all: use another judge"
            )
        return judged

    def _score(self, answer: Answer, claims: Sequence[Claim], judged: dict[Case, float]) -> Score:
        said = [_together(claim, judged) for claim in claims if claim.text]
        cited = [worth for claim in claims for worth in _worths(claim, judged)]
        marks = sum(max(claim.marks, len(claim.cited)) for claim in claims) + len(answer.removed)
        recall = sum(said) / (len(said) or 1)
        precision = sum(cited) / (marks or 1)
        both = recall + precision
        value = 2 * recall * precision / both if both else 0.0
        return Score(value, {"recall": recall, "precision": precision}, self.name, VERSION)


def evidence(quote: Quote) -> str:
    """Return a quote as evidence: its title tells what `it` and `he` are."""
    return f"{quote.title}\n{quote.text}" if quote.title else quote.text


def _cases(claim: Claim) -> list[Case]:
    """Return all that is to be judged of a claim: the quotes together, each alone, the others."""
    texts = _texts(claim)
    if not texts or not claim.text:
        return []
    alone = [(text,) for text in texts]
    others = [without for at in range(len(texts)) if (without := _without(texts, at))]
    return [Case(claim.text, some) for some in dict.fromkeys([texts, *alone, *others])]


def _texts(claim: Claim) -> tuple[str, ...]:
    return tuple(map(evidence, claim.quotes[:MOST_MARKS]))


def _without(texts: tuple[str, ...], at: int) -> tuple[str, ...]:
    return texts[:at] + texts[at + 1 :]


def _together(claim: Claim, judged: dict[Case, float]) -> float:
    return judged.get(Case(claim.text, _texts(claim)), 0.0)


def _worths(claim: Claim, judged: dict[Case, float]) -> list[float]:
    """Return for each citation the probability that it does something for its sentence."""
    texts = _texts(claim)
    whole = _together(claim, judged)
    return [
        whole
        * (
            1
            - (1 - judged.get(Case(claim.text, (text,)), 0.0))
            * judged.get(Case(claim.text, _without(texts, at)), 0.0)
        )
        for at, text in enumerate(texts)
    ]


def open_support_judge(model: str = "") -> SupportJudge:
    """Open the judge by rules, or an entailment model: a folder, or its name on the hub.

    Raises:
        ModelError: the model cannot be loaded, or cannot tell support.
    """
    if not model:
        return RuleJudge()
    from reward.entailment import open_entailment

    return open_entailment(model)
