"""`webqa ppo`: raises a cloned policy's score by reinforcement learning."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from env.config import PRESETS
from env.errors import ConfigError
from reward.ppo.config import CollectConfig, LearnConfig, LoopConfig
from webqa.cli.exits import Exit
from webqa.cli.loop import Loop
from webqa.cli.opening import opened_web
from webqa.folders import expanded
from webqa.models import ModelConfig, asked_as
from webqa.questions import read_questions
from webqa.webs import OFFLINE, services_of

if TYPE_CHECKING:
    from policies.language_model import LanguageModelConfig
    from reward.ppo.loop import Progress
    from webqa.ppo import Trained

Preset = Literal["model", "default", "small"]


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """Who says how good an answer is."""

    scorer: str = "rules"
    """Whose score is raised: a folder made by `webqa train-reward`, a rule, or a weighted sum, as
    NAME=WEIGHT,NAME=WEIGHT."""
    held_out: str = ""
    """Another one that is only logged, to see whether the score is earned."""
    overseer: float = 0.0
    """What the worst command costs by the rules of process scores; 0: commands cost nothing."""


def ppo(
    *,
    model: Path,
    web: str,
    questions: Path,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    preset: Preset = "model",
    score: Annotated[ScoreConfig, Parameter(name="*", group="Scores")] = ScoreConfig(),
    collect: Annotated[CollectConfig, Parameter(name="*", group="Playing")] = CollectConfig(),  # noqa: B008 - frozen
    learn: Annotated[LearnConfig, Parameter(name="*", group="Learning")] = LearnConfig(),  # noqa: B008 - frozen
    loop: Annotated[LoopConfig, Parameter(name="*", group="Training")] = LoopConfig(),  # noqa: B008 - frozen
) -> int:
    """Train a cloned policy on the scores of its own answers (PPO or RLOO).

    Whole episodes are played, browsing and answering; the score comes at the end, and divergence
    from the cloned policy is paid for at each token. A training that was stopped goes on where it
    was when the same command is given again. Several processes: `accelerate launch -m webqa ppo`.

    Args:
        model: Folder of the cloned policy, as `webqa clone` writes it.
        web: Where to look: a folder made by `webqa index`, sample, or a FILE.cassette.
        questions: JSON lines with `question`; accepted answers are not needed.
        out: The folder to write the model into, with metrics.jsonl and report.html.
        preset: Of the browser, and of the numbers that are not given; else the model's own.
        score: Scorers.
        collect: What is played before each update.
        learn: How the weights change.
        loop: How long.
    """
    from webqa.cli.training import quieten

    quieten()
    asked = _asked(model, web, preset)
    with Loop() as running, opened_web(web, PRESETS[asked.preset], OFFLINE, running) as (there, _):
        from webqa.ppo import Job, Watch, train_policy
        from webqa.scoring import models_of, open_scorer

        job = Job(
            str(expanded(model)),
            expanded(out),
            asked,
            there,
            read_questions(expanded(questions)),
            open_scorer(score.scorer),
            asdict(score) | {"models": models_of(score.scorer)},
            collect,
            learn,
            loop,
            open_scorer(score.held_out) if score.held_out else None,
            score.overseer,
        )
        try:
            done = running.complete(train_policy(job, Watch(_note, _told)))
        except KeyboardInterrupt:
            print("\nwebqa: stopped; the same command goes on from here", file=sys.stderr)
            return Exit.INTERRUPTED
    print(_summary(done, job.out, web))
    return Exit.DONE


def _asked(model: Path, web: str, preset: Preset) -> LanguageModelConfig:
    """Return how the model is asked.

    Raises:
        ConfigError: the web is on the net, or there is no such model.
    """
    if services_of(web):
        raise ConfigError(f"--web {web} is on the net: train on a folder or a cassette")
    if not expanded(model).is_dir():
        raise ConfigError(f"{model} is no folder: give the model that `webqa clone` wrote")
    asked = asked_as(ModelConfig(str(expanded(model))))
    return asked if preset == "model" else replace(asked, preset=preset)


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def _told(progress: Progress) -> None:
    found = progress.measured
    seconds = sum(value for name, value in found.items() if name.startswith("time/"))
    # 0 is also what there is without a critic; adding 0 takes the sign from a rounded -0.
    explained = round(found["critic/explained_variance"], 2) + 0.0
    critic = f", critic explains {explained:.0%}" if explained else ""
    other = f", held-out {found['reward/held_out']:.3f}" if "reward/held_out" in found else ""
    _note(
        f"Update {progress.update:,} of {progress.updates:,}: score "
        f"{found['reward/score']:.3f}{other}, answered {found['episodes/answered']:.0%}, "
        f"{found['kl/episode']:.2f} nats an episode{critic}, {seconds:.0f} s"
    )


def _summary(done: Trained, out: Path, web: str) -> str:
    command = shlex.join(["webqa", "ask", "--web", web, "--model", str(out), "your question"])
    if done.finished_before:
        return f"The model in {out} is finished already. Next: {command}"
    why = "; then the budget of divergence was passed" if done.over_budget else ""
    found = done.measured
    return (
        f"Kept after update {done.update:,}{why}: score {found['reward/score']:.3f} at "
        f"{found['kl/episode']:.2f} nats an episode\nCurves and episodes: {out / 'report.html'}\n"
        f"The model is in {out}. Next: {command}"
    )
