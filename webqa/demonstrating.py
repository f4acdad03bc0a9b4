"""Many demonstrations: which are still to be made, and how some of them are made.

Knows no terminal; what becomes of the episodes is the caller's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

from env.config import SMALL, BrowserConfig
from env.records import Question
from env.web.base import Web
from policies.base import Rollout, Setup, episode_id, episode_seed, run_episode
from policies.demonstrator import DemonstratorConfig, DemonstratorPolicy
from webqa.processes import in_processes
from webqa.webs import open_web


@dataclass(frozen=True, slots=True)
class Work:
    """What all demonstrations of a run have in common. It travels to other processes."""

    web: str
    """As `--web` takes it."""
    browser: BrowserConfig = SMALL
    config: DemonstratorConfig = field(default_factory=DemonstratorConfig)
    run: str = ""
    configuration: str = ""
    seed: int = 0


class Task(NamedTuple):
    """One demonstration to be made."""

    question: Question
    attempt: int


def remaining(
    questions: Iterable[Question], attempts: int, run: str, finished: Container[str]
) -> Iterator[Task]:
    """Yield what is to be demonstrated and is not recorded yet: every question, then again.

    Questions without accepted answers cannot be demonstrated and are left out.
    """
    known = [question for question in questions if question.accepted]
    for attempt in range(attempts):
        for question in known:
            if episode_id(run, question.id, attempt) not in finished:
                yield Task(question, attempt)


def make_all(tasks: Iterable[Task], work: Work, jobs: int) -> Iterator[Rollout]:
    """Make demonstrations, and yield them in the order of the tasks.

    Args:
        tasks: what is to be demonstrated.
        work: what they have in common.
        jobs: processes; 1 makes them all in this one.

    Raises:
        Error: a process died.
    """
    return in_processes(partial(make_share, work), tasks, jobs)


def make_share(work: Work, tasks: Sequence[Task]) -> list[Rollout]:
    """Make some demonstrations one after the other."""
    return asyncio.run(_make(work, tasks))


async def _make(work: Work, tasks: Sequence[Task]) -> list[Rollout]:
    setup = Setup(
        _opened(work.web, work.browser),
        work.browser,
        run=work.run,
        configuration=work.configuration,
    )
    made = []
    for question, attempt in tasks:
        seed = episode_seed(work.seed, question.id, attempt)
        policy = DemonstratorPolicy(question, work.config, seed)
        made.append(await run_episode(policy, question, setup, seed=seed, attempt=attempt))
    return made


@lru_cache(maxsize=1)
def _opened(name: str, browser: BrowserConfig) -> Web:
    """Open the web once in each process; what there is to say of it the caller's process says."""
    return open_web(name, browser, say=lambda _: None)
