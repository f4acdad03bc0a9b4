"""The default policy: no language model; search, read, quote the best sentences, join them.

It uses the same commands as everyone and sees only observations. Deterministic: the same
observations give the same lines.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass

from env.actions import Action, format_action
from env.records import Completion, Observation
from env.text import fold
from env.view import unmark
from policies.extractive.answering import compose
from policies.extractive.candidates import (
    Candidate,
    Entry,
    entries,
    page_candidates,
    snippet_candidates,
)
from policies.extractive.question import Asked, analyse
from policies.extractive.ranking import Ranked, rank

Plan = Generator[str, Observation, None]


@dataclass(frozen=True, slots=True)
class ExtractiveConfig:
    """Settings of the extractive policy."""

    pages: int = 3
    """Search results opened."""
    quotes: int = 3
    """Candidates among which one of the page just read must be, to be quoted."""
    answer: int = 600
    """Characters of the answer, citations included."""
    covered: float = 0.0
    """Share of the question that the best candidate must cover, or nothing was found."""


class ExtractivePolicy:
    """Answers one question from what it quotes."""

    name = "extractive"

    def __init__(self, config: ExtractiveConfig | None = None) -> None:
        self.config = config or ExtractiveConfig()
        self._seen: dict[tuple[int, bool, str], Candidate] = {}
        self._quoted: list[Candidate] = []
        self._plan: Plan | None = None

    async def act(self, observation: Observation) -> Completion:
        """Write the next command of the plan, or the answer."""
        if observation.answering:
            return Completion(compose(observation, self._seen.values(), self.config.answer))
        if self._plan is None:
            self._plan = self._browse(observation)
            return Completion(next(self._plan))
        return Completion(self._plan.send(observation))

    def _browse(self, observation: Observation) -> Plan:
        asked = analyse(observation.question)
        observation = yield _line("search", asked.text)
        found = entries(observation)
        for entry in found:
            self._see(snippet_candidates(entry))
        unread = {entry.rank: entry for entry in found}
        opened = 0
        while unread and (entry := self._next(asked, unread, opened)):
            del unread[entry.rank]
            if opened:
                yield "Back"
            observation = yield from self._read(asked, entry)
            opened += not observation.notice
        yield "End: Answer"

    def _next(self, asked, unread, opened):
        import os
        mode = os.environ.get("MODE", "engine")
        first = min(unread)
        if opened >= self.config.pages: return None
        if mode == "engine": return unread[first] if opened < 2 else None
        ranked = rank(asked, list(self._seen.values()))
        place, top = next(((i, one.candidate.source.rank) for i, one in enumerate(ranked) if not one.candidate.source.opened and one.candidate.source.rank in unread), (999, first))
        if mode == "own": return unread[top] if opened < 2 else None
        if mode == "own2": return unread[first if opened == 0 else top] if opened < 2 else None
        N = int(os.environ.get("N", "3"))
        if opened < 2: return unread[first]
        distinct = []
        for one in ranked:
            if not any(_overlap(one.candidate, o) or one.candidate.text in o.text or o.text in one.candidate.text for o in distinct): distinct.append(one.candidate)
            if len(distinct) > N: return None
            if not one.candidate.source.opened and one.candidate.source.rank in unread: return unread[one.candidate.source.rank]

    def _read(self, asked: Asked, entry: Entry) -> Generator[str, Observation, Observation]:
        """Open a result, go to what its snippet shows, and quote what is among the best so far."""
        observation = yield _line("click", number=entry.link)
        if observation.notice:
            return observation
        self._see(page_candidates(observation, entry.rank))
        if entry.snippet and not _shows(observation, entry.snippet):
            observation = yield _line("find", _head(entry.snippet))
            if not observation.notice:
                self._see(page_candidates(observation, entry.rank))
        for one in self._best(rank(asked, list(self._seen.values()))):
            if one.source.rank == entry.rank and one not in self._quoted:
                self._quoted.append(one)
                observation = yield _line("quote", one.text)
        return observation

    def _best(self, ranked: Iterable[Ranked]) -> list[Candidate]:
        """Return the best candidates of opened pages that do not overlap."""
        best: list[Candidate] = []
        for one in ranked:
            if one.candidate.source.opened and not any(
                _overlap(one.candidate, other) for other in best
            ):
                best.append(one.candidate)
                if len(best) == self.config.quotes:
                    break
        return best

    def _see(self, candidates: Iterable[Candidate]) -> None:
        for one in candidates:
            self._seen.setdefault((one.source.rank, one.source.opened, one.text), one)


def _overlap(one: Candidate, other: Candidate) -> bool:
    """Tell whether two candidates of a page have a sentence in common."""
    if one.source.rank != other.source.rank:
        return False
    return not set(one.sentences).isdisjoint(other.sentences)


def _shows(observation: Observation, snippet: str) -> bool:
    return fold(snippet) in fold(unmark(observation.text))


def _head(snippet: str) -> str:
    """Return the beginning of a snippet, enough to find its place."""
    line = snippet.split("\n")[0]
    return line if len(line) <= 80 else line[:80].rsplit(" ", 1)[0]


def _line(name: str, text: str = "", number: int = 0) -> str:
    return format_action(Action(name, " ".join(text.split()), number))
