"""Process scores: an overseer's judgement of one command, before anything comes of it.

An overseer sees what the policy sees and the command it would write, never what the web answers
nor the accepted answers. Its judgement reranks candidate commands while browsing, or is a reward
for each step. Here the overseer goes by rules; a model as overseer stands in reward.overseeing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from env.actions import BY_NAME, Action, parse
from env.answers import normalise
from env.browser import LONGEST_PAST_ACTION
from env.errors import InvalidAction
from env.records import Episode, Observation
from env.sanitise import sanitise_line
from env.view import LINK_MARK
from policies.extractive.question import Asked, analyse
from reward.rules import share_of, telling
from reward.scorers import Score
from reward.screen import Screen

VERSION = "1"
"""Raised when the same command gets another judgement."""


class Overseer(Protocol):
    """Judges commands by what was seen before them."""

    @property
    def name(self) -> str:
        """Recorded with every judgement."""

    async def judge(self, observation: Observation, commands: Sequence[str]) -> list[Score]:
        """Return for each command, had it been written now, how good it is, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class ProcessConfig:
    """What each fault of a command costs, of 1 in all."""

    invalid: float = 1.0
    """It is no command, or cannot be carried out."""
    repeated: float = 0.8
    """It was done before: the same search, link or quote, or a text that was not found."""
    unrelated_query: float = 0.6
    """Times the share of the question that a search leaves out, or all if it asks nothing of it."""
    worse_link: float = 0.5
    """Times how much less than the best result on the screen the chosen one promises."""
    worse_quote: float = 0.8
    """Times how much less than the best passage on the screen the quoted one promises."""
    idle: float = 0.4
    """It goes back to where the last command came from."""
    early_end: float = 1.0
    """It ends without a quote while there are actions left."""
    unsupported_end: float = 0.5
    """Times the share of the question that stands in none of the quotes, when it ends."""
    put_off: float = 0.6
    """Times the share of the question that the best result or passage on the screen covers, times
    that which no quote covers, for any command but to open a result, to quote, or to end."""
    late: float = 0.5
    """It goes on although there are quotes enough."""
    gap: float = 3.0
    """Difference of two rankings (policies.extractive.ranking) that is as bad as can be."""


ENOUGH = 3
"""Quotes from which on nothing more is wanted."""


class RuleOverseer:
    """Judges a command by rules: 1 less what its faults cost, told as parts."""

    name = "rules"

    def __init__(self, config: ProcessConfig | None = None) -> None:
        self.config = config or ProcessConfig()

    async def judge(self, observation: Observation, commands: Sequence[str]) -> list[Score]:
        """Return for each command how good it is, from 0 to 1; the parts are costs."""
        asked = analyse(observation.question)
        screen = Screen(observation, asked)
        return [self._judge(observation, asked, screen, command) for command in commands]

    def _judge(self, seen: Observation, asked: Asked, screen: Screen, command: str) -> Score:
        action = _read(seen, command)
        costs = {"invalid": self.config.invalid}
        if action is not None:
            costs = self._faults(seen, asked, screen, action) | self._delays(
                seen, asked, screen, action
            )
        told = {name: cost for name, cost in costs.items() if cost > 0}
        return Score(max(0.0, 1.0 - sum(told.values())), told, self.name, VERSION)

    def _faults(
        self, seen: Observation, asked: Asked, screen: Screen, action: Action
    ) -> dict[str, float]:
        """Return what the command costs for what it is."""
        config = self.config
        costs = {"repeated": config.repeated * _is_repeated(seen, screen, action)}
        match action.name:
            case "search":
                costs["unrelated_query"] = config.unrelated_query * _left_out(asked, action.text)
            case "click":
                worse = min(1.0, screen.link_gap(action.number) / config.gap)
                costs["worse_link"] = config.worse_link * worse
            case "quote":
                worse = min(1.0, screen.quote_gap(action.text) / config.gap)
                costs["worse_quote"] = config.worse_quote * worse
            case "down" | "up" | "top" | "back":
                costs["idle"] = config.idle * _is_idle(seen, action.name)
            case "answer" if seen.quotes:
                costs["unsupported_end"] = config.unsupported_end * _unquoted(seen, asked)
            case "answer":
                costs["early_end"] = config.early_end * (seen.actions_left > 1)
            case "nonsense" | "controversial":
                costs["early_end"] = config.early_end * (not seen.past_actions)
        return costs

    def _delays(
        self, seen: Observation, asked: Asked, screen: Screen, action: Action
    ) -> dict[str, float]:
        """Return what it costs to do this while something better could be done.

        Without it an overseer could be pleased by commands that risk nothing and bring nothing.
        """
        if BY_NAME[action.name].ends:
            return {}
        late = self.config.late * (len(seen.quotes) >= ENOUGH)
        takes = action.name == ("click" if screen.shows_results else "quote")
        missed = 0.0 if takes or late else screen.promise * _unquoted(seen, asked)
        return {"late": late, "put_off": self.config.put_off * missed}


def _read(seen: Observation, command: str) -> Action | None:
    """Return the action, if it can be carried out as far as can be seen."""
    try:
        action = parse(command)
    except InvalidAction:
        return None
    there = action.name != "click" or action.number in seen.links
    return action if there and action.name in seen.commands else None


def _is_repeated(seen: Observation, screen: Screen, action: Action) -> bool:
    match action.name:
        case "search":
            return _done(seen, f"Search {action.text}")
        case "find":
            return _done(seen, f"Find {action.text} (failed)")
        case "click":
            marks = {int(mark[1]): mark for mark in LINK_MARK.finditer(seen.text)}
            mark = marks.get(action.number)
            return mark is not None and _done(seen, f"Click {mark[2]} {mark[3] or seen.domain}")
        case "quote":
            text = normalise(screen.spelled(action.text))
            return any(f" {text} " in f" {normalise(quote.text)} " for quote in seen.quotes)
        case _:
            return False


def _done(seen: Observation, past: str) -> bool:
    """Tell whether this stands among the past actions, where it may have been cut."""
    wanted = sanitise_line(past, LONGEST_PAST_ACTION).casefold()
    return any(wanted == done.casefold() for done in seen.past_actions)


def _left_out(asked: Asked, text: str) -> float:
    """Return the share of the question's words, by weight, that a text lacks."""
    return 1.0 - share_of(asked.weights, set(telling(text)))


def _unquoted(seen: Observation, asked: Asked) -> float:
    return _left_out(asked, " ".join(f"{quote.title} {quote.text}" for quote in seen.quotes))


_OPPOSITE = {"down": ("Scroll up", "Top"), "up": ("Scroll down",), "top": ("Scroll down",),
             "back": ("Click",)}  # fmt: skip


def _is_idle(seen: Observation, name: str) -> bool:
    last = seen.past_actions[-1] if seen.past_actions else ""
    return not last.endswith("(failed)") and last.startswith(_OPPOSITE[name])


async def step_rewards(episode: Episode, overseer: Overseer, weight: float = 1.0) -> list[float]:
    """Return a reward for each step of an episode: nothing for a good one, less for a worse.

    None is above 0, so that more steps never earn more; the answer's is 0, for that is judged
    by the outcome.

    Args:
        episode: as it was recorded.
        overseer: who judges.
        weight: what the worst command costs.
    """
    rewards = []
    for step in episode.steps:
        if step.observation.answering:
            rewards.append(0.0)
            continue
        judged = await overseer.judge(step.observation, [step.completion.text])
        rewards.append(weight * (min(1.0, judged[0].value) - 1.0))
    return rewards
