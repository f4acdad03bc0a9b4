"""The loop: play, score, measure, learn, write down; and go on where it was when it was killed.

Knows the parts by what they do; not where questions, webs and scorers come from.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from env.records import Question, to_json
from policies.checkpoints import add_metrics, cut_metrics, remove_torn, write_whole
from policies.models.base import ModelError
from reward.ppo.batch import Joined, join
from reward.ppo.checkpoints import fill, load, save, weights_of
from reward.ppo.config import LearnConfig, LoopConfig
from reward.ppo.diagnostics import of_batch, of_episodes
from reward.ppo.learner import Learner, Measured, Target
from reward.ppo.played import READ, Played
from reward.ppo.rollout import Asked, Collected, Collector, questions_of

if TYPE_CHECKING:
    from accelerate import Accelerator

CHECKPOINTS = "checkpoints"


class Progress(NamedTuple):
    """How far it is."""

    update: int
    updates: int
    measured: dict[str, float]


@dataclass(frozen=True, slots=True)
class Work:
    """What a training needs."""

    learner: Learner
    collector: Collector
    questions: Sequence[Question]
    folder: Path
    learn: LearnConfig
    loop: LoopConfig
    accelerator: Accelerator
    watch: Callable[[Progress], None] = lambda _progress: None


class Outcome(NamedTuple):
    """What became of a training; the policy has the weights that are to be kept."""

    update: int
    """Updates that they have seen."""
    measured: dict[str, float]
    """What was measured with them; nothing where nothing was within the budget."""
    over_budget: bool
    """Whether the training ended because the divergence passed its budget."""
    resumed: int
    """Updates that had been done before."""


@dataclass(frozen=True, slots=True, eq=False)
class _Round:
    """An update before it is learnt from."""

    collected: Collected
    batch: Joined
    measured: Measured
    target: Target
    lines: dict[str, float]


async def train(work: Work) -> Outcome:
    """Train a policy, in place, and leave it with the last weights within the KL budget.

    Writes metrics.jsonl, episodes to read and checkpoints into the folder, and goes on from
    those that are there: killed at any moment and called again, it ends with the same weights.

    Raises:
        ModelError: every episode failed, or a score, loss or weight is no number.
        ConfigError: the folder cannot be written.
    """
    main, folder = work.accelerator.is_main_process, work.folder / CHECKPOINTS
    if main:
        remove_torn(folder)
    work.accelerator.wait_for_everyone()
    standing, within = load(folder, work.learner)
    resumed = standing.update
    if main:
        cut_metrics(work.folder, resumed - 1)
    total = warmup_of(work) + work.loop.updates
    over = False
    for update in range(resumed, total + 1):
        done = await _round(work, update)
        over = 0 < work.loop.kl_budget < done.lines["kl/episode"]
        if not over:
            standing.within, standing.measured = update, done.lines
            within = weights_of(work.learner.policy)
        learnt = {} if over or update == total else _learn(work, done, update, total)
        _write(work, update, total, done, learnt)
        if over:
            break
        standing.update = update + 1
        if main and update < total and standing.update % work.loop.every == 0:
            save(folder, work.learner, standing, within)
    if over:
        fill(work.learner.policy, within)
    return Outcome(standing.within, standing.measured, over, resumed)


def warmup_of(work: Work) -> int:
    """Return the updates in which only the critic learns."""
    return work.loop.warmup if work.learner.critic else 0


async def _round(work: Work, update: int) -> _Round:
    """Play, score and measure."""
    browses, group = work.collector.config.browses, work.collector.config.group
    asked = questions_of(work.questions, update, browses // group, work.loop.seed)
    collected = await work.collector.collect(_share(work.accelerator, asked), update)
    batch = join(collected.trajectories)
    measured = work.learner.measure(batch, collected.sets)
    target = work.learner.target(batch, measured)
    lines = of_episodes(collected) | of_batch(batch, measured, target, work.learn.kl)
    times = {f"time/{name}": seconds for name, seconds in collected.seconds.items()}
    times["time/measuring"] = measured.seconds
    return _Round(collected, batch, measured, target, _together(work.accelerator, lines | times))


def _share(accelerator: Accelerator, asked: Sequence[Asked]) -> list[Asked]:
    """Return the questions of this process.

    Raises:
        ModelError: there are fewer questions than processes.
    """
    mine = list(asked[accelerator.process_index :: accelerator.num_processes])
    if not mine:
        raise ModelError(
            f"{accelerator.num_processes} processes share {len(asked)} questions an update: "
            "raise --browses"
        )
    return mine


def _together(accelerator: Accelerator, lines: dict[str, float]) -> dict[str, float]:
    """Return the means over all processes, the same in each."""
    if accelerator.num_processes == 1:
        return lines
    from accelerate.utils import gather_object

    all_lines: list[dict[str, float]] = gather_object([lines])
    names = sorted({name for one in all_lines for name in one})
    return {name: fmean(one[name] for one in all_lines if name in one) for name in names}


def _learn(work: Work, done: _Round, update: int, total: int) -> dict[str, float]:
    """Learn from an update's batch; return what was seen."""
    clock = time.perf_counter()
    warmup = warmup_of(work)
    warming = update < warmup
    work.learner.rates(1 - (update - warmup) / (total - warmup) if not warming else 0.0)
    seen = work.learner.learn(
        done.batch,
        done.collected.sets,
        done.measured,
        done.target,
        update=update,
        epochs=work.loop.warmup_epochs if warming else work.learn.epochs,
        critic_only=warming,
    )
    seen = _together(work.accelerator, seen)
    return seen | {"time/learning": time.perf_counter() - clock}


def _write(work: Work, update: int, total: int, done: _Round, learnt: dict[str, float]) -> None:
    """Write what was measured, and some episodes."""
    if not work.accelerator.is_main_process:
        return
    lines = done.lines | learnt
    add_metrics(work.folder, update, lines)
    if work.loop.read:
        made = [one for one in done.collected.trajectories if not one.inserted]
        rows = [
            Played(update, one.score, one.parts, one.held_out, one.episode)
            for one in made[: work.loop.read]
        ]
        text = "".join(to_json(row).decode() + "\n" for row in rows)
        write_whole(work.folder / READ / f"update-{update:05}.jsonl", text)
    work.watch(Progress(update, total, lines))
