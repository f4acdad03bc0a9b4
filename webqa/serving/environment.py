"""One session of the browser as an environment: `reset`, `step` and where it stands.

The episode runs in the one runner of all episodes; its policy hands every observation out and
waits for the line that comes back. Knows no network and no trainer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from env.answers import NOTHING_FOUND
from env.browser import LONGEST_ANSWER
from env.errors import Error
from env.records import Answer, Completion, Ended, Observation, StoppedBy
from env.render import render
from policies.base import Rollout, run_episode
from webqa.serving.tasks import Chosen, Tasks, Wish

POLICY = "remote"
"""The name under which those who play over a protocol are recorded."""
ANYTHING = Wish()


@dataclass(frozen=True, slots=True)
class View:
    """What a step gives."""

    rendered: str
    """The observation as text, ending where the next line is to be written; else the outcome."""
    observation: Observation
    reward: float | None = 0.0
    """0 until the end; None then where nobody knows what the episode is worth."""
    done: bool = False
    ended: Ended | None = None
    stopped_by: StoppedBy | None = None
    answer: Answer | None = None


class _Elsewhere:
    """A policy whose lines come from elsewhere."""

    name = POLICY

    def __init__(self) -> None:
        self.seen: asyncio.Queue[Observation] = asyncio.Queue()
        self.written: asyncio.Queue[str] = asyncio.Queue()

    async def act(self, observation: Observation) -> Completion:
        """Hand out what is seen, and wait for a line."""
        self.seen.put_nowait(observation)
        return Completion(await self.written.get())


class BrowseEnvironment:
    """A session: one episode after the other, each with a browser and budgets of its own.

    All calls must be made on one event loop, one at a time; `leave` from any thread.
    """

    def __init__(self, tasks: Tasks) -> None:
        self.tasks = tasks
        self.chosen: Chosen | None = None
        """The episode that is played, or was played last."""
        self.view: View | None = None
        """What the last call gave."""
        self.steps = 0
        """Lines taken in this episode."""
        self._policy = _Elsewhere()
        self._task: asyncio.Task[Rollout] | None = None

    async def reset(self, wish: Wish = ANYTHING) -> View:
        """Begin an episode; one that is not at its end is left, and not recorded.

        Raises:
            Error: there is no such question.
        """
        chosen = self.tasks.choose(wish)
        self.leave()
        self.chosen, self.steps, self._policy = chosen, 0, _Elsewhere()
        self._task = asyncio.create_task(
            run_episode(
                self._policy,
                chosen.question,
                self.tasks.setup,
                seed=chosen.seed,
                attempt=chosen.attempt,
            )
        )
        return await self._next()

    async def step(self, command: str) -> View:
        """Write a line: a command, or the answer once `observation.answering` is true.

        Any text may be passed: what is no command costs an action and gives a notice.

        Raises:
            Error: no episode is under way.
            ConfigError: the episode came to its end and cannot be recorded.
        """
        if self.view is None or self._task is None:
            raise Error("no episode is under way: reset first")
        if self.view.done:
            raise Error("the episode is over: reset begins another")
        self.steps += 1
        # No longer line is a command, and of an answer no more is kept.
        self._policy.written.put_nowait(command[:LONGEST_ANSWER])
        return await self._next()

    def leave(self) -> None:
        """Drop the episode that is under way, if there is one."""
        task, self._task, self.view = self._task, None, None
        if task and not task.done() and not (loop := task.get_loop()).is_closed():
            loop.call_soon_threadsafe(task.cancel)

    async def _next(self) -> View:
        """Wait for the next observation, or for the end."""
        assert self._task is not None
        episode = self._task
        seen = asyncio.ensure_future(self._policy.seen.get())
        try:
            await asyncio.wait({seen, episode}, return_when=asyncio.FIRST_COMPLETED)
            if seen.done():
                observation = seen.result()
                self.view = View(render(observation), observation)
            elif episode.cancelled():
                raise Error("the episode was left: reset begins another")
            else:
                rollout = episode.result()
                self.view = _at_the_end(rollout, self.tasks.finish(rollout))
        finally:
            seen.cancel()
        return self.view


def _at_the_end(rollout: Rollout, reward: float | None) -> View:
    episode = rollout.episode
    last = episode.steps[-1].observation if episode.steps else None
    observation = Observation(
        episode.question.text,
        quotes=last.quotes if last else (),
        past_actions=last.past_actions if last else (),
    )
    return View(
        _outcome(rollout),
        observation,
        reward,
        True,
        episode.ended,
        episode.stopped_by,
        episode.answer,
    )


def _outcome(rollout: Rollout) -> str:
    episode = rollout.episode
    if episode.answer:
        sources = [
            f"[{number}] {quote.title} ({quote.domain})"
            for number, quote in enumerate(episode.answer.quotes, 1)
        ]
        return "\n".join([episode.answer.text, "", *sources]).rstrip()
    if episode.ended == "failed":
        return f"The episode failed: {episode.error}"
    return NOTHING_FOUND if episode.ended == "unanswered" else f"Ended: {episode.ended}"
