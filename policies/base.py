"""What a policy is, and the one runner of episodes for every purpose.

A policy reads an observation and writes a line; the browser alone knows what the line does. Knows
no particular policy, no reward and no files.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple, Protocol, TypeVar

from env.browser import Browser
from env.config import DEFAULT, BrowserConfig
from env.errors import ConfigError, Error
from env.records import Completion, Episode, Observation, Page, Question, Quote, Step
from env.version import VERSION
from env.web.base import Web

T = TypeVar("T")


class Policy(Protocol):
    """Who acts in one episode; it may remember. `policies.check.check_policy` tests one."""

    name: str
    """Recorded with every episode."""

    async def act(self, observation: Observation) -> Completion:
        """Write one command, or the answer when `observation.answering` is true."""


MakePolicy = Callable[[int], Policy]
"""Makes the policy of one episode from its seed; what is costly is shared behind it."""


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may cost; None is no limit. Past it browsing stops and the answer follows.

    An answer that is not there after as many seconds again is made of the quotes. The limit of
    tokens may be passed by one act.
    """

    seconds: float | None = None
    """Seconds of browsing; what is under way then is interrupted."""
    tokens: int | None = None
    """Tokens that the policy may read and write for one question."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What all episodes of a run share."""

    web: Web
    browser: BrowserConfig = DEFAULT
    limits: Limits = field(default_factory=Limits)
    run: str = ""
    """Name of the run; part of the ids of its episodes."""
    configuration: str = ""
    """Hash of the run's resolved settings."""
    watch: Callable[[Step], None] | None = None
    """Called after every step."""
    now: Callable[[], datetime] = now


class Rollout(NamedTuple):
    """An episode and the pages that were opened in it."""

    episode: Episode
    pages: tuple[Page, ...]


async def run_episode(
    policy: Policy,
    question: Question,
    setup: Setup,
    *,
    seed: int = 0,
    attempt: int = 0,
    quotes: tuple[Quote, ...] = (),
) -> Rollout:
    """Run one episode to its end. A fault of the policy or the web is recorded, not raised."""
    browser = Browser(setup.web, setup.browser)
    begin = _Beginning(question, seed, attempt)
    return await _played(policy, browser, begin, setup, lambda: browser.start(question, quotes))


async def answer_again(
    policy: Policy, browsed: Episode, setup: Setup, *, seed: int = 0, attempt: int = 0
) -> Rollout:
    """Answer once more from what an episode quoted: another episode, with the same browsing.

    Nothing is browsed, so several at a time share the reading of one prompt. Its seconds and
    tokens are those of the new answer alone, and its `parent` is the episode given.

    Raises:
        ValueError: the episode never came to answering (see `can_answer_again`).
    """
    if not can_answer_again(browsed):
        raise ValueError(f"episode {browsed.id} ended before there was anything to answer from")
    browser, seen = Browser(setup.web, setup.browser), browsed.steps[-1].observation
    begin = _Beginning(browsed.question, seed, attempt, browsed)

    def start() -> Observation:
        browser.start(browsed.question, seen.quotes)
        browser.stop(browsed.stopped_by)
        return seen

    return await _played(policy, browser, begin, setup, start)


def can_answer_again(browsed: Episode) -> bool:
    """Tell whether an episode came to answering: its last step is then the answer."""
    return bool(browsed.steps) and browsed.steps[-1].observation.answering


class _Beginning(NamedTuple):
    """What an episode begins with."""

    question: Question
    seed: int
    attempt: int
    browsed: Episode | None = None
    """The episode whose browsing is taken over."""


async def _played(
    policy: Policy,
    browser: Browser,
    begin: _Beginning,
    setup: Setup,
    start: Callable[[], Observation],
) -> Rollout:
    """Play an episode to its end and make its record."""
    steps: list[Step] = []
    started, clock, error = setup.now(), time.perf_counter(), ""
    try:
        observation = start()
        while browser.ended is None:
            taken = len(steps)
            observation = await _turn(policy, browser, observation, steps, setup.limits, clock)
            if setup.watch and len(steps) > taken:
                setup.watch(steps[-1])
            if _apply_limits(browser, setup.limits, time.perf_counter() - clock, steps):
                observation = browser.observe()
    except Exception as fault:  # noqa: BLE001 - a bad episode is data: it is recorded with its reason
        error = _in_a_line(fault)
    failed, browsed = bool(error), begin.browsed
    error = error or next((one.completion.error for one in steps if one.completion.error), "")
    episode = Episode(
        id=episode_id(setup.run, begin.question.id, begin.attempt),
        question=begin.question,
        policy=policy.name,
        web=setup.web.identity,
        configuration=setup.configuration,
        steps=(*(browsed.steps[:-1] if browsed else ()), *steps),
        answer=None if failed else browser.answer,
        ended="failed" if failed else browser.ended or "failed",
        stopped_by="error" if failed else browser.stopped_by,
        seed=begin.seed,
        attempt=begin.attempt,
        error=error,
        started_at=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - clock, 4),
        prompt_tokens=sum(step.completion.prompt_tokens for step in steps),
        completion_tokens=sum(step.completion.completion_tokens for step in steps),
        parent=browsed.id if browsed else "",
        version=VERSION,
    )
    return Rollout(episode, tuple(browser.pages.values()))


async def run_episodes(
    make_policy: MakePolicy,
    questions: Iterable[Question],
    setup: Setup,
    *,
    seed: int = 0,
    concurrency: int = 8,
) -> AsyncIterator[Rollout]:
    """Run an episode for each question, a few at a time, and yield them as they end.

    Raises:
        Error: `concurrency` is below one.
    """

    def played(question: Question) -> Awaitable[Rollout]:
        number = episode_seed(seed, question.id, 0)
        return run_episode(make_policy(number), question, setup, seed=number)

    # Closed at once when the caller leaves early: nothing goes on unseen.
    async with aclosing(side_by_side(map(played, questions), concurrency)) as rollouts:
        async for rollout in rollouts:
            yield rollout


async def side_by_side(works: Iterable[Awaitable[T]], most: int) -> AsyncGenerator[T]:
    """Do works, a few at a time, and yield what each gives as it ends.

    Args:
        works: taken from only when there is room for one.
        most: done at the same time.

    Raises:
        ConfigError: `most` is below one.
    """
    if most < 1:
        raise ConfigError(f"concurrency must be at least 1, not {most}")
    waiting = iter(works)
    running: set[asyncio.Future[T]] = set()
    done: set[asyncio.Future[T]] = set()

    def fill() -> None:
        while len(running) < most and (work := next(waiting, None)) is not None:
            running.add(asyncio.ensure_future(work))

    try:
        fill()
        while running:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            running -= done
            fill()
            for task in done:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        # Where several fail at once only the first fault is raised; the others are taken note of.
        await asyncio.gather(*running, *done, return_exceptions=True)


def episode_id(run: str, question: str, attempt: int) -> str:
    """Return the id of an episode: the same run, question and attempt give the same id."""
    return sha256(f"{run}\0{question}\0{attempt}".encode()).hexdigest()[:16]


def episode_seed(seed: int, question: str, attempt: int) -> int:
    """Derive an episode's seed, so that a resumed run draws what an unbroken one draws."""
    digest = sha256(f"{seed}\0{question}\0{attempt}".encode()).digest()
    return int.from_bytes(digest[:4])


def _in_a_line(fault: Exception) -> str:
    """Return a fault in a line; errors of ours are sentences, others need their name."""
    named = str(fault) if isinstance(fault, Error) else f"{type(fault).__name__}: {fault}"
    return " ".join(named.split())[:500] or type(fault).__name__


def quoted_answer(quotes: Sequence[Quote]) -> str:
    """Return an answer that is nothing but the quotes, each with its citation."""
    return "\n\n".join(f"{quote.text} [{number}]" for number, quote in enumerate(quotes, 1))


async def _turn(
    policy: Policy,
    browser: Browser,
    observation: Observation,
    steps: list[Step],
    limits: Limits,
    begin: float,
) -> Observation:
    """Let the policy act once, within the time that is left, and note the step."""
    taken, seconds = len(steps), limits.seconds
    if seconds is not None and browser.browsing:
        seconds = max(0.0, seconds - (time.perf_counter() - begin))
    try:
        async with asyncio.timeout(seconds) as deadline:
            completion = _checked(await policy.act(observation))
            steps.append(Step(observation, completion))
            return await browser.step(completion.text)
    except TimeoutError:
        if not deadline.expired():
            raise
    if browser.browsing:
        browser.stop("time")
        return browser.observe()
    steps[taken:] = [Step(observation, Completion(quoted_answer(observation.quotes)))]
    return await browser.step(steps[-1].completion.text)


def _checked(completion: Completion) -> Completion:
    """Refuse what is no completion; replace half surrogate pairs, which no file can hold."""
    if not isinstance(completion, Completion) or not isinstance(completion.text, str):
        raise TypeError(f"act must return a Completion with text, not {completion!r:.80}")
    text = completion.text.encode(errors="replace").decode()
    return completion if text == completion.text else replace(completion, text=text)


def _apply_limits(browser: Browser, limits: Limits, seconds: float, steps: list[Step]) -> bool:
    """Stop browsing where a limit is passed; tell whether it was."""
    if not browser.browsing:
        return False
    if limits.seconds is not None and seconds >= limits.seconds:
        browser.stop("time")
    elif limits.tokens is not None and limits.tokens <= sum(
        step.completion.prompt_tokens + step.completion.completion_tokens for step in steps
    ):
        browser.stop("tokens")
    return not browser.browsing
