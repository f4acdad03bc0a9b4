"""Which episodes are learnt from. Knows records and accepted answers, no model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import NamedTuple

from env.answers import shows_answer
from env.errors import ConfigError
from env.records import Episode


class Chosen(NamedTuple):
    """The episodes to learn from, and why the others are not among them."""

    episodes: list[Episode]
    left_out: Counter[str]


def accepted(episode: Episode) -> float:
    """Return 1 if an accepted answer stands in one of the answer's quotes, else 0."""
    return float(shows_answer(episode))


def quotes(episode: Episode) -> float:
    """Return how many quotes the answer cites."""
    return float(len(episode.answer.quotes)) if episode.answer else 0.0


Score = Callable[[Episode], float]
SCORERS: dict[str, Score] = {"accepted": accepted, "quotes": quotes}
"""What `best_by` may name; 0 is a failure, which is never learnt from."""


def choose(
    episodes: Iterable[Episode], best_by: str = "", scored: Mapping[str, float] | None = None
) -> Chosen:
    """Return the answered episodes; with a scorer only the best of each question.

    The scorer's choice is rejection-sampling fine-tuning: of several episodes on a question the
    first with the highest score is kept (WebGPT, section 3.2, calls the choice at answering time
    best-of-n).

    Args:
        episodes: of any kind.
        best_by: one of SCORERS, whose 0 keeps no episode at all.
        scored: scores of the answered ones by id, from another scorer, in place of `best_by`.

    Raises:
        ConfigError: no such scorer, or no question has accepted answers and it needs them.
    """
    left_out: Counter[str] = Counter()
    answered = []
    for episode in episodes:
        if episode.ended == "answered" and episode.answer:
            answered.append(episode)
        else:
            left_out[f"episode that ended {episode.ended}"] += 1
    if scored is not None:
        return Chosen(_best(answered, lambda one: scored[one.id], left_out, -inf), left_out)
    if not best_by:
        return Chosen(answered, left_out)
    if best_by not in SCORERS:
        raise ConfigError(f"--best-by {best_by}: unknown, known are {', '.join(SCORERS)}")
    if best_by == "accepted" and not any(episode.question.accepted for episode in answered):
        raise ConfigError("--best-by accepted needs questions with accepted answers: none has any")
    return Chosen(_best(answered, SCORERS[best_by], left_out, 0.0), left_out)


def _best(
    episodes: list[Episode], score: Score, left_out: Counter[str], above: float
) -> list[Episode]:
    best: dict[str, tuple[float, Episode]] = {}
    for episode in episodes:
        value = score(episode)
        if value > best.get(episode.question.id, (above, episode))[0]:
            best[episode.question.id] = (value, episode)
    left_out["episode that is not the best of its question"] += len(episodes) - len(best)
    return [episode for _, episode in best.values()]


def reasons(left_out: Mapping[str, int]) -> str:
    """Return in one line what was left out, and how often; the most frequent first."""
    found = sorted(left_out.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason}: {number:,}" for reason, number in found if number)
