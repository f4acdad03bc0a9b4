"""The default policy: no language model; search, read, quote the best sentences, join them.

It uses the same commands as everyone and sees only observations. Deterministic: the same
observations give the same lines.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from functools import partial

from env.actions import Action, format_action
from env.records import Completion, Observation
from env.text import fold
from env.view import unmark
from env.web.encoding import Encoder
from policies.extractive.answering import compose
from policies.extractive.candidates import (
    LONGEST,
    Candidate,
    Entry,
    entries,
    page_candidates,
    snippet_candidates,
)
from policies.extractive.features import coverage
from policies.extractive.question import Asked, analyse, other_query
from policies.extractive.ranking import Ranked, rank
from policies.extractive.similarity import Similarity
from policies.extractive.trust import gives_orders

Plan = Generator[str, Observation, Observation]
"""Yields commands, is sent what is seen then, and returns what was seen last."""

_HEAD = 80
"""Characters of a snippet that are enough to find its place."""


@dataclass(frozen=True, slots=True)
class ExtractiveConfig:
    """Settings of the extractive policy."""

    pages: int = 3
    """Search results opened at most; from the third on only while less than `fair` is covered."""
    quotes: int = 3
    """A page's candidates are quoted while they are among so many of the best so far."""
    fair: float = 0.65
    """Share of the question that must be covered, or other words and pages are tried."""
    enough: float = 0.9
    """Share of the question that must be covered, or the best page is read on."""
    covered: float = 0.5
    """Share of the question that the best candidate must cover, or nothing was found."""
    margin: float = 3.5
    """A quote is cited if its score is at most so much below that of the best."""
    answer: int = 600
    """Characters of the answer, citations included."""


class ExtractivePolicy:
    """Answers one question from what it quotes."""

    name = "extractive"

    def __init__(
        self, config: ExtractiveConfig | None = None, encoder: Encoder | None = None
    ) -> None:
        """Make the policy of one episode; an encoder helps to rank what was read."""
        self.config = config or ExtractiveConfig()
        self._encoder = encoder
        self._similar: Similarity | None = None
        self._seen: dict[tuple[int, bool, str], Candidate] = {}
        self._quoted: list[Candidate] = []
        self._plan: Plan | None = None

    async def act(self, observation: Observation) -> Completion:
        """Write the next command of the plan, or the answer."""
        if observation.answering:
            return Completion(self._compose(observation))
        if self._plan is None:
            self._plan = self._browse(observation)
            return Completion(next(self._plan))
        try:
            return Completion(self._plan.send(observation))
        except StopIteration:
            return Completion("End: Answer")

    def _compose(self, observation: Observation) -> str:
        asked = self._asked(observation)
        return compose(
            asked,
            observation.quotes,
            list(self._seen.values()),
            partial(rank, asked, similar=self._similar),
            limit=self.config.answer,
            margin=self.config.margin,
        )

    def _asked(self, observation: Observation) -> Asked:
        """Analyse the question; with an encoder, get ready to compare what is read with it."""
        asked = analyse(observation.question)
        if self._encoder and self._similar is None:
            self._similar = Similarity(self._encoder, asked.text)
        return asked

    def _browse(self, observation: Observation) -> Plan:
        """Search, and again if that was poor; read the best results; stop when it is enough."""
        asked = self._asked(observation)
        observation = yield from self._search(asked)
        opened = 0
        for entry in entries(observation)[: self.config.pages]:
            if opened == 2 and self._covered(asked) >= self.config.fair:
                break
            if opened:
                yield "Back"
            observation = yield from self._read(asked, entry)
            opened += not observation.notice
        return observation

    def _search(self, asked: Asked) -> Plan:
        """Search; if the results cover little, try other words, and keep the better results."""
        observation = yield _line("search", asked.query)
        self._see_results(observation)
        if (before := self._covered(asked)) >= self.config.fair:
            return observation
        kept = dict(self._seen)
        known = {stem for one in self._seen.values() for stem in one.stems}
        observation = yield _line("search", other_query(asked, known))
        self._seen.clear()
        self._see_results(observation)
        if before and self._covered(asked) <= before:
            self._seen = kept
            observation = yield "Back"
        return observation

    def _see_results(self, observation: Observation) -> None:
        for entry in entries(observation):
            self._see(snippet_candidates(entry))

    def _read(self, asked: Asked, entry: Entry) -> Plan:
        """Open a result, go to what its snippet shows, and quote what is among the best so far."""
        observation = clicked = yield _line("click", number=entry.link)
        if observation.notice:
            return observation
        self._see_page(observation, entry)
        if entry.snippet and fold(entry.snippet) not in fold(unmark(observation.text)):
            observation = yield _line("find", _head(entry.snippet))
            if not observation.notice:
                self._see_page(observation, entry)
        if entry.rank == 0 and self._covered(asked, opened=True) < self.config.enough:
            # Below what the snippet showed, or above it where the page ends.
            further = "down" if "down" in observation.commands else "up"
            if further in observation.commands:
                observation = yield _line(further, number=1)
                self._see_page(observation, entry)
        if self._covered(asked, opened=True) < self.config.covered:
            return clicked
        for one in self._best(self._rank(asked)):
            if one.source.rank == entry.rank and one not in self._quoted:
                self._quoted.append(one)
                yield _line("quote", one.text)
        return clicked

    def _rank(self, asked: Asked) -> list[Ranked]:
        return rank(asked, list(self._seen.values()), self._similar)

    def _covered(self, asked: Asked, opened: bool = False) -> float:
        """Return the share of the question that the best-covering candidate covers.

        With `opened` only candidates of opened pages count, otherwise snippets too.
        """
        seen = (one for one in self._seen.values() if one.source.opened or not opened)
        return max((coverage(asked, one) for one in seen), default=0.0)

    def _best(self, ranked: Iterable[Ranked]) -> list[Candidate]:
        """Return the best candidates of opened pages that have no sentence in common."""
        best: list[Candidate] = []
        for one in ranked:
            source, sentences = one.candidate.source, set(one.candidate.sentences)
            if source.opened and all(
                source.rank != other.source.rank or sentences.isdisjoint(other.sentences)
                for other in best
            ):
                best.append(one.candidate)
                if len(best) == self.config.quotes:
                    break
        return best

    def _see_page(self, observation: Observation, entry: Entry) -> None:
        """Take in a window; a page that gives orders is distrusted as a whole."""
        limit = observation.quote_limit or LONGEST
        candidates = page_candidates(observation, entry.rank)
        self._see(one for one in candidates if len(one.text) <= limit)
        if gives_orders(observation.text):
            for key, one in self._seen.items():
                if one.source.rank == entry.rank:
                    self._seen[key] = replace(one, source=replace(one.source, suspect=True))

    def _see(self, candidates: Iterable[Candidate]) -> None:
        for one in candidates:
            self._seen.setdefault((one.source.rank, one.source.opened, one.text), one)


def _head(snippet: str) -> str:
    """Return the beginning of a snippet, enough to find its place."""
    line = snippet.split("\n")[0]
    return line if len(line) <= _HEAD else line[:_HEAD].rsplit(" ", 1)[0]


def _line(name: str, text: str = "", number: int = 0) -> str:
    return format_action(Action(name, " ".join(text.split()), number))
