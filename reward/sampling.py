"""Many answers to each question: some browses, each of them answered several times.

An answer is a whole episode with an id of its own; those of one browse share its steps, and the
model reads their prompt once. Knows no scorer and no files.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, fields
from typing import NamedTuple

from env.errors import ConfigError
from env.records import Completion, Episode, Question, Quote
from policies.base import (
    MakePolicy,
    Rollout,
    Setup,
    answer_again,
    can_answer_again,
    episode_id,
    episode_seed,
    run_episode,
    side_by_side,
)


@dataclass(frozen=True, slots=True)
class SampleConfig:
    """How many answers are sampled for each question."""

    browses: int = 4
    """Times that each question is browsed for."""
    answers: int = 4
    """Answers to what each of them quoted."""


class Browse(NamedTuple):
    """A browse that is to be sampled, or to be gone on with."""

    question: Question
    number: int
    """From 0; its answers have the attempts from `first + number * answers` on."""
    parent: Episode | None = None
    """The episode that browsed, if it is there already."""
    done: frozenset[int] = frozenset()
    """Attempts that are there already."""


class Sampled(NamedTuple):
    """What was made of a browse now; with what was recorded it is all of it."""

    browse: Browse
    rollouts: tuple[Rollout, ...]
    """The one that browsed comes first, the others in the order of their attempts."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What episodes cost. Sums of it are made with `+`."""

    browses: int = 0
    answers: int = 0
    """Episodes, those that browsed included."""
    browsing_read: int = 0
    """Tokens of prompts that were run through the model while browsing."""
    browsing_written: int = 0
    answering_read: int = 0
    answering_written: int = 0
    shared: int = 0
    """Tokens of prompts that were not read again, as the model knew them from a prompt before."""
    seconds: float = 0.0
    """Of all episodes, each alone; at the same time they take less."""

    def __add__(self, other: Cost) -> Cost:
        """Return both together."""
        return Cost(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Cost)))

    @property
    def tokens(self) -> int:
        """Tokens read and written."""
        browsing = self.browsing_read + self.browsing_written
        return browsing + self.answering_read + self.answering_written


def check(config: SampleConfig) -> None:
    """Refuse numbers that make no sense.

    Raises:
        ConfigError: one is below 1.
    """
    for one in fields(config):
        if (value := getattr(config, one.name)) < 1:
            raise ConfigError(f"--{one.name} must be at least 1, not {value}")


async def sample(
    make_policy: MakePolicy,
    question: Question,
    setup: Setup,
    config: SampleConfig,
    *,
    seed: int = 0,
    first: int = 0,
    quotes: tuple[Quote, ...] = (),
) -> list[Rollout]:
    """Return all answers to one question, those of a browse side by side.

    Args:
        make_policy: makes the policy of each episode from its seed.
        question: what is asked.
        setup: what the episodes share.
        config: how many.
        seed: another one draws others.
        first: number of the first attempt.
        quotes: those that each browse begins with.

    Returns:
        `browses` times `answers` episodes; one for a browse that ended without anything to answer
        from.
    """
    sampled = await asyncio.gather(
        *(
            sample_browse(
                make_policy,
                Browse(question, number),
                setup,
                config,
                seed=seed,
                first=first,
                quotes=quotes,
            )
            for number in range(config.browses)
        )
    )
    return [rollout for one in sampled for rollout in one.rollouts]


async def sample_browse(
    make_policy: MakePolicy,
    browse: Browse,
    setup: Setup,
    config: SampleConfig,
    *,
    seed: int = 0,
    first: int = 0,
    quotes: tuple[Quote, ...] = (),
) -> Sampled:
    """Browse once and answer from it; what is recorded already is not made again."""
    question, made = browse.question, []
    start = first + browse.number * config.answers
    parent = browse.parent
    if parent is None:
        number = episode_seed(seed, question.id, start)
        policy = make_policy(number)
        made.append(
            await run_episode(policy, question, setup, seed=number, attempt=start, quotes=quotes)
        )
        parent = made[0].episode
    if can_answer_again(parent):
        attempts = range(start + 1, start + config.answers)
        made += await answers_again(
            make_policy,
            parent,
            setup,
            [one for one in attempts if one not in browse.done],
            seed=seed,
        )
    return Sampled(browse, tuple(made))


async def answers_again(
    make_policy: MakePolicy,
    browsed: Episode,
    setup: Setup,
    attempts: Sequence[int],
    *,
    seed: int = 0,
) -> list[Rollout]:
    """Return more answers to what an episode quoted, at the same time, one for each attempt.

    Raises:
        ValueError: the episode never came to answering.
    """
    numbers = [episode_seed(seed, browsed.question.id, attempt) for attempt in attempts]
    return await asyncio.gather(
        *(
            answer_again(make_policy(number), browsed, setup, seed=number, attempt=attempt)
            for number, attempt in zip(numbers, attempts, strict=True)
        )
    )


async def sample_all(
    make_policy: MakePolicy,
    browses: Iterable[Browse],
    setup: Setup,
    config: SampleConfig,
    *,
    seed: int = 0,
    concurrency: int = 8,
) -> AsyncIterator[Sampled]:
    """Sample browses, a few at a time, and yield each with its answers when it is whole.

    Raises:
        ConfigError: `concurrency` is below one.
    """
    works = (sample_browse(make_policy, one, setup, config, seed=seed) for one in browses)
    async with aclosing(side_by_side(works, concurrency)) as whole:
        async for sampled in whole:
            yield sampled


def remaining(
    questions: Iterable[Question], config: SampleConfig, run: str, recorded: Iterable[Episode] = ()
) -> list[Browse]:
    """Return the browses that are not whole in a run, with what there is of them.

    The first browses of all questions come before the second ones.

    Args:
        questions: what is asked.
        config: how many answers are wanted.
        run: name of the run, which the ids of its episodes are made with.
        recorded: the run's episodes; those of other questions are passed over.
    """
    parents: dict[str, Episode] = {}
    there: set[str] = set()
    for episode in recorded:
        there.add(episode.id)
        if not episode.parent:
            parents[episode.id] = episode
    asked, found = list(questions), []
    for number in range(config.browses):
        for question in asked:
            attempts = range(number * config.answers, (number + 1) * config.answers)
            ids = [episode_id(run, question.id, attempt) for attempt in attempts]
            done = [at for at, name in zip(attempts, ids, strict=True) if name in there]
            parent = parents.get(ids[0])
            if len(done) < len(ids) and (parent is None or can_answer_again(parent)):
                found.append(Browse(question, number, parent, frozenset(done)))
    return found


def cost_of(episodes: Iterable[Episode]) -> Cost:
    """Return what episodes cost; the steps that an answer shares with its parent cost nothing."""
    total = Cost()
    for episode in episodes:
        answering = [step.completion for step in episode.steps if step.observation.answering]
        browsing = [
            step.completion
            for step in episode.steps
            if not step.observation.answering and not episode.parent
        ]
        total += Cost(
            browses=int(not episode.parent),
            answers=1,
            browsing_read=_read(browsing),
            browsing_written=sum(one.completion_tokens for one in browsing),
            answering_read=_read(answering),
            answering_written=sum(one.completion_tokens for one in answering),
            shared=sum(one.cached_tokens for one in (*browsing, *answering)),
            seconds=episode.seconds,
        )
    return total


def _read(completions: Iterable[Completion]) -> int:
    return sum(one.prompt_tokens - one.cached_tokens for one in completions)
