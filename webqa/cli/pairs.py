"""`webqa pairs`: a run's answers beside those that people wrote, to be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from env.errors import ConfigError
from webqa.cli.exits import Exit
from webqa.cli.terminal import counted
from webqa.folders import expanded
from webqa.pairing import PeopleConfig, write_pairs_with_people

PEOPLE = PeopleConfig()


def pairs(
    run: Path,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    which: Annotated[PeopleConfig, Parameter(name="*")] = PEOPLE,
) -> int:
    """Pair a run's answers with the answers that people wrote to the same questions.

    Citations are stripped, and which answer stands first is drawn. Each line lacks its preference:
    whoever judges adds it, and `webqa rank` tells how often the run was preferred.

    Args:
        run: A run folder; its questions need answers by people, as those of ELI5 have.
        out: The file of pairs to write, as JSON lines.
        which: How many, and which.
    """
    number = write_pairs_with_people(expanded(run), expanded(out), which)
    if not number:
        raise ConfigError(f"no question of {run} has both an answer and one that people wrote")
    print(f"{counted(number, 'pair')} in {out}. Next: have them judged, then webqa rank FILE")
    return Exit.DONE
