"""What is played before an update: browses with several answers, their scores, and their tokens.

What a trajectory is made of can be learnt from without the engine that wrote it: prompts are made
again from the observations, masks by replaying what was written. Knows no weights and no optimiser.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from env.actions import parse
from env.errors import InvalidAction
from env.records import Answer, Episode, Observation, Question, Step
from policies.base import Setup, episode_seed
from policies.cloning.config import ANSWERING
from policies.cloning.examples import Sets
from policies.cloning.records import FORCED, Example, Ids
from policies.language_model import LanguageModelConfig, LanguageModelPolicy, make_request
from policies.likelihood import replay
from policies.models.base import ModelError
from reward.ppo.config import CollectConfig
from reward.sampling import Browse, SampleConfig, sample_browse
from reward.scorers import Score, Scorer

if TYPE_CHECKING:
    from policies.models.local.model import LocalModel

INVALID = "invalid"
"""Kind of a line that is no command."""

StepRewards = Callable[[Episode], Awaitable[Sequence[float]]]
"""What each step of an episode is worth by itself, as `reward.process.step_rewards` tells."""


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One prompt, what was written after it, and what became of it."""

    example: Example
    engine: tuple[float, ...]
    """Log-probabilities that the engine drew with, of the tokens that were not forced."""
    reward: float = 0.0
    """Of the command itself, beside the episode's score."""


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """An episode as the tokens that are learnt from, with its score."""

    episode: Episode
    turns: tuple[Turn, ...]
    """In the order of time; of an episode that only answers, the answer alone."""
    score: float
    browse: int
    """Number of its browse in the update."""
    group: int
    """Number of its question in the update."""
    parts: dict[str, float] = field(default_factory=dict)
    held_out: float | None = None
    """What the scorer says that nothing is learnt from."""

    @property
    def inserted(self) -> bool:
        """Whether it answers once more what another episode browsed for."""
        return bool(self.episode.parent)


class Collected(NamedTuple):
    """What was played before an update."""

    trajectories: tuple[Trajectory, ...]
    """Those of one browse side by side, the one that browsed first."""
    sets: tuple[Ids, ...]
    """Sets of allowed tokens, which the examples name by number."""
    failed: int
    """Episodes that failed and are left out."""
    error: str
    """Why the first of them did."""
    seconds: dict[str, float]


class Asked(NamedTuple):
    """A question of an update."""

    question: Question
    number: int
    """Its place in the update, from 0."""


def questions_of(questions: Sequence[Question], update: int, number: int, seed: int) -> list[Asked]:
    """Return the questions of an update: all of them come once, in any order, before one again."""
    orders: dict[int, list[int]] = {}
    asked = []
    for place in range(number):
        passes, within = divmod(update * number + place, len(questions))
        if passes not in orders:
            orders[passes] = list(range(len(questions)))
            Random(f"{seed}/{passes}").shuffle(orders[passes])
        asked.append(Asked(questions[orders[passes][within]], place))
    return asked


@dataclass(frozen=True, slots=True)
class Scorers:
    """Who says how good an answer is."""

    learnt: Scorer
    held_out: Scorer | None = None
    """Logged beside it, and never learnt from."""
    of_steps: StepRewards | None = None


class Collector:
    """Plays episodes with the weights as they are, and makes trajectories of them."""

    def __init__(
        self,
        model: LocalModel,
        asked: LanguageModelConfig,
        setup: Setup,
        scorers: Scorers,
        config: CollectConfig,
        seed: int = 0,
    ) -> None:
        """Begin.

        Args:
            model: whose weights are changed between two calls of `collect`.
            asked: how it is asked; drawn from with the temperature of `config`.
            setup: the web and the browser's settings.
            scorers: of the answers.
            config: as `reward.ppo.config.resolved` returns it.
            seed: of all that is drawn.
        """
        self.asked = replace(asked, temperature=config.temperature)
        self.config = config
        self._model = model
        self._setup = setup
        self._scorers = scorers
        self._seed = seed

    async def collect(self, questions: Sequence[Asked], update: int) -> Collected:
        """Play an update's episodes and score their answers.

        Raises:
            ModelError: every episode failed, or a score is no number.
        """
        clock = time.perf_counter()
        self._model.forget()
        browses = await self._play(questions, update)
        played = time.perf_counter() - clock
        whole = [[one for one in episodes if one.ended != "failed"] for episodes in browses]
        faults = [one for episodes in browses for one in episodes if one.ended == "failed"]
        if not any(whole):
            raise ModelError(f"every episode failed, the first with: {faults[0].error}")
        clock = time.perf_counter()
        scores = await self._score([one for episodes in whole for one in episodes])
        scored = time.perf_counter() - clock
        clock = time.perf_counter()
        known, made = Sets(), []
        for number, episodes in enumerate(whole):
            group = questions[number // self.config.group].number
            for episode in episodes:
                made.append(await self._trajectory(episode, scores, number, group, known))
        seconds = {
            "rollout": played,
            "scoring": scored,
            "replaying": time.perf_counter() - clock,
        }
        error = faults[0].error if faults else ""
        return Collected(tuple(made), tuple(known.sets), len(faults), error, seconds)

    async def _play(self, questions: Sequence[Asked], update: int) -> list[list[Episode]]:
        """Return the episodes of each browse."""
        seed = episode_seed(self._seed, "update", update)
        turn = asyncio.Semaphore(self.config.concurrency)
        wanted = SampleConfig(self.config.group, self.config.answers)

        async def play(question: Question, number: int) -> list[Episode]:
            async with turn:
                actions = Random(f"{seed}/{number}").randint(
                    self.config.least_actions, self.config.most_actions
                )
                browser = replace(self._setup.browser, actions=actions)
                setup = replace(self._setup, browser=browser, run=f"update-{update}")
                browse = Browse(question, number)
                sampled = await sample_browse(self._policy, browse, setup, wanted, seed=seed)
                return [rollout.episode for rollout in sampled.rollouts]

        return await asyncio.gather(
            *(
                play(asked.question, asked.number * self.config.group + again)
                for asked in questions
                for again in range(self.config.group)
            )
        )

    def _policy(self, seed: int) -> LanguageModelPolicy:
        return LanguageModelPolicy(self._model, self.asked, seed)

    async def _score(self, episodes: Sequence[Episode]) -> dict[str, tuple[Score, float | None]]:
        """Return the scores of all episodes by their ids; one without an answer has a fixed one."""
        answered = [(one.id, one.answer) for one in episodes if one.answer]
        answers = [answer for _, answer in answered]
        learnt = await _scores(self._scorers.learnt, answers)
        other = await _scores(self._scorers.held_out, answers) if self._scorers.held_out else None
        nothing = Score(self.config.unanswered), (None if other is None else self.config.unanswered)
        found: dict[str, tuple[Score, float | None]] = {one.id: nothing for one in episodes}
        for place, (name, _) in enumerate(answered):
            found[name] = learnt[place], other[place].value if other else None
        return found

    async def _trajectory(
        self,
        episode: Episode,
        scores: dict[str, tuple[Score, float | None]],
        browse: int,
        group: int,
        known: Sets,
    ) -> Trajectory:
        worth: Sequence[float] = [0.0] * len(episode.steps)
        if self._scorers.of_steps and not episode.parent:
            worth = await self._scorers.of_steps(episode)
        own = slice(-1 if episode.parent else 0, None)
        turns = tuple(
            make_turn(episode, step, self._model, self.asked, known, reward)
            for step, reward in zip(episode.steps[own], worth[own], strict=True)
            if step.completion.token_ids
        )
        score, held_out = scores[episode.id]
        return Trajectory(episode, turns, score.value, browse, group, score.parts, held_out)


async def _scores(scorer: Scorer, answers: Sequence[Answer]) -> list[Score]:
    """Return a score for each answer.

    Raises:
        ModelError: there are not as many, or one is no number.
    """
    scores = await scorer.score(answers) if answers else []
    if len(scores) != len(answers):
        raise ModelError(
            f"the scorer {scorer.name} gave {len(scores)} scores for {len(answers)} answers"
        )
    for score, answer in zip(scores, answers, strict=True):
        if not math.isfinite(score.value):
            raise ModelError(
                f"the scorer {scorer.name} gave {score.value} for an answer to "
                f"{answer.question[:80]!r}: use one that always gives a number"
            )
    return scores


def make_turn(
    episode: Episode,
    step: Step,
    model: LocalModel,
    asked: LanguageModelConfig,
    known: Sets,
    reward: float = 0.0,
) -> Turn:
    """Return a step as the tokens that were written, and what else was allowed at each.

    Raises:
        ModelError: the tokens cannot have been written at this observation.
    """
    request, _ = make_request(step.observation, model, asked)
    written = step.completion.token_ids
    allowed = replay(model.tokens, request.legal, written)
    sets = [
        FORCED if forced else known.number(ids)
        for ids, forced in zip(allowed.ids, allowed.forced.tolist(), strict=True)
    ] if allowed.ids else []  # fmt: skip
    free = [number != FORCED for number in sets] or [True] * len(written)
    example = Example(
        episode.question.id,
        kind_of(step.observation, step.completion.text),
        1.0,
        np.asarray(model.tokens.encode_prompt(request.prompt), np.int32),
        np.asarray(written, np.int32),
        np.asarray(sets, np.int32),
    )
    engine = zip(step.completion.logprobs, free, strict=True)
    return Turn(example, tuple(logprob for logprob, counts in engine if counts), reward)


def kind_of(observation: Observation, text: str) -> str:
    """Return a command's name, `answering` or `invalid`."""
    if observation.answering:
        return ANSWERING
    try:
        return parse(text).name
    except InvalidAction:
        return INVALID
