"""Scorers made of scorers: weighted sums, normalised scales, a preference under rules.

Every part is told apart in `Score.parts`. Knows no particular scorer.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from env.errors import ConfigError
from env.records import Answer
from reward.scorers import Score, Scorer

LEAST_SPREAD = 1e-6
"""Standard deviation of reference scores below which a scorer tells answers apart by noise."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A scorer and what its value counts; with weight 0 it is told, and does not count."""

    scorer: Scorer
    weight: float = 1.0


class WeightedSum:
    """The sum of scorers' values, each times its weight. Parts hold the values before that."""

    def __init__(self, terms: Sequence[Weighted], name: str = "") -> None:
        if not terms or not all(math.isfinite(term.weight) for term in terms):
            raise ConfigError("a sum needs at least one scorer, and weights that are numbers")
        if len({term.scorer.name for term in terms}) < len(terms):
            raise ConfigError("a scorer stands twice in a sum: give it one weight")
        self.terms = tuple(terms)
        self.name = name or "+".join(f"{term.weight:g}*{term.scorer.name}" for term in terms)

    async def score(self, answers: Sequence[Answer]) -> list[Score]:
        """Return a score for each answer, in order."""
        scorers = [term.scorer for term in self.terms]
        return [
            _joined(self._sum(row), scorers, row, self.name)
            for row in await _rows(scorers, answers)
        ]

    def _sum(self, row: Sequence[Score]) -> float:
        return sum(term.weight * one.value for term, one in zip(self.terms, row, strict=True))


@dataclass(frozen=True, slots=True)
class Normalised:
    """A scorer on the scale of reference answers: their mean is 0, their spread 1."""

    scorer: Scorer
    mean: float
    spread: float

    @property
    def name(self) -> str:
        """The scorer's own: the scale is no other judgement."""
        return self.scorer.name

    async def score(self, answers: Sequence[Answer]) -> list[Score]:
        """Return a score for each answer, in order; the part `raw` is the value before."""
        found = checked(await self.scorer.score(answers), self.scorer, len(answers))
        return [
            Score(
                (one.value - self.mean) / self.spread,
                {"raw": one.value, **one.parts},
                one.scorer,
                one.version,
            )
            for one in found
        ]


async def normalised(scorer: Scorer, reference: Sequence[Answer]) -> Normalised:
    """Put a scorer on the scale of reference answers, such as demonstrations (WebGPT, appendix E).

    Raises:
        ConfigError: there are fewer than two, or all score the same.
    """
    values = [one.value for one in checked(await scorer.score(reference), scorer, len(reference))]
    if len(values) < 2 or (spread := pstdev(values)) < LEAST_SPREAD:
        raise ConfigError(
            f"{scorer.name} cannot be normalised by {len(values)} reference answers that score "
            "the same: give at least two that differ"
        )
    return Normalised(scorer, fmean(values), spread)


@dataclass(frozen=True, slots=True)
class UnderRules:
    """A preference among answers that keep rules: Sparrow's score for reranking.

    exp(r) / (exp(r) + exp(m)) times the geometric mean of the probabilities that each rule is
    kept, where r is the preference and m what an average answer has (Glaese et al. 2022). From 0
    to 1: one rule that is surely broken takes everything.
    """

    preference: Scorer
    rules: tuple[Scorer, ...]
    """Each gives the probability, from 0 to 1, that its rule is kept."""
    average: float = 0.0
    """The preference of an average answer."""

    @property
    def name(self) -> str:
        """Tells the preference and the rules."""
        return f"{self.preference.name} under {'+'.join(rule.name for rule in self.rules)}"

    async def score(self, answers: Sequence[Answer]) -> list[Score]:
        """Return a score for each answer, in order.

        Raises:
            ConfigError: a rule's value is no probability.
        """
        scorers = [self.preference, *self.rules]
        return [
            _joined(self._ruled(row), scorers, row, self.name)
            for row in await _rows(scorers, answers)
        ]

    def _ruled(self, row: Sequence[Score]) -> float:
        kept = [one.value for one in row[1:]]
        for rule, value in zip(self.rules, kept, strict=True):
            if not 0 <= value <= 1:
                raise ConfigError(
                    f"the rule {rule.name} gave {value:g}: a rule's score must be the "
                    "probability, from 0 to 1, that it is kept"
                )
        together = math.prod(kept) ** (1 / len(kept)) if kept else 1.0
        return logistic(row[0].value - self.average) * together


def logistic(value: float) -> float:
    """Return 1 / (1 + exp(-value)), for any value."""
    return 0.5 * (1.0 + math.tanh(value / 2))


def checked(scores: Sequence[Score], scorer: Scorer, wanted: int) -> Sequence[Score]:
    """Return the scores if there is one for each answer and all are numbers.

    Raises:
        ConfigError: some are missing, NaN or infinite: nothing must be trained or chosen by them.
    """
    if len(scores) != wanted:
        raise ConfigError(f"{scorer.name} gave {len(scores)} scores for {wanted} answers")
    bad = [one.value for one in scores if not math.isfinite(one.value)]
    if bad:
        raise ConfigError(
            f"{scorer.name} gave {bad[0]} for {len(bad)} of {wanted} answers: a score must be a "
            "finite number; is its model damaged?"
        )
    return scores


async def _rows(scorers: Sequence[Scorer], answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
    """Return for each answer what every scorer says of it; the scorers work side by side."""
    found = await asyncio.gather(*(scorer.score(answers) for scorer in scorers))
    columns = [checked(*pair, len(answers)) for pair in zip(found, scorers, strict=True)]
    return list(zip(*columns, strict=True))


def _joined(value: float, scorers: Sequence[Scorer], row: Sequence[Score], name: str) -> Score:
    """Return a score whose parts are the others' values by name, and theirs behind a slash."""
    parts: dict[str, float] = {}
    for scorer, one in zip(scorers, row, strict=True):
        parts[scorer.name] = one.value
        parts.update({f"{scorer.name}/{part}": told for part, told in one.parts.items()})
    return Score(value, parts, name, "+".join(dict.fromkeys(one.version for one in row)))
