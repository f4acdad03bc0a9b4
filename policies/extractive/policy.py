"""The default policy: no language model; search, read, quote the best sentences, join them.

It uses the same commands as everyone and sees only observations. Deterministic: the same
observations give the same lines.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from env.actions import Action, format_action
from env.answers import NOTHING_FOUND
from env.records import Completion, Observation, Quote
from policies.extractive.candidates import (
    Candidate,
    Entry,
    Source,
    entries,
    page_candidates,
    snippet_candidates,
    split_sentences,
)
from policies.extractive.question import Asked, analyse
from policies.extractive.ranking import Ranked, rank

Plan = Generator[str, Observation, None]


@dataclass(frozen=True, slots=True)
class ExtractiveConfig:
    """Settings of the extractive policy."""

    pages: int = 3
    """Search results opened."""
    quotes: int = 4
    """Quotes kept."""
    answer: int = 600
    """Characters of the answer, citations included."""


class ExtractivePolicy:
    """Answers one question from what it quotes."""

    name = "extractive"

    def __init__(self, config: ExtractiveConfig | None = None) -> None:
        self.config = config or ExtractiveConfig()
        self.seen: list[Candidate] = []
        self._plan: Plan | None = None

    async def act(self, observation: Observation) -> Completion:
        """Write the next command of the plan, or the answer."""
        if observation.answering:
            return Completion(self._compose(observation))
        if self._plan is None:
            self._plan = self._browse(observation)
            return Completion(next(self._plan))
        return Completion(self._plan.send(observation))

    def _browse(self, observation: Observation) -> Plan:
        asked = analyse(observation.question)
        observation = yield _line("search", asked.text)
        found = entries(observation)
        self.seen += [one for entry in found for one in snippet_candidates(entry)]
        for place, entry in enumerate(found[: self.config.pages]):
            if place:
                yield "Back"
            yield from self._read(asked, entry)
        yield "End: Answer"

    def _read(self, asked: Asked, entry: Entry) -> Plan:
        observation = yield _line("click", number=entry.link)
        if observation.notice:
            return
        here = list(page_candidates(observation, entry.rank))
        observation = yield _line("find", _head(entry.snippet))
        if not observation.notice:
            here += page_candidates(observation, entry.rank)
        self.seen += here
        best = next((one for one in rank(asked, self.seen) if one.candidate in here), None)
        if best:
            yield _line("quote", best.candidate.text)

    def _compose(self, observation: Observation) -> str:
        asked = analyse(observation.question)
        parts, length = [], 0
        quotes = list(observation.quotes)
        made = [_candidate(quote) for quote in quotes]
        ranked = [one for one in rank(asked, [*self.seen, *made]) if one.candidate in made]
        for one in ranked:
            number = made.index(one.candidate) + 1
            parts.append(f"{quotes[number - 1].text} [{number}]")
        return "\n\n".join(parts) or NOTHING_FOUND


def _candidate(quote: Quote) -> Candidate:
    sentences = split_sentences(" ".join(quote.text.split()))
    return Candidate(
        quote.text,
        tuple(word for sentence in sentences for word in sentence.words),
        tuple(one for sentence in sentences for one in sentence.stems),
        Source(quote.title, quote.domain, 0),
    )


def _head(snippet: str) -> str:
    line = snippet.split("\n")[0]
    return line if len(line) <= 80 else line[:80].rsplit(" ", 1)[0]


def _line(name: str, text: str = "", number: int = 0) -> str:
    return format_action(Action(name, " ".join(text.split()), number))
