"""Ratings and measures as records that inspect_ai's `precomputed_scores` attaches to its samples.

A record is `id` (of the question), `epoch` (the attempt, from 1), `value`, `explanation` and
`metadata`; one for each question and attempt. Knows neither inspect_ai nor how anything was rated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from env.errors import ConfigError
from env.records import Episode, to_json
from policies.checkpoints import write_whole
from reward.comparisons import Comparison
from webqa.measured import Measured


@dataclass(frozen=True, slots=True)
class Precomputed:
    """A line of the file that `precomputed_scores` reads."""

    id: str
    """Of the question, which is the sample's."""
    epoch: int
    """From 1."""
    value: float
    explanation: str = ""
    metadata: dict[str, object] = field(default_factory=dict)


def ratings_of(episodes: Iterable[Episode], comparisons: Iterable[Comparison]) -> list[Precomputed]:
    """Return how people rated the answers of a run: the mean of their comparisons, from 0 to 1.

    A comparison counts by its preference: 1 where the answer is much better than the other, a half
    where they tie. An answer that was not compared has no record, and stays unscored there.
    """
    rated: dict[str, list[tuple[float, Comparison]]] = defaultdict(list)
    for one in comparisons:
        rated[one.first_episode].append(((1 + one.preference) / 2, one))
        rated[one.second_episode].append(((1 - one.preference) / 2, one))
    return [_rated(one, rated[one.id]) for one in episodes if rated.get(one.id)]


def _rated(episode: Episode, found: list[tuple[float, Comparison]]) -> Precomputed:
    raters = sorted({one.rater for _, one in found if one.rater})
    simulated = sum(one.simulated for _, one in found)
    told = f"{len(found)} comparisons" if len(found) > 1 else "1 comparison"
    told += f", {simulated} of them simulated" if simulated else ""
    return Precomputed(
        episode.question.id,
        episode.attempt + 1,
        sum(value for value, _ in found) / len(found),
        told,
        {"episode": episode.id, "raters": raters, "simulated": simulated},
    )


def measures_of(measured: Iterable[Measured], name: str) -> list[Precomputed]:
    """Return one measure of a run; an episode that it does not apply to has no record."""
    return [
        Precomputed(
            one.question,
            one.attempt + 1,
            one.values[name],
            name,
            {"episode": one.episode, "dataset": one.dataset},
        )
        for one in measured
        if name in one.values
    ]


def write_precomputed(out: Path, records: Iterable[Precomputed]) -> int:
    """Write records as JSON lines, and return how many.

    Raises:
        ConfigError: there is none, two are of one question and attempt, or the file is not named
            .jsonl, by which inspect_ai knows its form, or cannot be written.
    """
    lines, seen = [], set()
    for one in records:
        if (one.id, one.epoch) in seen:
            raise ConfigError(
                f"there are two scores of the question {one.id!r}, attempt {one.epoch - 1}: "
                "give the episodes of one run"
            )
        seen.add((one.id, one.epoch))
        lines.append(to_json(one).decode() + "\n")
    if not lines:
        raise ConfigError("no episode of the run has such a score, so there is nothing to write")
    if out.suffix.lower() != ".jsonl":
        raise ConfigError(f"{out} must end in .jsonl: inspect_ai reads other names as one array")
    write_whole(out, "".join(lines))
    return len(lines)
