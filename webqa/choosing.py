"""The best of several answers: sampled, scored, chosen, and withheld where the score is too low.

Knows no terminal and no run folder; which scorers there are stands in webqa.scoring.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from env.errors import ConfigError, Error
from env.records import Answer, Episode, Question, Quote
from policies.base import MakePolicy, Rollout, Setup
from reward.abstention import abstains
from reward.best_of_n import pick
from reward.sampling import SampleConfig, sample
from reward.scorers import Score, Scorer
from webqa.models import ModelConfig, asked_as

TEMPERATURE = 0.8
"""With which answers are sampled where none is given: what WebGPT was measured with."""
TOGETHER = 64
"""Answers that are given to a scorer at once, at most."""
NO_ANSWER = -math.inf
"""By which an episode without an answer is chosen: after all others, whatever a scorer says."""


@dataclass(frozen=True, slots=True)
class ChooseConfig:
    """How many answers are sampled to give the best of, and when none is good enough."""

    best_of: int = 1
    """Answers that are sampled; the one with the highest score is given."""
    answers: int = 4
    """How many of them answer the same browse, at most: they cost little more than one."""
    scorer: str = "rules"
    """What they are scored by: a reward model's folder, rules, a rule, weighted sums of them."""
    abstain_below: float | None = None
    """Score below which it is said that nothing was found."""

    @property
    def wanted(self) -> bool:
        """Whether anything has to be scored at all."""
        return self.best_of > 1 or self.abstain_below is not None


def check(config: ChooseConfig) -> None:
    """Refuse settings that make no sense.

    Raises:
        ConfigError: a number is too low, or none; or a scorer is named in vain.
    """
    for name, value in (("best-of", config.best_of), ("answers", config.answers)):
        if value < 1:
            raise ConfigError(f"--{name} must be at least 1, not {value}")
    if config.scorer != ChooseConfig().scorer and not config.wanted:
        raise ConfigError(
            f"--scorer {config.scorer} has nothing to choose from: give --best-of N or "
            "--abstain-below too"
        )
    if config.abstain_below is not None and not math.isfinite(config.abstain_below):
        raise ConfigError(f"--abstain-below must be a number, not {config.abstain_below}")


def samples_of(config: ChooseConfig) -> SampleConfig:
    """Return how many browses are made, and how many answers to each: all of them as many."""
    most = min(config.answers, config.best_of)
    answers = next(number for number in range(most, 0, -1) if config.best_of % number == 0)
    return SampleConfig(config.best_of // answers, answers)


def settings_of(config: ChooseConfig) -> dict[str, float | int | str]:
    """Return what a run's configuration holds of it; nothing where one answer is taken as it is."""
    held = asdict(config) if config.wanted else {}
    return {name: value for name, value in held.items() if value is not None}


def for_sampling(model: ModelConfig) -> ModelConfig:
    """Return how a model is asked for answers that differ, where that was left to its folder.

    At a temperature of 0 all samples would be the same.
    """
    named = model.model or model.endpoint
    if not named or model.temperature is not None or asked_as(model).temperature > 0:
        return model
    return replace(model, temperature=TEMPERATURE)


def scored_answer(episode: Episode) -> Answer:
    """Return what a scorer is given for an episode: without an answer, one without text."""
    return episode.answer or Answer(episode.question.text, "")


async def scores_of(scorer: Scorer, answers: Sequence[Answer]) -> list[Score]:
    """Return a score for each answer; those to one question should stand side by side.

    Raises:
        Error: the scorer gave too few, or one that is no finite number.
    """
    scores: list[Score] = []
    for first in range(0, len(answers), TOGETHER):
        some = answers[first : first + TOGETHER]
        given = await scorer.score(some)
        if len(given) != len(some):
            raise Error(f"{scorer.name} gave {len(given)} scores for {len(some)} answers")
        for score in given:
            if not all(map(math.isfinite, (score.value, *score.parts.values()))):
                raise Error(
                    f"{scorer.name} gave a score that is no finite number ({score.value}): its "
                    "weights are broken, or what it was trained on"
                )
        scores += given
    return scores


def key_of(episode: Episode, score: Score) -> float:
    """Return what an episode is chosen by: its score, or less than any if it has no answer."""
    return score.value if episode.answer else NO_ANSWER


class Chosen(NamedTuple):
    """The best of several answers to one question."""

    told: Rollout
    """The episode of the best as it is told: without its answer where that is withheld."""
    rollouts: tuple[Rollout, ...]
    """All episodes, as they are recorded."""
    scores: tuple[Score, ...]
    place: int
    """Of the best among them."""
    abstained: bool
    """Whether there was an answer, but its score was too low."""

    @property
    def score(self) -> Score:
        """The score of the best."""
        return self.scores[self.place]


async def choose(rollouts: Sequence[Rollout], scorer: Scorer, below: float | None = None) -> Chosen:
    """Score the episodes of one question and take the best one that has an answer.

    Where none has one, it is an episode that did not fail, if there is any.

    Args:
        rollouts: the episodes.
        scorer: scores their answers.
        below: score below which the answer is withheld.

    Raises:
        Error: there is no episode, or the scorer is broken.
    """
    episodes = [rollout.episode for rollout in rollouts]
    scores = await scores_of(scorer, [scored_answer(one) for one in episodes])
    keys = [key_of(one, score) for one, score in zip(episodes, scores, strict=True)]
    place = pick(keys)
    if keys[place] == NO_ANSWER:
        place = pick([float(one.ended != "failed") for one in episodes])
    best = rollouts[place]
    withheld = best.episode.answer is not None and abstains(scores[place].value, below)
    told = best
    if withheld:
        told = best._replace(episode=replace(best.episode, answer=None, ended="unanswered"))
    return Chosen(told, tuple(rollouts), tuple(scores), place, withheld)


def told(chosen: Chosen, config: ChooseConfig) -> str:
    """Return in a line what the answer was chosen from, and whether it is withheld."""
    scores = [
        score.value
        for rollout, score in zip(chosen.rollouts, chosen.scores, strict=True)
        if rollout.episode.answer
    ]
    if not scores:
        return f"none of {len(chosen.rollouts)} attempts came to an answer"
    of = f"the best of {len(scores)} answers" if len(scores) > 1 else "the answer"
    best = f"{of} scores {max(scores):.4g} by {config.scorer}"
    if chosen.abstained:
        return f"{best}, below {config.abstain_below:.4g}: it is withheld"
    return f"{best}, the worst {min(scores):.4g}" if len(scores) > 1 else best


class BestOf:
    """Plays a question several times and gives the best answer."""

    def __init__(self, make_policy: MakePolicy, scorer: Scorer, config: ChooseConfig) -> None:
        self.last: Chosen | None = None
        """What came of the last question."""
        self.config = config
        self._make = make_policy
        self._scorer = scorer

    async def play(
        self,
        question: Question,
        setup: Setup,
        *,
        seed: int = 0,
        attempt: int = 0,
        quotes: tuple[Quote, ...] = (),
    ) -> Rollout:
        """Return the best episode, as it is told; see `Chosen`.

        Args:
            question: what is asked.
            setup: what the episodes share.
            seed: of all of them.
            attempt: number of the first of them.
            quotes: those that each begins with.

        Raises:
            Error: the scorer is broken.
        """
        samples = samples_of(self.config)
        rollouts = await sample(
            self._make, question, setup, samples, seed=seed, first=attempt, quotes=quotes
        )
        self.last = await choose(rollouts, self._scorer, self.config.abstain_below)
        return self.last.told
