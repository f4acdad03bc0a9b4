"""A person's browsing, kept as lines and replies, so that it can be taken up at any time.

What a person does on the page is what any policy does: lines, carried out by the one browser. Kept
are the lines and what the web replied; doing the lines again over these replies gives the same
browser, after a restart of the server too, and no web is asked twice. Knows no page and no
database.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from env import actions
from env.answers import says_nothing_found
from env.browser import LONGEST_ANSWER, Browser
from env.citations import make_answer, strip_citations
from env.errors import InvalidAction, WebError
from env.records import Answer, Observation, Page, Question, Quote
from env.sanitise import sanitise
from env.web.base import Web
from policies.base import Rollout, Setup, run_episode
from policies.human import HumanPolicy
from policies.scripted import ScriptedPolicy
from reward.claims import claims_of
from webqa.rating.errors import Conflict, Unfit
from webqa.rating.records import Reply
from webqa.run import Settings, configuration


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a person has come: the draft of a demonstration."""

    settings: Settings
    """Those of the run that the episode will belong to."""
    lines: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()
    answer: str = ""
    """Written so far."""


class Remembered:
    """A web that gives the replies it is known to have given, then those of the web behind it."""

    def __init__(self, web: Web, replies: tuple[Reply, ...] = ()) -> None:
        self.identity = web.identity
        self.replies = list(replies)
        self._web = web
        self._next = 0

    async def search(self, query: str) -> Page:
        """Return a results page; see env.web.base.Web."""
        return await self._reply(query, self._web.search)

    async def open(self, url: str) -> Page:
        """Return a page; see env.web.base.Web."""
        return await self._reply(url, self._web.open)

    async def _reply(self, asked: str, ask: Callable[[str], Coroutine[Any, Any, Page]]) -> Page:
        if self._next == len(self.replies):
            self.replies.append(await _asked(asked, ask))
        reply = self.replies[self._next]
        if reply.asked != asked:
            raise Conflict(
                "this browsing was begun with another version of the program, which did it "
                "differently: skip it, and begin another"
            )
        self._next += 1
        if reply.page is None:
            raise WebError(reply.fault, reply.reason)
        return reply.page


async def _asked(asked: str, ask: Callable[[str], Coroutine[Any, Any, Page]]) -> Reply:
    try:
        return Reply(asked, await ask(asked))
    except WebError as error:
        return Reply(asked, fault=str(error), reason=error.reason)


class Browsing:
    """One question, browsed and answered by a person."""

    def __init__(self, question: Question, progress: Progress, web: Web) -> None:
        """Begin; see `take_up` for what was begun before.

        Raises:
            Conflict: it was begun in another web.
        """
        if progress.settings.web != web.identity:
            raise Conflict(
                "this browsing was begun in another web than the one that is served now: serve "
                "that one again, or skip it"
            )
        self.question = question
        self.progress = progress
        self._web = web
        self._remembered = Remembered(web, progress.replies)
        self._browser = Browser(self._remembered, progress.settings.browser)
        self.seen: Observation = self._browser.start(question)

    @property
    def ended(self) -> bool:
        """Whether nothing more can be written, not even an answer."""
        return self._browser.ended is not None

    @property
    def outcome(self) -> str:
        """How the browsing ended (env.records.Ended); empty while something can be written."""
        return self._browser.ended or ""

    @property
    def pages(self) -> dict[str, Page]:
        """Every page that was opened, by its hash."""
        return self._browser.pages

    @property
    def can_go_back(self) -> bool:
        """Whether the last line ended the browsing and can be taken back."""
        lines = self.progress.lines
        return not self._browser.browsing and bool(lines) and _ends(lines[-1])

    async def step(self, line: str) -> None:
        """Carry out a line.

        Raises:
            Unfit: it is no command. That is a slip of the pen and costs nothing, as in the
                terminal; what is a command but cannot be carried out costs an action.
            Conflict: browsing is over.
        """
        line = line.encode(errors="replace").decode()  # half a surrogate pair cannot be kept
        if not self._browser.browsing:
            raise Conflict("browsing is over: write the answer, or go back to browsing")
        try:
            actions.parse(line)
        except InvalidAction as error:
            raise Unfit(f"that cannot be done: {error}") from error
        self.seen = await self._browser.step(line)
        self.progress = replace(
            self.progress,
            lines=(*self.progress.lines, line),
            replies=tuple(self._remembered.replies),
        )

    async def without_end(self) -> Browsing:
        """Return the browsing as it was before its last line ended it.

        Raises:
            Conflict: it was not ended by a line.
        """
        if not self.can_go_back:
            raise Conflict("there is nothing to go back to: the browsing was ended by its limits")
        shorter = replace(self.progress, lines=self.progress.lines[:-1])
        return await take_up(self.question, shorter, self._web)

    def written(self, answer: str) -> None:
        """Keep the answer as it is written so far.

        Raises:
            Unfit: it is longer than an answer may be.
        """
        if len(answer) > LONGEST_ANSWER:
            raise Unfit(
                f"an answer has at most {LONGEST_ANSWER:,} characters, this one has "
                f"{len(answer):,}: shorten it"
            )
        self.progress = replace(self.progress, answer=answer)

    def stored(self, replies: tuple[Reply, ...]) -> None:
        """Take over which pages are stored by now."""
        self.progress = replace(self.progress, replies=replies)
        self._remembered.replies = list(replies)

    async def rollout(self, name: str) -> Rollout:
        """Return the episode, made by the one runner of all episodes, and the pages.

        Args:
            name: of the run; part of the episode's id.

        Raises:
            Conflict: browsing goes on, or the episode cannot be made.
        """
        if self._browser.browsing:
            raise Conflict("browsing goes on: end it, then write the answer")
        policy = ScriptedPolicy(self.progress.lines, self.progress.answer)
        policy.name = HumanPolicy.name
        settings = self.progress.settings
        setup = Setup(
            Remembered(self._web, self.progress.replies),
            settings.browser,
            run=name,
            configuration=configuration(settings),
        )
        rollout = await run_episode(policy, self.question, setup)
        if rollout.episode.ended == "failed":
            raise Conflict(f"the episode cannot be recorded: {rollout.episode.error}")
        return rollout


async def take_up(question: Question, progress: Progress, web: Web) -> Browsing:
    """Return a browsing as it was left.

    Raises:
        Conflict: it was begun in another web, or with a version that did it differently.
    """
    browsing = Browsing(question, replace(progress, lines=()), web)
    for line in progress.lines:
        await browsing.step(line)
    return browsing


def _ends(line: str) -> bool:
    try:
        return actions.BY_NAME[actions.parse(line).name].ends
    except InvalidAction:
        return False


class Checked(NamedTuple):
    """What there is to say of an answer before it is submitted."""

    answer: Answer
    """As it will be recorded: marks renumbered, those without a quote taken out."""
    bare: tuple[str, ...]
    """Sentences that cite nothing."""
    uncited: tuple[tuple[int, Quote], ...]
    """Quotes that are not cited, with their numbers."""
    nothing_found: bool
    """Whether it will be recorded as unanswered, for it is empty or says so."""


def check_answer(text: str, seen: Observation) -> Checked:
    """Return what will become of an answer from the quotes of an observation."""
    answer = make_answer(seen.question, sanitise(text)[:LONGEST_ANSWER], seen.quotes)
    return Checked(
        answer,
        tuple(claim.text for claim in claims_of(answer) if claim.text and not claim.cited),
        tuple(pair for pair in enumerate(seen.quotes, 1) if pair[1] not in answer.quotes),
        says_nothing_found(strip_citations(answer.text)),
    )
