"""Evaluation of a policy on a question set: which episodes are still to be run, and their measures.

A run folder gets episodes.jsonl and pages.jsonl as every run does, and beside them `measures.jsonl`
(what was measured of each episode) and `asked.jsonl` (what the policy was asked again). Episodes do
not depend on how they are measured, nor on the folder's name or the shard they belong to: shards
of one evaluation can be merged. Knows no terminal and no table.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Container,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from env.config import DEFAULT, BrowserConfig
from env.errors import Error
from env.jsonl import append, read
from env.records import Answer, Episode, Page, Question
from policies.asking import Asked, Asker, OverlapAsker
from policies.base import (
    Limits,
    MakePolicy,
    Rollout,
    Setup,
    episode_id,
    episode_seed,
    run_episode,
    side_by_side,
)
from policies.checkpoints import agree
from reward.model import RewardModel
from reward.rubric import TruthJudge
from reward.rules import RULES as RULES_BY_NAME
from reward.scorers import Scorer
from reward.support import RuleJudge, SupportJudge
from webqa.asking import make_policy
from webqa.asking_again import ask_again
from webqa.choosing import scores_of
from webqa.measured import MEASURES, MEASURING, Measured, read_measures
from webqa.metrics.measures import NOTHING, MeasureConfig, answer_of, measure_episode
from webqa.processes import in_processes
from webqa.run import PAGES, Run, read_episodes
from webqa.scoring import open_scorer, read_terms
from webqa.settling import ASKED
from webqa.shards import EvalConfig, is_in_shard, part_of_shard
from webqa.webs import open_web

RULES, NOBODY = "rules", "none"


class Task(NamedTuple):
    """An episode to be run."""

    question: Question
    attempt: int


class Tested(NamedTuple):
    """An episode that was run, and what was measured of it."""

    rollout: Rollout
    measured: Measured
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Means:
    """What episodes are measured with."""

    judge: SupportJudge | None = None
    """Of support; None: citations are counted and not judged."""
    asker: Asker | None = None
    """Asks the policy again; None: it is asked nothing."""
    truth: TruthJudge | None = None
    """Judges free answers where true and false ones are known."""
    sureness: Scorer | None = None
    """Says how sure an answer is; None: confidences are not measured."""
    config: MeasureConfig = field(default_factory=MeasureConfig)


def remaining(
    questions: Iterable[Question], config: EvalConfig, run: str, finished: Container[str]
) -> Iterator[Task]:
    """Yield what is to be run and is not recorded yet: every question, then again."""
    number, of = part_of_shard(config.shard)
    for attempt in range(config.attempts):
        for question in islice(questions, config.limit or None):
            mine = is_in_shard(question.id, number, of)
            if mine and episode_id(run, question.id, attempt) not in finished:
                yield Task(question, attempt)


async def measure(rollout: Rollout, means: Means) -> Tested:
    """Ask the policy again, and measure one episode."""
    episode = rollout.episode
    pages = {page.sha256: page for page in rollout.pages}
    asker = means.asker
    asked, further = await ask_again(episode, asker, means.truth) if asker else ((), NOTHING)
    answer = answer_of(episode)
    if means.sureness is not None and answer is not None:
        further = replace(further, confidence=await confidence_of(answer, means.sureness))
    values = await measure_episode(episode, pages, means.judge, further, means.config)
    question = episode.question
    line = Measured(episode.id, question.id, question.dataset, episode.attempt, values)
    return Tested(rollout, line, asked)


async def confidence_of(answer: Answer, scorer: Scorer) -> float:
    """Return a score as a probability: of a reward model's log-odds, or of what is one already.

    Raises:
        Error: the scorer's scores are no probabilities.
    """
    [score] = await scores_of(scorer, [answer])
    if isinstance(scorer, RewardModel):
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, score.value))))
    if not 0 <= score.value <= 1:
        raise Error(
            f"{scorer.name} scores an answer {score.value:.4g}, which is no confidence: give a "
            "reward model, or a scorer whose scores are from 0 to 1"
        )
    return score.value


async def evaluate(
    make: MakePolicy,
    tasks: Iterable[Task],
    setup: Setup,
    means: Means,
    *,
    seed: int,
    concurrency: int,
) -> AsyncIterator[Tested]:
    """Run and measure episodes, a few at a time, and yield them as they end."""

    def tested(task: Task) -> Awaitable[Tested]:
        return _test(make, task, setup, means, seed)

    async with aclosing(side_by_side(map(tested, tasks), concurrency)) as done:
        async for one in done:
            yield one


async def _test(make: MakePolicy, task: Task, setup: Setup, means: Means, seed: int) -> Tested:
    number = episode_seed(seed, task.question.id, task.attempt)
    rollout = await run_episode(
        make(number), task.question, setup, seed=number, attempt=task.attempt
    )
    return await measure(rollout, means)


@dataclass(frozen=True, slots=True)
class Work:
    """What the episodes of a policy without a model share. It travels to other processes."""

    web: str
    """As `--web` takes it."""
    policy: str
    browser: BrowserConfig = DEFAULT
    limits: Limits = field(default_factory=Limits)
    run: str = ""
    configuration: str = ""
    seed: int = 0
    judge: str = RULES
    """`rules` or `none`."""
    confidence: str = ""
    """A scorer by rules."""
    measuring: MeasureConfig = field(default_factory=MeasureConfig)


def evaluate_apart(tasks: Iterable[Task], work: Work, jobs: int) -> Iterator[Tested]:
    """Run and measure episodes of a policy without a model in several processes, in order.

    Raises:
        Error: a process died.
    """
    return in_processes(partial(_share, work), tasks, jobs)


def _share(work: Work, tasks: Sequence[Task]) -> list[Tested]:
    return asyncio.run(_tests(work, tasks))


async def _tests(work: Work, tasks: Sequence[Task]) -> list[Tested]:
    setup, make = _opened(work)
    means = means_without_model(work)
    return [await _test(make, task, setup, means, work.seed) for task in tasks]


def means_without_model(work: Work) -> Means:
    """Return what episodes of a policy without a model are measured with."""
    judge = RuleJudge() if work.judge == RULES else None
    sureness = open_scorer(work.confidence) if work.confidence else None
    return Means(judge, OverlapAsker(), None, sureness, work.measuring)


def needs_no_model(judge: str, confidence: str) -> bool:
    """Tell whether episodes can be measured without any model."""
    names = [term.name for term in read_terms(confidence)] if confidence else []
    return judge in (RULES, NOBODY) and all(one in RULES_BY_NAME or one == RULES for one in names)


@lru_cache(maxsize=1)
def _opened(work: Work) -> tuple[Setup, MakePolicy]:
    """Open the web once in each process; what there is to say of it the caller's process says."""
    web = open_web(work.web, work.browser, say=lambda _: None)
    setup = Setup(web, work.browser, work.limits, run=work.run, configuration=work.configuration)
    return setup, make_policy(work.policy, web)


def record(run: Run, tested: Tested) -> None:
    """Record an episode and its measures, so that a crash between them loses neither.

    The measures come last: an episode without them is measured when the run is gone on with.
    """
    if tested.rollout.episode.id not in run.finished:
        run.add(tested.rollout)
    for place, one in enumerate(tested.asked, start=1):
        # All of them are on the disk before the measures that come of them.
        append(run.folder / ASKED, one, wait=place == len(tested.asked))
    append(run.folder / MEASURES, tested.measured)


def agree_on_measuring(folder: Path, means: Mapping[str, object]) -> None:
    """Refuse to mix measures of different judges in one folder.

    Raises:
        ConfigError: what is there was measured otherwise; says how.
    """
    advice = f"remove {MEASURES}, {ASKED} and {MEASURING} to measure anew, or save elsewhere"
    agree(folder / MEASURING, means, advice)


def measured_already(folder: Path) -> set[str]:
    """Return the ids of the episodes that have measures."""
    return {one.episode for one in read_measures(folder)}


def unmeasured(folder: Path) -> Iterator[Rollout]:
    """Yield the recorded episodes that have no measures, with the pages that they quote from."""
    known = measured_already(folder)
    for episode in read_episodes(folder):
        if episode.id not in known:
            yield Rollout(episode, tuple(_pages(folder, episode)))


def _pages(folder: Path, episode: Episode) -> Iterator[Page]:
    """Read the pages that an answer quotes from: one pass over the file, one page at a time."""
    answer = answer_of(episode)
    wanted = {quote.page_sha256 for quote in answer.quotes} if answer else set()
    if wanted and (path := folder / PAGES).exists():
        yield from (page for page in read(path, Page) if page.sha256 in wanted)
