"""A simulated rater: judges pairs by a score, with the noise of people.

The score is by default the "gold" one, which knows the accepted answers. It is for tests, and for
measuring over-optimisation where no person can be asked; what it says is always marked as
simulated. Knows no model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from env.answers import stands_in
from env.citations import strip_citations
from env.errors import ConfigError
from env.records import Answer, Question
from env.words import has_words
from policies.extractive.words import count_words
from reward.claims import Claim, claims_of
from reward.combined import checked
from reward.comparisons import Comparison
from reward.pairs import Pair, judged
from reward.rules import overlap, says_nothing
from reward.scorers import Score, Scorer

VERSION = "2"


@dataclass(frozen=True, slots=True)
class GoldConfig:
    """What the parts of the gold score weigh."""

    correct: float = 1.0
    """An accepted answer stands in the text."""
    grounded: float = 0.5
    """It also stands in a quote that the same sentence cites."""
    supported: float = 0.3
    """Share of the answer's words that stand in the quotes which their sentences cite."""
    brief: float = 0.2
    """1 for an answer of few words, then falling as words grow."""
    words: int = 30
    """How many words are few."""
    nothing: float = 0.3
    """The whole score of saying that nothing was found: between wrong without support and wrong
    with it, as people may find a bad answer worse than none. No answer at all, which is what an
    episode that ended without one is scored as, is 0: less than any answer, as PPO's `unanswered`
    wants it, too."""


@dataclass(frozen=True, slots=True)
class RaterConfig:
    """How a simulated rater judges.

    With these values two of them agree on 61 % of pairs that are equally good, 76 % of those whose
    scores differ by 0.5, and 95 % at a difference of 1, a tie against a preference counted as half
    (by the logistic distribution; a test holds the middle one). People agreed on 73 to 74 %
    (WebGPT, appendix C).
    """

    temperature: float = 0.25
    """Difference of two scores that moves the odds of preferring the better by a factor of e
    (Bradley-Terry)."""
    tie: float = 1.0
    """Differences felt below this many temperatures are called a tie."""
    much: float = 4.0
    """Differences felt above this many temperatures are called much better."""
    seed: int = 0
    """Another rater: the same pair gets the same judgement from the same one."""


class GoldScorer:
    """Scores answers to questions whose accepted answers are known: correct, supported, brief."""

    name = "gold"

    def __init__(self, questions: Iterable[Question], config: GoldConfig = GoldConfig()) -> None:
        """Take the questions; those with the same text are taken together.

        Raises:
            ConfigError: none of them has accepted answers.
        """
        self._config = config
        self._accepted: dict[str, tuple[str, ...]] = {}
        for one in questions:
            self._accepted[one.text] = (*self._accepted.get(one.text, ()), *one.accepted)
        if not any(self._accepted.values()):
            raise ConfigError("the gold score needs questions with accepted answers: none has any")

    async def score(self, answers: Sequence[Answer]) -> list[Score]:
        """Return the gold score of each answer.

        Raises:
            ConfigError: no accepted answers are known for a question.
        """
        return [self._score(answer) for answer in answers]

    def _score(self, answer: Answer) -> Score:
        accepted = self._accepted.get(answer.question, ())
        if not accepted:
            raise ConfigError(
                f"no accepted answers are known for the question {answer.question[:80]!r}: "
                "the gold score needs the file of questions that it was asked from"
            )
        parts = gold_parts(answer, accepted, self._config.words)
        value = parts["nothing"] * self._config.nothing
        for name in ("correct", "grounded", "supported", "brief"):
            value += float(getattr(self._config, name)) * parts[name]
        return Score(value, parts, self.name, VERSION)


def gold_parts(answer: Answer, accepted: Sequence[str], few: int = 30) -> dict[str, float]:
    """Return what an answer is worth, each part from 0 to 1.

    Args:
        answer: what is judged.
        accepted: known short answers to its question.
        few: words that are no more than needed.
    """
    names = ("correct", "grounded", "supported", "brief", "nothing")
    text = strip_citations(answer.text)
    if says_nothing(answer):
        return dict.fromkeys(names, 0.0) | {"nothing": float(has_words(text))}
    claims = [claim for claim in claims_of(answer) if claim.text]
    length = count_words(text)
    values = (
        stands_in(accepted, text),
        any(_shown(accepted, claim) for claim in claims),
        _support(claims),
        min(1.0, few / max(length, 1)),
        0.0,
    )
    return {name: float(value) for name, value in zip(names, values, strict=True)}


class PreferenceJudge(Protocol):
    """Says which answer of each pair is better: a person's file, a model, a simulated rater."""

    @property
    def name(self) -> str:
        """Recorded with every comparison."""

    async def judge(self, pairs: Sequence[Pair]) -> list[Comparison]:
        """Return a comparison for each pair, in order."""


class SimulatedRater:
    """Prefers the higher score, and is mistaken as often as Bradley and Terry's model says.

    It feels a difference that is the true one, in temperatures, and noise of the logistic
    distribution; small ones it calls a tie, great ones much better. Its judgement of a pair
    depends on the two answers and the seed alone: not on their order, nor on other pairs.
    """

    def __init__(self, scorer: Scorer, config: RaterConfig = RaterConfig()) -> None:
        """Take what knows how good answers are.

        Raises:
            ConfigError: a number makes no sense.
        """
        if not config.temperature > 0:
            raise ConfigError(f"the rater's temperature must be above 0, not {config.temperature}")
        if not 0 <= config.tie <= config.much:
            raise ConfigError("the rater's bound of ties must be at least 0, and not above much")
        self._scorer = scorer
        self._config = config

    @property
    def name(self) -> str:
        """Recorded with every comparison."""
        return f"simulated:{self._scorer.name}:{self._config.seed}"

    async def judge(self, pairs: Sequence[Pair]) -> list[Comparison]:
        """Return a simulated comparison for each pair, in order.

        Raises:
            ConfigError: a score is no finite number, or the scorer does not know a question.
        """
        answers = [answer for pair in pairs for answer in (pair.first, pair.second)]
        scores = checked(await self._scorer.score(answers), self._scorer, len(answers))
        return [
            self._judge(pair, scores[2 * place], scores[2 * place + 1])
            for place, pair in enumerate(pairs)
        ]

    def _judge(self, pair: Pair, first: Score, second: Score) -> Comparison:
        difference = (first.value - second.value) / self._config.temperature
        felt = difference + _noise(pair, self._config.seed)
        parts = sorted(first.parts.keys() & second.parts.keys())
        axes = {name: min(1.0, max(-1.0, first.parts[name] - second.parts[name])) for name in parts}
        return judged(pair, self._said(felt), rater=self.name, simulated=True, axes=axes)

    def _said(self, felt: float) -> float:
        if abs(felt) < self._config.tie:
            return 0.0
        return math.copysign(1.0 if abs(felt) >= self._config.much else 0.5, felt)


def _noise(pair: Pair, seed: int) -> float:
    """Return logistic noise that changes its sign when the two answers are exchanged."""
    first, second = (repr((one.text, [quote.text for quote in one.quotes])) for one in pair.answers)
    low, high = sorted((first, second))
    drawn = Random(f"{seed}\n{pair.question}\n{low}\n{high}").random()
    drawn = min(max(drawn, 1e-12), 1 - 1e-12)
    noise = math.log(drawn) - math.log1p(-drawn)
    return noise if first == low else -noise


def _shown(accepted: Sequence[str], claim: Claim) -> bool:
    """Tell whether a sentence gives an accepted answer that a quote cited beside it shows."""
    return any(
        stands_in((one,), claim.text)
        and any(stands_in((one,), quote.text) for quote in claim.quotes)
        for one in accepted
    )


def _support(claims: Sequence[Claim]) -> float:
    """Return how much of each sentence stands in what it cites, on average."""
    shares = [overlap(claim.text, claim.quotes) for claim in claims]
    return sum(shares) / len(shares) if shares else 0.0
