"""`webqa clone`: teaches a language model to act as recorded episodes do."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from env.errors import ConfigError
from policies.cloning.config import CloneConfig, ExampleConfig
from webqa.cli.exits import Exit
from webqa.folders import expanded
from webqa.models import ModelConfig, asked_as

if TYPE_CHECKING:
    from webqa.cloning import Cloned, MakePlay


@dataclass(frozen=True, slots=True)
class PlayConfig:
    """Which questions are played at each measurement; the best model is then the best player."""

    play_web: Path | None = None
    """Play held-out questions in this offline web, a folder made by `webqa index`."""
    play_questions: Path | None = None
    """Where they come from: JSON lines with `question` and `accepted`."""
    play_episodes: int = 50
    """How many are played."""


def clone(
    *,
    source: Annotated[
        list[Path], Parameter(name="--from", consume_multiple=True, negative=(), required=True)
    ],
    model: str,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    grammar: Literal["model", "free", "tight", "none"] = "model",
    layout: Literal["model", "webgpt", "page-first"] = "model",
    examples: Annotated[ExampleConfig, Parameter(name="*", group="Examples")] = ExampleConfig(),  # noqa: B008 - frozen
    training: Annotated[CloneConfig, Parameter(name="*", group="Training")] = CloneConfig(),  # noqa: B008 - frozen
    play: Annotated[PlayConfig, Parameter(name="*", group="Playing")] = PlayConfig(),
) -> int:
    """Teach a language model to act as recorded episodes do (behaviour cloning).

    The episodes may be a program's or a person's. A training that was stopped goes on where it
    was when the same command is given again, and ends with the same model.

    Args:
        source: Run folders with answered episodes.
        model: The model to begin with: a folder, or a name on the hub.
        out: The folder to write the model into, with metrics.jsonl and report.html.
        grammar: What the model may write, in training as at play: as its folder says or else
            anything that can be carried out (free), whole sentences and words of the question
            (tight), anything at all (none).
        layout: Order of the prompt's fields: as the model's folder says, or else the paper's.
        examples: Which steps are learnt from.
        training: How.
        play: Questions to be played while training.
    """
    from webqa.cli.training import TrainingLine, quieten
    from webqa.cloning import Job, Watch, clone_runs

    quieten()
    out = expanded(out)
    job = Job(
        tuple(expanded(one) for one in source),
        str(expanded(model)) if expanded(model).is_dir() else model,
        out,
        asked_as(ModelConfig(str(expanded(model)), grammar=grammar, layout=layout)),
        examples,
        training,
        _make_play(play, examples.validation),
        _name_of(play),
    )
    line = TrainingLine(lambda progress: _measured(progress.measured or {}))
    try:
        done = clone_runs(job, Watch(line.note, line.made, line.trained))
    except KeyboardInterrupt:
        line.end()
        print("\nwebqa: stopped; the same command goes on from here", file=sys.stderr)
        return Exit.INTERRUPTED
    line.end()
    print(_summary(done, out))
    return Exit.DONE


def _name_of(play: PlayConfig) -> str:
    if play.play_web is None or play.play_questions is None:
        return ""
    return f"{play.play_episodes} of {play.play_questions.name} in {play.play_web.name}"


def _make_play(play: PlayConfig, validation: float) -> MakePlay | None:
    """Return what makes the player of held-out questions, if it is wanted.

    Raises:
        ConfigError: only one half of it was given.
    """
    if play.play_web is None and play.play_questions is None:
        return None
    if play.play_web is None or play.play_questions is None or play.play_episodes < 1:
        raise ConfigError(
            "--play-web and --play-questions belong together, --play-episodes above 0"
        )
    from webqa.playing import player

    return player(
        expanded(play.play_web), expanded(play.play_questions), play.play_episodes, validation
    )


def _measured(measured: Mapping[str, float]) -> str:
    played = f", played {measured['played']:.0%}" if "played" in measured else ""
    exact = [
        f"{name.split('/')[0]} {value:.0%}"
        for name, value in measured.items()
        if name.endswith("/line_accuracy")
    ]
    return f"loss {measured['loss']:.3f}{played}; lines exact: {', '.join(exact)}"


def _summary(done: Cloned, out: Path) -> str:
    command = shlex.join(["webqa", "ask", "--model", str(out), "your question"])
    if done.finished_before:
        return f"The model in {out} is finished already. Next: {command}"
    best = f"Best after step {done.step:,}: held-out {_measured(done.measured)}"
    return f"{best}\nCurves: {out / 'report.html'}\nThe model is in {out}. Next: {command}"
