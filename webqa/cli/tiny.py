"""`webqa tiny`: makes a language model of a few million parameters from a web's own text."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from env.config import SMALL
from env.errors import ConfigError
from env.web.corpus import Corpus
from policies.models.tiny.config import TinyConfig
from webqa.cli.exits import Exit
from webqa.cli.loop import Loop
from webqa.cli.opening import opened_web
from webqa.folders import expanded
from webqa.webs import OFFLINE

if TYPE_CHECKING:
    from policies.cloning.training import Progress


def tiny(
    *,
    web: str,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    config: Annotated[TinyConfig, Parameter(name="*")] = TinyConfig(),  # noqa: B008 - frozen
) -> int:
    """Make a language model of a few million parameters, to be taught with `webqa clone`.

    Its tokenizer is trained on the web's own text, and the model is pretrained on it. Nothing is
    downloaded. What was stopped goes on where it was when the same command is given again.

    Args:
        web: The sample web (sample), or a folder made by `webqa index`.
        out: The folder to write the model into.
        config: How large it is, and how it is trained.
    """
    from webqa.cli.training import TrainingLine, quieten
    from webqa.tiny import Watch, make_tiny

    quieten()
    out = expanded(out)
    line = TrainingLine(_measured)
    try:
        with Loop() as loop, opened_web(web, SMALL, OFFLINE, loop) as (opened, _):
            if not isinstance(opened, Corpus):
                raise ConfigError(f"--web {web} is no index: give a folder of `webqa index`")
            finished = make_tiny(opened, out, config, Watch(line.note, line.trained))
    except KeyboardInterrupt:
        line.end()
        print("\nwebqa: stopped; the same command goes on from here", file=sys.stderr)
        return Exit.INTERRUPTED
    line.end()
    command = shlex.join(["webqa", "clone", "--from", "RUN", "--model", str(out), "-o", "DIR"])
    was = "is finished already" if finished else "is made"
    print(f"The model in {out} {was}. Next: {command} --loss masked")
    return Exit.DONE


def _measured(progress: Progress) -> str:
    measured = progress.measured or {}
    return f"loss {measured['loss']:.3f} nats a token"
