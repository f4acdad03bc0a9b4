"""The browser as typed tools, for `environment_factory` of TRL's GRPOTrainer (trl 1.16).

    with open_tools("sample") as tools:
        data = Dataset.from_list(rows(questions))
        GRPOTrainer(..., train_dataset=data, environment_factory=tools).train()

Every public method of `BrowseTools` but `reset` and `get_reward` becomes a tool, with its docstring
as the description: hence no other public method, and docstrings a model can read. Needs no trl.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from env.actions import Action, format_action
from env.config import DEFAULT, BrowserConfig
from env.errors import Error
from env.records import Observation, Question
from env.render import render_answering
from env.view import plain_citations
from env.web.base import Web
from policies.base import Setup
from webqa.serving.environment import BrowseEnvironment, View
from webqa.serving.tasks import Reward, Tasks, Wish, by_accepted
from webqa.webs import OFFLINE, WebConfig, close_web, open_web

Result = TypeVar("Result")

CLOSED = "the web of these tools is closed"
RULES = (
    "Answer the question by browsing a text-only web with the tools: search, open results, quote "
    "the passages that hold the answer, then call `answer` once. Every statement of the answer "
    "cites a quote by its number, such as [1].\n\nQuestion: "
)


def rows(questions: Iterable[Question]) -> list[dict[str, object]]:
    """Return rows of a dataset for the trainer; a group of rollouts shares a row, so a question."""
    return [
        {
            "prompt": [{"role": "user", "content": ""}],
            "question": question.text,
            "accepted": list(question.accepted),
        }
        for question in questions
    ]


class Tools:
    """Makes the tools of one rollout when called; owns the web that they share.

    The web and all sessions live on an event loop in a thread, as TRL calls tools from threads
    that have none. Use it in a `with` statement.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._tasks: Tasks | None = None
        self._opened: Web | None = None

    def open(
        self, web: Web | str | Path, browser: BrowserConfig, config: WebConfig, reward: Reward
    ) -> None:
        """Open the web on the loop.

        Raises:
            ConfigError: there is no such web.
        """

        async def opened() -> Web:
            return open_web(web, browser, config) if isinstance(web, str | Path) else web

        shared = self.wait(opened())
        self._opened = shared if isinstance(web, str | Path) else None
        self._tasks = Tasks(Setup(shared, browser), reward=reward)

    def __call__(self) -> BrowseTools:
        """Return the tools of one more rollout."""
        if self._tasks is None:
            raise Error(CLOSED)
        return BrowseTools(BrowseEnvironment(self._tasks), self)

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do some work on the loop, and wait for what it gives.

        Raises:
            Error: the tools are closed.
        """
        if self._loop.is_closed():
            work.close()
            raise Error(CLOSED)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Leave what is under way and close the web."""
        if self._loop.is_closed():
            return
        self._tasks = None
        if self._opened:
            self.wait(close_web(self._opened))
        self.wait(_stop_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def open_tools(
    web: Web | str | Path = "sample",
    browser: BrowserConfig = DEFAULT,
    config: WebConfig = OFFLINE,
    *,
    reward: Reward = by_accepted,
) -> Tools:
    """Return what TRL takes as `environment_factory`.

    Args:
        web: a web, or what `--web` takes.
        browser: settings of the text browser.
        config: how a live web is fetched.
        reward: what a finished episode is worth; as it is, 1 or 0 by the accepted answers.

    Raises:
        ConfigError: there is no such web.
    """
    tools = Tools()
    try:
        tools.open(web, browser, config, reward)
    except BaseException:
        tools.close()
        raise
    return tools


class BrowseTools:
    """The tools of one rollout: a browser over a web of pages."""

    def __init__(self, environment: BrowseEnvironment, tools: Tools) -> None:
        self._environment = environment
        self._tools = tools

    def reset(
        self,
        question: str | None = None,
        accepted: Sequence[str] | None = None,
        **_: object,
    ) -> str:
        """Begin an episode with the question of a row; other columns are not looked at.

        Raises:
            Error: the row has no question.
        """
        if not question:
            raise Error('a row has no "question": make the dataset with webqa.serving.tools.rows')
        view = self._tools.wait(self._environment.reset(Wish(question, accepted or ())))
        return RULES + view.observation.question

    def get_reward(self) -> float | None:
        """Return what the episode is worth; 0 for one that was left before its end."""
        view, chosen = self._environment.view, self._environment.chosen
        if view is None or chosen is None:
            return None
        if view.done:
            return view.reward
        return self._environment.tasks.unfinished(chosen.question)

    def search(self, query: str) -> str:
        """Send a query to the search engine and see the results, as numbered links.

        Args:
            query: The words to search for.

        Returns:
            The page of results.
        """
        return self._do(Action("search", _line(query)))

    def click(self, link: int) -> str:
        """Open a link of the text that is shown.

        Args:
            link: The number of the link: 3 for one that is shown as 【3†text†domain】.

        Returns:
            The top of the page that it leads to.
        """
        return self._do(Action("click", number=_whole(link)))

    def find(self, text: str) -> str:
        """Go to the next place of the page where a text occurs.

        Args:
            text: The text to look for, as it is written on the page.

        Returns:
            The part of the page around that place.
        """
        return self._do(Action("find", _line(text)))

    def quote(self, text: str) -> str:
        """Keep a passage of the page, word for word, as a source that the answer can cite.

        Args:
            text: The passage, copied exactly from the page that is shown. A long one may be
                given by its first and last words, with ━ between them.

        Returns:
            The number of the quote, and the page again.
        """
        return self._do(Action("quote", _line(text)))

    def scroll_down(self, windows: int = 1) -> str:
        """Go down on the page.

        Args:
            windows: How far: 1, 2 or 3 windows.

        Returns:
            The part of the page that is shown then.
        """
        return self._do(Action("down", number=_whole(windows)))

    def scroll_up(self, windows: int = 1) -> str:
        """Go up on the page.

        Args:
            windows: How far: 1, 2 or 3 windows.

        Returns:
            The part of the page that is shown then.
        """
        return self._do(Action("up", number=_whole(windows)))

    def top(self) -> str:
        """Go to the top of the page.

        Returns:
            The top of the page.
        """
        return self._do(Action("top"))

    def back(self) -> str:
        """Go back to the page before this one, or to the search results.

        Returns:
            The page before.
        """
        return self._do(Action("back"))

    def answer(self, text: str) -> str:
        """Give the final answer; nothing can be done after it. Quote something first.

        Args:
            text: The answer, which cites the quotes by their numbers, such as [1] or [2].

        Returns:
            The answer as it was taken, with the sources that it cites.
        """
        if self._view.observation.answering is False:
            self._write("End: Answer")
        if not self._view.done:
            self._write(text)
        return self._view.rendered

    @property
    def _view(self) -> View:
        if (view := self._environment.view) is None:
            raise Error("no episode is under way: reset first")
        return view

    def _do(self, action: Action) -> str:
        """Carry out a command, and return what a model should see of the outcome."""
        if self._view.observation.answering:
            raise Error("browsing is over: call answer, citing the quotes by their numbers")
        quotes = len(self._view.observation.quotes)
        view = self._write(format_action(action))
        return view.rendered if view.done else as_result(view.observation, quotes)

    def _write(self, line: str) -> View:
        return self._tools.wait(self._environment.step(line))


def as_result(observation: Observation, quotes: int) -> str:
    """Return the outcome of a command as the message of a tool.

    Unlike the rendered observation it does not repeat what stands in earlier messages.

    Args:
        observation: after the command.
        quotes: how many there were before it.
    """
    if observation.answering:
        shown = render_answering(observation)
        return f"Browsing is over: call answer, citing these quotes by number.\n\n{shown}"
    parts = []
    if observation.notice:
        parts.append(plain_citations(observation.notice))
    if len(observation.quotes) > quotes:
        parts.append(f"Kept as quote [{len(observation.quotes)}].")
    first, last = observation.position
    title = plain_citations(observation.title)
    if observation.title:
        parts.append(f"{title} ({observation.domain}), {first} to {last} percent of the page")
    parts.append(observation.text)
    parts.append(
        f"Actions left: {observation.actions_left}. "
        f"Characters left to quote: {observation.quote_characters_left}."
    )
    return "\n\n".join(parts)


def _line(text: str) -> str:
    """Put a tool's text on one line: a command has no more."""
    return " ".join(str(text).split())


def _whole(number: int) -> int:
    """Return a number that a model wrote, perhaps as a text or with a point.

    Raises:
        Error: it is none.
    """
    try:
        return int(number)
    except (ValueError, TypeError, OverflowError) as error:
        raise Error(f"a whole number is expected, not {number!r}") from error


async def _stop_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
