"""Baselines that need no model, and how often an accepted answer is quoted: shared by benchmarks.

The measure: an accepted answer stands in one of the first three quotes, each cut at 400 characters.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from benchmarks.extractive import QUOTE_CHARACTERS, QUOTES, Row, measure
from env.actions import parse
from env.answers import stands_in
from env.citations import cited_numbers
from env.config import SMALL, BrowserConfig
from env.errors import InvalidAction
from env.records import Completion, Episode, Observation, Question
from env.web.base import Web
from env.web.corpus import open_corpus
from policies.aids import with_aids
from policies.base import MakePolicy, Rollout, Setup, quoted_answer, run_episodes
from policies.grammar.config import TIGHT
from policies.grammar.legal import NUMBER
from policies.grammar.observing import legal_lines


@dataclass(frozen=True, slots=True)
class Played:
    """What the episodes of one policy gave; shares of all episodes, failed ones included."""

    name: str
    episodes: int
    first: float
    three: float
    """In the first three quotes that the answer cites."""
    taken: float
    """In the first three quotes that were taken, cited or not."""
    answer: float
    cited: float
    """Share of the answers that have at least one citation."""
    actions: float
    valid: float
    """Share of the commands that parse."""
    carried_out: float
    """Share of the commands that were carried out."""
    verbatim: float
    """Share of the quotes that verify against the stored page."""
    failed: int
    clicks: tuple[float, float]
    """Share of the clicks on results that chose the first, and one further down."""


def error_of(share: float, count: int) -> float:
    """Return the standard error of a share."""
    return sqrt(share * (1 - share) / count) if count else 0.0


def open_web(folder: Path, browser: BrowserConfig = SMALL) -> Web:
    """Open an index as `--preset` would."""
    return open_corpus(folder, results=browser.results, snippet=browser.snippet)


async def play(
    name: str,
    make: MakePolicy,
    questions: Sequence[Question],
    web: Web,
    *,
    browser: BrowserConfig = SMALL,
    concurrency: int = 1,
    seed: int = 0,
    keep: Callable[[Rollout], None] = lambda _rollout: None,
) -> Played:
    """Play an episode for each question and sum up."""
    rollouts = []
    setup = Setup(web, browser)
    async for rollout in run_episodes(make, questions, setup, concurrency=concurrency, seed=seed):
        keep(rollout)
        rollouts.append(rollout)
    return sum_up(name, rollouts)


def sum_up(name: str, rollouts: Sequence[Rollout]) -> Played:
    """Return the shares over all episodes."""
    whole = [one for one in rollouts if one.episode.ended != "failed"]
    rows = [measure(one) for one in whole]
    total, lines = len(rollouts) or 1, [line for one in whole for line in _lines(one.episode)]
    taken = sum(_quotes_taken(one.episode) for one in whole)
    clicked = _clicked(one.episode for one in whole)
    answered = [one.episode.answer for one in whole if one.episode.answer]
    return Played(
        name,
        len(rollouts),
        sum(row.first for row in rows) / total,
        sum(row.three for row in rows) / total,
        sum(_taken(one.episode) for one in whole) / total,
        sum(row.answer for row in rows) / total,
        sum(bool(cited_numbers(one.text)) for one in answered) / (len(answered) or 1),
        _mean(rows, lambda row: row.actions),
        sum(_parses(line) for line in lines) / (len(lines) or 1),
        1 - sum(row.failed_actions for row in rows) / (sum(row.actions for row in rows) or 1),
        1 - sum(row.faults for row in rows) / (taken or 1),
        len(rollouts) - len(whole),
        clicked,
    )


def _mean(rows: Sequence[Row], of: Callable[[Row], float]) -> float:
    return sum(map(of, rows)) / (len(rows) or 1)


def _lines(episode: Episode) -> list[str]:
    return [step.completion.text for step in episode.steps if not step.observation.answering]


def _parses(line: str) -> bool:
    try:
        parse(line)
    except InvalidAction:
        return False
    return True


def _taken(episode: Episode) -> bool:
    """Tell whether an accepted answer stands in the first three quotes that were taken."""
    quotes = episode.steps[-1].observation.quotes[:QUOTES]
    accepted = episode.question.accepted
    return any(stands_in(accepted, quote.text[:QUOTE_CHARACTERS]) for quote in quotes)


def _quotes_taken(episode: Episode) -> int:
    return len(episode.answer.quotes) if episode.answer else 0


def _clicked(episodes: Iterable[Episode]) -> tuple[float, float]:
    numbers = [
        parse(step.completion.text).number
        for episode in episodes
        for step in episode.steps
        if step.observation.title.startswith("Search results for")
        and step.completion.text.startswith("Clicked on link ")
        and _parses(step.completion.text)
    ]
    first = sum(number == 0 for number in numbers) / (len(numbers) or 1)
    return first, 1 - first if numbers else 0.0


class FirstResults:
    """Searches for the question and quotes one sentence of each of the first results.

    Without a random generator it is the first sentence in sight, which is where the snippet stands.
    """

    def __init__(self, name: str, results: int = 1, draw: random.Random | None = None) -> None:
        self.name = name
        self._results = results
        self._draw = draw

    async def act(self, observation: Observation) -> Completion:
        """Write the next command, or the answer."""
        if observation.answering:
            return Completion(quoted_answer(observation.quotes))
        return Completion(self._line(observation))

    def _line(self, observation: Observation) -> str:
        past = observation.past_actions
        opened = sum(action.startswith("Click ") for action in past)
        if not past:
            return f"Search {' '.join(observation.question.split())}"
        if observation.title.startswith("Search results for"):
            more = opened < min(self._results, len(observation.links))
            return f"Clicked on link {observation.links[opened]}" if more else "End: Answer"
        choices = [
            choice
            for line in legal_lines(observation, TIGHT).lines
            if line.command == "quote"
            for choice in line.choices
        ]
        if past[-1].startswith("Quote") or not choices:
            return "Back" if opened < self._results else "End: Answer"
        return f"Quote: {self._chosen(observation, choices)}"

    def _chosen(self, _observation: Observation, choices: Sequence[str]) -> str:
        return self._draw.choice(choices) if self._draw else choices[0]


class MostMarked(FirstResults):
    """Quotes the sentence that the prompt's aids number most often: the rule that they suggest."""

    def _chosen(self, observation: Observation, choices: Sequence[str]) -> str:
        seen = Counter(re.findall(NUMBER.format(r"(\d+)"), with_aids(observation).text))
        return max(enumerate(choices, start=1), key=lambda one: (seen[str(one[0])], -one[0]))[1]


def table(rows: Sequence[Played]) -> str:
    """Return the figures as a Markdown table."""
    head = (
        "| policy | episodes | first cited | first three cited | first three taken | answer "
        "| cites | valid | carried out | verbatim | actions | clicks first | failed |"
    )
    lines = [head, "|---" * 13 + "|"]
    for row in rows:
        error = 100 * error_of(row.three, row.episodes)
        lines.append(
            f"| {row.name} | {row.episodes} | {row.first:.1%} | {row.three:.1%} ± {error:.1f} "
            f"| {row.taken:.1%} | {row.answer:.1%} | {row.cited:.1%} | {row.valid:.1%} "
            f"| {row.carried_out:.1%} | {row.verbatim:.1%} | {row.actions:.1f} "
            f"| {row.clicks[0]:.0%} | {row.failed} |"
        )
    return "\n".join(lines)
