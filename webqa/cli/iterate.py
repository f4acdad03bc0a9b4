"""`webqa iterate`: samples answers, has pairs judged, and learns from them, round by round."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from webqa.cli.exits import Exit
from webqa.cli.terminal import one_line
from webqa.folders import expanded
from webqa.iterating import IterateConfig, Job, StageFlags, Waiting
from webqa.iterating import iterate as run_rounds
from webqa.stages import Stages, Stopped

SHOWN = 400
"""Characters shown of a stage."""


def iterate(
    *,
    model: str,
    web: str,
    questions: Path,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    config: Annotated[IterateConfig, Parameter(name="*")] = IterateConfig(),  # noqa: B008 - frozen
    flags: Annotated[
        StageFlags, Parameter(name="*", group="Stages", allow_leading_hyphen=True)
    ] = StageFlags(),  # noqa: B008 - frozen
) -> int:
    """Sample answers, have pairs of them judged, fit a reward model, train the policy; and again.

    Each stage is a command of its own that runs once; what was stopped goes on where it was when
    the same command is given again.

    Args:
        model: Folder of the cloned policy, with which every training begins.
        web: Where to look: sample, a folder made by `webqa index`, or a FILE.cassette.
        questions: JSON lines with `question` and, for the simulated judge, `accepted`.
        out: The folder for the rounds.
        config: How many rounds, and what happens in each.
        flags: More flags for the commands of the stages.
    """
    named, out = expanded(Path(model)), expanded(out)
    job = Job(str(named) if named.is_dir() else model, web, expanded(questions), out, config, flags)
    stages = Stages(out, say=lambda text: print(f"--- {one_line(text, SHOWN)}", file=sys.stderr))
    try:
        rounds = run_rounds(job, stages)
    except Waiting as waiting:
        print(f"{str(waiting)[0].upper()}{str(waiting)[1:]}")
        return Exit.DONE
    except Stopped:
        return Exit.INTERRUPTED
    except KeyboardInterrupt:
        print("\nwebqa: stopped; the same command goes on from here", file=sys.stderr)
        return Exit.INTERRUPTED
    last = rounds[-1]
    command = shlex.join(["webqa", "ask", "--web", web, "--model", last.policy, "your question"])
    took = ", ".join(f"{name} {seconds:,.0f} s" for name, seconds in stages.seconds.items())
    print(f"Stages: {took}\nThe reward model is in {last.reward}")
    print(f"The policy is in {last.policy}. Next: {command}")
    return Exit.DONE
