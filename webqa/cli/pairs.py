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

    Citations are stripped, and which answer stands first is drawn. Whoever judges adds to each line
    a "preference", from 1 (the first is much better) to -1 (the second is), 0 for a tie, and, if
    there are several, a "rater". `webqa rank` then tells how often the run was preferred.

    Args:
        run: A run folder; its questions need answers by people, as those of ELI5 have.
        out: The file of pairs to write, as JSON lines.
        which: How many, and which.
    """
    number = write_pairs_with_people(expanded(run), expanded(out), which)
    if not number:
        raise ConfigError(f"no question of {run} has both an answer and one that people wrote")
    print(
        f'{counted(number, "pair")} in {out}. Next: have a "preference" added to each line, from 1 '
        f"(the first is much better) to -1, then webqa rank {out} --run {run}"
    )
    return Exit.DONE
