"""A policy that knows the accepted answers and shows how to find and quote them.

It uses them only to decide what to open and what to quote; what it searches for and looks for on a
page comes from the question. It sees what any policy sees, the observation, and writes only lines
that the tight grammar allows, so that a small model can learn them. Paths vary with the seed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from random import Random

from env.actions import Action, format_action
from env.answers import stands_in
from env.records import Completion, Observation, Question
from env.view import unmark
from policies.demonstrator.queries import another, queries, telling
from policies.demonstrator.sentences import Sentence, sentences, supporting
from policies.extractive.candidates import Entry, entries
from policies.extractive.question import analyse
from policies.extractive.words import plain, weight, words
from policies.grammar.config import TIGHT
from policies.grammar.legal import Line, answer_items
from policies.grammar.observing import legal_lines

Plan = Generator[str, Observation, Observation]
"""Yields lines, is sent what is seen then, and returns what was seen last."""


@dataclass(frozen=True, slots=True)
class DemonstratorConfig:
    """How thorough demonstrations are, and how often they leave the straight path."""

    sources: int = 3
    """Pages from which a sentence is quoted, as far as the actions suffice."""
    again: float = 0.1
    """How often a second sentence with an accepted answer is quoted from the same page."""
    hedge: float = 0.85
    """How often a sentence is quoted from a page that shows no accepted answer: the one that fits
    the question best. One of the quotes is always kept for a page that shows an answer."""
    fair: float = 0.25
    """Share of the question that such a sentence must cover."""
    pick: float = 0.5
    """Share of episodes that first open the results whose snippets hold an accepted answer; the
    others go through the results in their order, dead ends included."""
    look: float = 0.2
    """How often a window without an answer is scrolled, or searched for a word of the question."""
    varied: float = 0.1
    """How often the first query leaves out a word."""
    terse: float = 0.25
    """How often a quote without an accepted answer is left out of the answer; one always stays."""


class DemonstratorPolicy:
    """Demonstrates one episode."""

    name = "demonstrator"

    def __init__(
        self, question: Question, config: DemonstratorConfig | None = None, seed: int = 0
    ) -> None:
        """Make the policy of one episode, which alone is given the accepted answers."""
        self.config = config or DemonstratorConfig()
        self._accepted = question.accepted
        self._asked = analyse(question.text)
        self._draw = Random(seed)
        self._opened: set[tuple[str, str]] = set()
        self._quoted = 0
        """Pages quoted from."""
        self._supported = 0
        """Those of them that showed an accepted answer."""
        self._plan: Plan | None = None

    async def act(self, observation: Observation) -> Completion:
        """Write the next line of the plan, or the answer."""
        if observation.answering:
            return Completion(self._answer(observation))
        if self._plan is None:
            self._plan = self._browse(observation)
            return Completion(next(self._plan))
        try:
            return Completion(self._plan.send(observation))
        except StopIteration:
            return Completion("End: Answer")

    def _browse(self, observation: Observation) -> Plan:
        """Search and read until there is support, or no action left to search and read again."""
        search = _legal(observation, "search")
        for query in queries(search.choices if search else (), self._draw, self.config.varied):
            observation = yield _line("search", query)
            if not observation.notice:
                observation = yield from self._read_results(observation)
            if self._supported or observation.actions_left < 4:
                break
        while not observation.quotes:
            observation = yield _whatever(observation)
        return observation

    def _read_results(self, observation: Observation) -> Plan:
        """Open the results one by one, as long as more is wanted and there are actions for it."""
        away = False
        for entry in self._in_order(entries(observation)):
            # To go back, open and quote, and in the end to answer.
            if observation.actions_left < 3 + away:
                break
            if away:
                observation = yield "Back"
            self._opened.add((entry.title, entry.domain))
            observation = yield _line("click", number=entry.link)
            if away := not observation.notice:
                observation = yield from self._read(observation)
            if self._quoted >= self.config.sources:
                break
        return observation

    def _in_order(self, found: list[Entry]) -> Iterator[Entry]:
        """Yield the results not opened yet, in the order in which they are opened."""
        found = [entry for entry in found if (entry.title, entry.domain) not in self._opened]
        if self._chance(self.config.pick):
            found.sort(key=lambda entry: not stands_in(self._accepted, entry.snippet))
        yield from found

    def _read(self, observation: Observation) -> Plan:
        """Quote what supports an accepted answer; if nothing does, look around, or hedge."""
        support = self._support(observation)
        if not support and self._chance(self.config.look) and self._can_look(observation):
            observation = yield self._further(observation)
            support = self._support(observation)
        chosen = support[:1] or self._hedged(observation)
        if not chosen:
            return observation
        observation = yield _line("quote", chosen[0].written)
        self._quoted += not observation.notice
        self._supported += bool(support) and not observation.notice
        if support[1:] and self._chance(self.config.again) and observation.actions_left > 1:
            observation = yield _line("quote", support[1].written)
        return observation

    def _answer(self, observation: Observation) -> str:
        """Return quotes, each followed by its mark."""
        items = answer_items(legal_lines(observation, TIGHT))
        kept = [
            item
            for item, quote in zip(items, observation.quotes, strict=True)
            if stands_in(self._accepted, quote.text) or not self._chance(self.config.terse)
        ]
        return " ".join(kept or [self._draw.choice(items)])

    def _chance(self, share: float) -> bool:
        return self._draw.random() < share

    def _hedged(self, observation: Observation) -> list[Sentence]:
        """Return what to quote from a page that shows no answer: the best fit, or nothing."""
        room = self._quoted + 1 < self.config.sources or self._supported
        if not room or not self._chance(self.config.hedge):
            return []
        return [one for one in self._sentences(observation)[:1] if one.fit >= self.config.fair]

    def _support(self, observation: Observation) -> list[Sentence]:
        return list(supporting(self._sentences(observation), self._accepted))

    def _sentences(self, observation: Observation) -> list[Sentence]:
        """Return what can be quoted and is not yet."""
        known = {quote.text for quote in observation.quotes}
        found = sentences(observation, _choices(observation, "quote"), self._asked)
        return [one for one in found if one.text not in known]

    def _can_look(self, observation: Observation) -> bool:
        further = "down" in observation.commands or self._sought(observation)
        return observation.actions_left > 3 and bool(further)

    def _further(self, observation: Observation) -> str:
        """Return a line that goes to another place of the page."""
        sought = self._sought(observation)
        if sought and ("down" not in observation.commands or self._chance(0.5)):
            return _line("find", sought)
        return _line("down", number=1)

    def _sought(self, observation: Observation) -> str:
        """Return the most telling word of the question that stands below the first line."""
        below = unmark(observation.text).partition("\n")[2]
        seen = set(map(plain, words(below)))
        found = [one for one in telling(_choices(observation, "find")) if plain(one) in seen]
        return max(found, key=lambda word: weight(plain(word)), default="")


_WAYS_OUT = ("answer", "back", "click", "down", "top", "search", "find")


def _legal(observation: Observation, command: str) -> Line | None:
    """Return how a command may be written now; None when it is not legal."""
    lines = legal_lines(observation, TIGHT).lines
    return next((line for line in lines if line.command == command), None)


def _choices(observation: Observation, command: str) -> tuple[str, ...]:
    """Return what may stand behind a command now; nothing when the command is not legal."""
    line = _legal(observation, command)
    return line.choices if line else ()


def _whatever(observation: Observation) -> str:
    """Return a legal line, where nothing was found: the end if that is legal, or a way to it."""
    lines = {line.command: line for line in legal_lines(observation, TIGHT).lines}
    line = next(lines[name] for name in _WAYS_OUT if name in lines)
    if line.kind in ("words", "text"):
        return _line(line.command, another(line) or observation.question)
    return _line(line.command, number=int(line.choices[0]) if line.choices else 0)


def _line(name: str, text: str = "", number: int = 0) -> str:
    return format_action(Action(name, " ".join(text.split()), number))
