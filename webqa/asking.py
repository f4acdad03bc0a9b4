"""Asking a question from a program: the Python API, and what the commands need for it.

Knows no terminal and no run folder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

from env.answers import NOTHING_FOUND
from env.errors import ConfigError, Error
from env.records import Answer, Question, Quote, Step
from env.sanitise import sanitise
from env.web.base import Web
from env.web.visits import Visit
from policies.base import MakePolicy, Policy, Rollout, Setup, episode_seed, run_episode
from webqa.names import unknown

ID_LENGTH = 16
Play = Callable[..., Awaitable[Rollout]]
"""Plays a question: takes it, a setup, and `seed`, `attempt` and `quotes` by name."""


def ask(
    question: str, web: Web | str | Path = "sample", policy: Policy | str = "extractive"
) -> Answer:
    """Answer a question from a web.

    Args:
        question: the question in plain words.
        web: a web, or what `--web` takes: `sample`, a folder made by `webqa index`, a cassette,
            or search services such as `wikipedia`.
        policy: a policy, or the name of one.

    Returns:
        The answer; its `[n]` marks point at `answer.quotes[n - 1]`. Without an answer its text
        is `env.answers.NOTHING_FOUND` and it has no quotes.

    Raises:
        Error: the question is empty, the web or policy is unknown, no search of a live web was
            answered, the episode failed, or this is called inside an event loop (use
            `await webqa.aask(...)` there).
    """
    if _in_event_loop():
        raise Error("ask cannot be called inside an event loop: use `await webqa.aask(...)`")
    return asyncio.run(aask(question, web, policy))


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def aask(
    question: str, web: Web | str | Path = "sample", policy: Policy | str = "extractive"
) -> Answer:
    """Answer a question from a web; `ask` for use inside an event loop."""
    asked = make_question(question)
    if isinstance(web, str | Path):
        from webqa.webs import close_web, open_web

        faults = Faults()
        opened = open_web(web, watch=faults)
        try:
            answer = await _answer(asked, opened, policy)
        finally:
            await close_web(opened)
        if faults.unsearched and not answer.quotes:
            raise Error(faults.complaint)  # nobody knows whether there is an answer
        return answer
    return await _answer(asked, web, policy)


class Faults:
    """Watches a live web for what kept a question from its answer."""

    def __init__(self) -> None:
        self._worked: set[str] = set()
        self._messages: dict[str, str] = {}
        self.on_the_way: dict[str, None] = {}
        """Lines, each once, of what failed or was hidden while something else was answered."""

    def __call__(self, visit: Visit) -> None:
        """Note what became of a search or a page."""
        if visit.outcome == "page":
            self._worked.add(visit.call)
            if visit.message:
                self.on_the_way[visit.message] = None
        elif visit.outcome != asyncio.CancelledError.__name__:
            self._messages[visit.call] = visit.message

    @property
    def unsearched(self) -> bool:
        """Whether there were searches, and none was answered."""
        return "search" in self._messages and "search" not in self._worked

    @property
    def complaint(self) -> str:
        """One line, when no search was answered or no page could be opened; else empty."""
        if self.unsearched:
            return f"no search was answered: {self._messages['search']}"
        if "open" in self._messages and "open" not in self._worked:
            return f"no page could be opened: {self._messages['open']}"
        return ""


async def _answer(asked: Question, web: Web, policy: Policy | str) -> Answer:
    seed = episode_seed(0, asked.id, 0)
    if isinstance(policy, str):
        policy = make_policy(policy, web)(seed)
    rollout = await run_episode(policy, asked, Setup(web), seed=seed)
    if rollout.episode.ended == "failed":
        raise Error(f"the episode failed: {rollout.episode.error}")
    return given_answer(rollout)


def given_answer(rollout: Rollout) -> Answer:
    """Return the answer of an episode, or the one that says that nothing was found."""
    episode = rollout.episode
    return episode.answer or Answer(episode.question.text, NOTHING_FOUND)


def make_question(text: str) -> Question:
    """Make a question from what was typed; the same text gives the same id.

    Raises:
        Error: the text is empty.
    """
    text = sanitise(text).strip()
    if not text:
        raise Error('the question is empty: write one, such as "Why is the sky blue?"')
    return Question(sha256(text.encode()).hexdigest()[:ID_LENGTH], text)


def _extractive(web: Web) -> MakePolicy:
    from policies.extractive import ExtractivePolicy

    encoder = getattr(web, "encoder", None)
    if encoder is None:
        return lambda _seed: ExtractivePolicy()
    return lambda _seed: ExtractivePolicy(encoder=encoder)


POLICIES: dict[str, Callable[[Web], MakePolicy]] = {"extractive": _extractive}
"""The policies that can be named, and how to make each for a web."""


def policy_settings(name: str, web: Web) -> dict[str, float | int | str]:
    """Return the resolved settings of a policy, to be saved beside what it makes."""
    if name != "extractive":
        return {}
    from policies.extractive import ExtractiveConfig

    encoder = getattr(web, "encoder", None)
    return asdict(ExtractiveConfig()) | ({"encoder": encoder.name} if encoder else {})


def make_policy(name: str, web: Web) -> MakePolicy:
    """Return what makes the policy of this name.

    Raises:
        ConfigError: there is no such policy.
    """
    if name not in POLICIES:
        raise ConfigError(unknown("policy", name, POLICIES))
    return POLICIES[name](web)


class Conversation:
    """Questions that follow one another: each keeps the earlier questions and quotes."""

    def __init__(
        self, make: MakePolicy, setup: Setup, seed: int = 0, play: Play | None = None
    ) -> None:
        """Begin; `play` plays a question in place of one episode, as `webqa.choosing.BestOf`."""
        self._make = make
        self._setup = setup
        self._seed = seed
        self._play = play or self._once
        self._questions: list[str] = []
        self._quotes: tuple[Quote, ...] = ()

    def branched(self) -> Conversation:
        """Return another one that goes on from here by itself."""
        return copy(self)

    def forget(self) -> None:
        """Start afresh, with no earlier question and no quote."""
        self._questions, self._quotes = [], ()

    async def ask(
        self,
        text: str,
        attempts: Callable[[str], int] = lambda _id: 0,
        watch: Callable[[Step], None] | None = None,
    ) -> Rollout:
        """Ask the next question.

        Args:
            text: the new question alone.
            attempts: tells how often a question (by its id) was asked before in this run.
            watch: called after every step, in place of the setup's own.

        Raises:
            Error: the text is empty.
        """
        asked = make_question(text)
        questions = [*self._questions, asked.text]
        question = make_question("\n\n".join(questions))
        attempt = attempts(question.id)
        seed = episode_seed(self._seed, question.id, attempt)
        setup = replace(self._setup, watch=watch) if watch else self._setup
        rollout = await self._play(question, setup, seed=seed, attempt=attempt, quotes=self._quotes)
        if rollout.episode.ended != "failed":
            self._questions = questions
            self._quotes = self._keep(rollout)
        return rollout

    async def _once(
        self,
        question: Question,
        setup: Setup,
        *,
        seed: int,
        attempt: int,
        quotes: tuple[Quote, ...],
    ) -> Rollout:
        return await run_episode(
            self._make(seed), question, setup, seed=seed, attempt=attempt, quotes=quotes
        )

    def _keep(self, rollout: Rollout) -> tuple[Quote, ...]:
        """Return the quotes to begin the next question with.

        Those that the answer cites, newest first, up to half of what quotes may take: the next
        question needs room for its own.
        """
        answer = rollout.episode.answer
        quotes = [*self._quotes, *(answer.quotes if answer else ())]
        room = self._setup.browser.quotes // 2
        kept: list[Quote] = []
        for quote in reversed(list(dict.fromkeys(quotes))):
            room -= len(quote.text)
            if room < 0:
                break
            kept.append(quote)
        return tuple(reversed(kept))
