"""`webqa merge`: joins the shards of an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from env.errors import ConfigError
from webqa.cli.eval import finish
from webqa.cli.terminal import complain
from webqa.folders import expanded
from webqa.merging import merge_into


def merge(*runs: Path, out: Annotated[Path, Parameter(name=["--out", "-o"])]) -> int:
    """Join the shards of an evaluation into one run, as if it had been run at once.

    Args:
        runs: Run folders of `webqa eval` with the same settings, such as those of all shards.
        out: The run folder to make, or to add to.
    """
    if not runs:
        raise ConfigError("no run to merge: webqa merge RUN RUN... -o OUT")
    missing = merge_into(expanded(out), [expanded(run) for run in runs])
    code = finish(expanded(out))
    if missing:
        complain(
            f"{out} lacks {'shard' if len(missing) == 1 else 'shards'} {', '.join(missing)}, and "
            f"the figures are of the others alone: webqa merge ITS-RUN -o {out} adds one"
        )
    return code
