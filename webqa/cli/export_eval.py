"""`webqa export-eval`: writes a run for another harness, ALCE's script or inspect_ai."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from env.errors import ConfigError
from webqa.cli.exits import Exit
from webqa.cli.terminal import counted
from webqa.folders import expanded


def export_eval(
    run: Path,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    form: Literal["alce", "inspect"] = "alce",
    dataset: str = "",
    measure: str = "",
    ratings: tuple[Path, ...] = (),
) -> int:
    """Write a run in the form of another harness.

    Args:
        run: A run folder.
        out: The file to write: JSON for ALCE, FILE.jsonl for inspect_ai.
        form: alce: answers and quotes, for ALCE's eval.py. inspect: scores for the scorer
            precomputed_scores of inspect_ai, which takes either --measure or --ratings.
        dataset: With alce: only the questions of this data set.
        measure: With inspect: a measure of `webqa eval`, such as right.
        ratings: With inspect: files of comparisons of the run's answers.
    """
    folder, file = expanded(run), expanded(out)
    if form == "alce":
        if measure or ratings:
            raise ConfigError("--measure and --ratings are for --form inspect")
        wrote = _alce(folder, file, dataset)
    else:
        if dataset:
            raise ConfigError("--dataset is for --form alce")
        wrote = _inspect(folder, file, measure, ratings)
    print(f"Wrote {out}: {wrote}", file=sys.stderr)
    return Exit.DONE


def _alce(folder: Path, file: Path, dataset: str) -> str:
    from webqa.harness.alce import export_alce

    wrote = export_alce(folder, file, dataset)
    if not wrote.keyed:
        print(
            "Note: without accepted answers to every question ALCE's STR-EM is left out",
            file=sys.stderr,
        )
    return f"{counted(wrote.episodes, 'episode')}, {wrote.answered} of them answered"


def _inspect(folder: Path, file: Path, measure: str, ratings: tuple[Path, ...]) -> str:
    from webqa.harness.precomputed import measures_of, ratings_of, write_precomputed

    if bool(measure) == bool(ratings):
        raise ConfigError("--form inspect needs either --measure or --ratings")
    if measure:
        from webqa.measured import read_measures
        from webqa.metrics.measures import MEASURES
        from webqa.names import unknown

        if measure not in MEASURES:
            raise ConfigError(unknown("measure", measure, MEASURES))
        return counted(
            write_precomputed(file, measures_of(read_measures(folder), measure)), "score"
        )
    from reward.comparisons import read_comparisons
    from webqa.run import read_episodes

    found = [one for path in ratings for one in read_comparisons(expanded(path))]
    return counted(write_precomputed(file, ratings_of(read_episodes(folder), found)), "score")
