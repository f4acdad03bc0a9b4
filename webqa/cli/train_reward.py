"""`webqa train-reward`: teaches a model which answers people prefer."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from reward.training.config import PreferenceConfig, RewardTraining
from webqa.cli.exits import Exit
from webqa.folders import expanded
from webqa.models import trained_as

if TYPE_CHECKING:
    from reward.training.fitting import Trained
    from webqa.rewarding import Job


def train_reward(
    *,
    source: Annotated[
        list[Path], Parameter(name="--from", consume_multiple=True, negative=(), required=True)
    ],
    model: str,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    preferences: Annotated[
        PreferenceConfig, Parameter(name="*", group="Preferences")
    ] = PreferenceConfig(),  # noqa: B008 - frozen
    training: Annotated[RewardTraining, Parameter(name="*", group="Training")] = RewardTraining(),  # noqa: B008 - frozen
) -> int:
    """Teach a model which answers people prefer (a reward model).

    It becomes a sequence classifier with one output, which other tools can load. A training that
    was stopped goes on where it was when the same command is given again.

    Args:
        source: Files of comparisons, in any form that `webqa comparisons` reads.
        model: The model to begin with: a folder, or a name on the hub; best a cloned policy.
        out: The folder to write the model into, with metrics.jsonl and report.html.
        preferences: What is learnt of the comparisons.
        training: How.
    """
    from webqa.cli.training import TrainingLine, quieten
    from webqa.rewarding import Job, train_from_files

    quieten()
    from reward.training.fitting import Watch

    out = expanded(out)
    folder = expanded(model)
    job = Job(
        tuple(expanded(one) for one in source),
        str(folder) if folder.is_dir() else model,
        out,
        preferences,
        training,
    )
    line = TrainingLine(lambda progress: _measured(progress.measured or {}))
    try:
        done = train_from_files(job, Watch(line.note, line.trained))
    except KeyboardInterrupt:
        line.end()
        print("\nwebqa: stopped; the same command goes on from here", file=sys.stderr)
        return Exit.INTERRUPTED
    line.end()
    print(_summary(done, job))
    return Exit.DONE


def _measured(measured: Mapping[str, float]) -> str:
    return f"loss {measured['loss']:.3f}, accuracy {measured['accuracy']:.1%}"


def _summary(done: Trained, job: Job) -> str:
    measured, out = done.measured, job.out
    number = measured["pairs"] - measured["ties"]
    found = (
        f"Held out, {number:,.0f} comparisons without ties: accuracy {measured['accuracy']:.1%} "
        f"(the longer answer: {measured['length_only']:.1%}), log-loss {measured['log_loss']:.3f}, "
        f"calibration error {measured['ece']:.1%}"
    )
    asked = ["--model", job.model] if trained_as(job.model) else []  # a policy, as a rule
    words = ["webqa", "ask", *asked, "--best-of", "16", "--scorer", str(out), "your question"]
    command = shlex.join(words)
    state = "is finished already" if done.finished_before else f"is in {out}"
    return f"{found}\nCurves: {out / 'report.html'}\nThe reward model {state}. Next: {command}"
