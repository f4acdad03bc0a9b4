"""Reinforcement learning as a command does it: a cloned policy in, a better one out.

Brings together the model, the web, the questions, the scorers, the training and the report. Knows
no terminal.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from env.config import PRESETS
from env.errors import ConfigError
from env.records import Question, to_json
from env.web.base import Web
from policies.base import Setup
from policies.checkpoints import newest, step_of
from policies.cloning.output import LAST, begin, finish, held, is_main
from policies.grammar.legal import VERSION as GRAMMAR
from policies.language_model import LanguageModelConfig, write_config
from reward.ppo.config import CollectConfig, LearnConfig, LoopConfig, check, resolved
from reward.scorers import Scorer
from webqa.ppo_report import write_report

if TYPE_CHECKING:
    from policies.cloning.opening import Base
    from reward.ppo.loop import Outcome, Progress, Work

SETTINGS = "ppo.json"


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be trained, and on what."""

    model: str
    """Folder of the cloned policy."""
    out: Path
    asked: LanguageModelConfig
    """How the model is asked; its preset is the browser's."""
    web: Web
    questions: Sequence[Question]
    scorer: Scorer
    """Whose score is raised."""
    scored: Mapping[str, str | float]
    """The scorers as they were named, for the settings."""
    collect: CollectConfig = field(default_factory=CollectConfig)
    learn: LearnConfig = field(default_factory=LearnConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    held_out: Scorer | None = None
    overseer: float = 0.0
    """What the worst command costs by the rules of process scores; 0: nothing is judged."""


class Watch(NamedTuple):
    """Who is told of what."""

    note: Callable[[str], None]
    trained: Callable[[Progress], None]


class Trained(NamedTuple):
    """What became of a job."""

    update: int
    measured: dict[str, float]
    over_budget: bool = False
    finished_before: bool = False
    """Whether there was nothing left to do."""


async def train_policy(job: Job, watch: Watch) -> Trained:
    """Train, or go on with a training that was stopped; the same job gives the same model.

    Raises:
        ConfigError: settings, questions or the output folder cannot be used.
        ModelError: the model or the scorer cannot, or training came to what is no number.
    """
    browser = PRESETS[job.asked.preset]
    collect = resolved(job.collect, job.learn, job.asked.preset, browser.actions)
    check(collect, job.learn, job.loop)
    if not 0 <= job.overseer < math.inf:
        raise ConfigError(f"--overseer must be 0 or more, not {job.overseer}")
    if not job.questions:
        raise ConfigError("there is no question to train on: give some with --questions")
    main = is_main()
    with held(job.out) if main else nullcontext():
        settings = _settings(job, collect)
        if begin(job.out, settings, SETTINGS) if main else (job.out / LAST).exists():
            return Trained(0, {}, finished_before=True)
        return await _train(job, collect, settings, watch)


def _settings(job: Job, collect: CollectConfig) -> dict[str, Any]:
    """Return all that decides what the model becomes."""
    from policies.cloning.opening import identity

    digest = sha256(b"\n".join(to_json(question) for question in job.questions))
    return {
        "model": identity(job.model),
        "questions": {"number": len(job.questions), "sha256": digest.hexdigest()},
        "web": job.web.identity,
        "scorers": job.scored,
        "asked": job.asked,
        "grammar": GRAMMAR,
        "collect": collect,
        "learn": job.learn,
        "loop": job.loop,
    }


async def _train(
    job: Job, collect: CollectConfig, settings: dict[str, Any], watch: Watch
) -> Trained:
    import torch
    from accelerate import Accelerator

    from policies.cloning.opening import open_base
    from policies.models.local.config import LocalConfig
    from policies.models.local.model import LocalModel
    from policies.models.local.reading import Loaded
    from reward.ppo.loop import CHECKPOINTS, train

    if job.loop.threads:
        torch.set_num_threads(job.loop.threads)
    # First: of several devices it chooses this process's own.
    accelerator = Accelerator(mixed_precision="bf16" if job.loop.bf16 else None)
    base = open_base(job.model, 0, job.loop.seed)
    loaded = Loaded(Path(job.model).name, base.model.eval(), base.tokens, base.context)
    local = LocalModel(loaded, LocalConfig(batch=collect.concurrency))
    work = _work(job, collect, local, accelerator, watch)
    if begun := newest(job.out / CHECKPOINTS):
        watch.note(f"Going on after update {step_of(begun):,}")
    try:
        outcome = await train(work)
    finally:
        await local.aclose()
    if accelerator.is_main_process:
        _finish(job, settings, base, outcome)
    return Trained(outcome.update, outcome.measured, outcome.over_budget)


def _work(
    job: Job,
    collect: CollectConfig,
    local: Any,  # noqa: ANN401 - a LocalModel
    accelerator: Any,  # noqa: ANN401
    watch: Watch,
) -> Work:
    from reward.ppo.learner import Learner, Sizes
    from reward.ppo.loop import Work
    from reward.ppo.rollout import Collector, Scorers

    model = local.engine.loaded.model
    sizes = Sizes(job.loop.micro_tokens, job.loop.seed, collect.temperature)
    scorers = Scorers(job.scorer, job.held_out, _step_rewards(job))
    setup = Setup(job.web, PRESETS[job.asked.preset])
    return Work(
        Learner(model, job.learn, sizes, accelerator),
        Collector(local, job.asked, setup, scorers, collect, job.loop.seed),
        job.questions,
        job.out,
        job.learn,
        job.loop,
        accelerator,
        watch.trained,
    )


def _step_rewards(job: Job) -> Any:  # noqa: ANN401 - StepRewards, of a heavy module
    if not job.overseer:
        return None
    from reward.process import RuleOverseer, step_rewards

    overseer, weight = RuleOverseer(), job.overseer
    return lambda episode: step_rewards(episode, overseer, weight)


def _finish(job: Job, settings: dict[str, Any], base: Base, outcome: Outcome) -> None:
    """Write report and model, and remove what was only needed to go on."""
    from reward.ppo.loop import CHECKPOINTS

    def write(folder: Path) -> None:
        base.model.to(base.dtype).save_pretrained(folder)
        base.tokens.tokenizer.save_pretrained(folder)
        write_config(folder, job.asked)

    write_report(job.out, msgspec.to_builtins(settings), outcome.update, outcome.measured)
    finish(job.out, write)
    shutil.rmtree(job.out / CHECKPOINTS, ignore_errors=True)
