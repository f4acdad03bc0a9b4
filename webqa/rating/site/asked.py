"""Questions that are being answered, and those that were a while ago: in memory alone.

At most so many are answered at the same time. Whoever asked can watch the steps as they come, from
any of them on. Knows no page and no database.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from env import actions
from env.actions import Action
from env.browser import LONGEST_QUESTION
from env.errors import Error, InvalidAction
from env.records import Page, Step
from env.sanitise import sanitise_line
from env.view import LINK_MARK
from policies.base import Rollout
from webqa.asking import Conversation, make_question
from webqa.rating.errors import Refused, Unfit, Unknown

LONGEST_LINE = 160
"""Characters shown of a step."""


@dataclass(frozen=True, slots=True)
class AskConfig:
    """How much is asked at once."""

    concurrent: int = 4
    """Questions that are answered at the same time; who comes then is asked to wait."""
    kept: int = 200
    """Answered questions that can still be looked at; the oldest are forgotten first."""


class Busy(Refused):
    """As many questions are being answered as may be."""

    status = 503


class Asked:
    """One question: its steps as they come, then its answer."""

    def __init__(self, text: str, owner: int, conversation: Conversation) -> None:
        self.id = secrets.token_urlsafe(16)
        self.text = text
        self.owner = owner
        """Id of the person who asked, the only one who sees it."""
        self.conversation = conversation
        """What a question that follows goes on from."""
        self.steps: list[str] = []
        self.rollout: Rollout | None = None
        self.fault = ""
        """Why there is no episode, or why it is not recorded; in one sentence."""
        self._news = asyncio.Event()

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self.rollout is not None or bool(self.fault)

    @property
    def pages(self) -> dict[str, Page]:
        """The pages that were opened, by their hash."""
        return {page.sha256: page for page in self.rollout.pages} if self.rollout else {}

    def watch(self, step: Step) -> None:
        """Note a step."""
        if notice := step.observation.notice:
            self.steps.append(sanitise_line(notice, LONGEST_LINE))
        self.steps.append(told(step))
        self.changed()

    def changed(self) -> None:
        """Tell those who follow that there is something new."""
        self._news.set()
        self._news = asyncio.Event()

    async def follow(self, first: int, patience: float) -> AsyncIterator[tuple[int, str] | None]:
        """Yield steps with their numbers as they come, to the end.

        Args:
            first: number of the first step that is wanted, from 0.
            patience: seconds after which None is yielded when nothing has come.
        """
        while True:
            news = self._news
            for number in range(first, len(self.steps)):
                yield number, self.steps[number]
            first = max(first, len(self.steps))
            if self.done:
                return
            try:
                await asyncio.wait_for(news.wait(), patience)
            except TimeoutError:
                yield None


class Questions:
    """All questions of a server."""

    def __init__(
        self,
        converse: Callable[[], Conversation],
        config: AskConfig,
        record: Callable[[Rollout], None] = lambda _rollout: None,
        attempts: Callable[[str], int] = lambda _id: 0,
        each: int = 1,
    ) -> None:
        """Begin with none.

        Args:
            converse: begins a conversation.
            config: how much is asked at once.
            record: is told of each question that came to its end.
            attempts: tells how many episodes of a question (by its id) there were before.
            each: how many episodes a question takes.
        """
        self.config = config
        self._converse = converse
        self._record = record
        self._before = attempts
        self._each = each
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._attempts: OrderedDict[str, int] = OrderedDict()

    @property
    def running(self) -> int:
        """How many are being answered."""
        return len(self._running)

    def ask(self, text: str, owner: int, after: Asked | None = None) -> Asked:
        """Begin to answer a question, perhaps one that follows another.

        Raises:
            Unfit: it is empty or too long.
            Busy: as many are being answered as may be.
        """
        if len(text) > LONGEST_QUESTION:
            raise Unfit(f"a question has at most {LONGEST_QUESTION:,} characters: shorten it")
        try:
            asked_text = make_question(text).text
        except Error as error:
            raise Unfit("the question is empty: write one") from error
        if self.running >= self.config.concurrent:
            raise Busy(
                "as many questions are being answered as this server takes at once: "
                "try again in a moment"
            )
        conversation = after.conversation.branched() if after else self._converse()
        asked = Asked(asked_text, owner, conversation)
        self._asked[asked.id] = asked
        self._forget()
        self._running[asked.id] = asyncio.create_task(self._answer(asked))
        return asked

    def find(self, identifier: str, owner: int) -> Asked:
        """Return a question by its id.

        Raises:
            Unknown: there is none, or somebody else asked it.
        """
        asked = self._asked.get(identifier)
        if asked is None or asked.owner != owner:
            raise Unknown("there is no such question here, or it was forgotten: ask again")
        return asked

    async def stop(self, asked: Asked) -> None:
        """Stop answering a question."""
        if task := self._running.get(asked.id):
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        """Stop answering."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, asked: Asked) -> None:
        try:
            asked.rollout = await asked.conversation.ask(asked.text, self._attempt, asked.watch)
            self._record(asked.rollout)
        except asyncio.CancelledError:
            asked.fault = "it was stopped before there was an answer"
            raise
        except Error as error:
            asked.fault = str(error)
        finally:
            asked.fault = asked.fault or ("" if asked.rollout else "it could not be answered")
            del self._running[asked.id]
            asked.changed()

    def _attempt(self, question: str) -> int:
        """Number the episodes of a question, so that two at the same time differ too.

        Of a question that nobody asked for long, those that were recorded are counted again.
        """
        known = self._attempts.pop(question, None)
        attempt = self._before(question) if known is None else known
        self._attempts[question] = attempt + self._each
        while len(self._attempts) > self.config.kept + self.config.concurrent:
            self._attempts.popitem(last=False)
        return attempt

    def _forget(self) -> None:
        for identifier in list(self._asked):
            if len(self._asked) <= self.config.kept + self.running + 1:
                return
            if identifier not in self._running:
                del self._asked[identifier]


_TOLD = {
    "search": "Searches for {}",
    "click": "Opens {}",
    "find": "Looks for {} on the page",
    "quote": "Keeps a quote: {}",
    "down": "Reads on",
    "up": "Goes up",
    "top": "Goes to the top of the page",
    "back": "Goes back",
    "answer": "Has seen enough",
    "nonsense": "Ends: the question makes no sense",
    "controversial": "Ends: the question should not be answered",
}


def told(step: Step) -> str:
    """Return what was done in a step, in a line for people."""
    if step.observation.answering:
        return "Writes the answer"
    try:
        action = actions.parse(step.completion.text)
    except InvalidAction:
        return "Writes something that is no command"
    return sanitise_line(_TOLD[action.name].format(_what(action, step)), LONGEST_LINE)


def _what(action: Action, step: Step) -> str:
    if action.name != "click":
        return action.text
    anchors = {int(mark[1]): mark[2] for mark in LINK_MARK.finditer(step.observation.text)}
    return anchors.get(action.number, f"link {action.number}")
