"""Shards of one evaluation, joined into the run that it would have been. Knows no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from env.errors import ConfigError
from env.jsonl import append, read
from env.records import Page
from policies.asking import Asked
from policies.base import Rollout
from policies.checkpoints import difference
from webqa.evaluating import agree_on_measuring, measured_already
from webqa.measured import MEASURES, read_measures, read_measuring
from webqa.run import PAGES, Run, read_config, read_episodes
from webqa.settling import ASKED, settle
from webqa.shards import check_parts, missing_shards, note_whole, read_parts


def merge_into(out: Path, runs: Sequence[Path]) -> list[str]:
    """Add the episodes of runs with the same settings to a run; each episode once.

    Killed and called again, it goes on.

    Returns:
        The shards that are still missing, such as `2/3`: they may be added later.

    Raises:
        ConfigError: they differ in their settings or their measures, are no shards of one
            evaluation or not finished, or a folder is no run.
    """
    first = read_config(runs[0])
    for run in runs[1:]:
        found = read_config(run).settings
        if found != first.settings:
            differs = difference(msgspec.to_builtins(first.settings), msgspec.to_builtins(found))
            raise ConfigError(f"{runs[0]} and {run} are of different evaluations: {differs}")
        wanted, measured = read_measuring(runs[0]), read_measuring(run)
        if measured != wanted:
            differs = difference(wanted, measured)
            raise ConfigError(f"{runs[0]} and {run} were measured differently: {differs}")
    for run in runs:
        _check_measured(run)
    check_parts(out, runs)
    with Run(out, first.settings, web_name=first.web_name) as merged:
        settle(out, merged.finished)
        for run in runs:
            if run.resolve() == out.resolve():
                raise ConfigError(f"{out} is itself one of the runs: name a new folder with -o")
            agree_on_measuring(out, read_measuring(run))
            _add(merged, run)
            for part in read_parts(run).values():
                note_whole(out, part)
    return missing_shards(out)


def _check_measured(run: Path) -> None:
    """Refuse a run that was killed between an episode and its measures: the table would lack it.

    Raises:
        ConfigError: it is such a run.
    """
    known = measured_already(run)
    lacking = sum(one.id not in known for one in read_episodes(run))
    if lacking:
        raise ConfigError(
            f"{lacking:,} of the episodes of {run} are not measured: finish it with the "
            "`webqa eval` that it was begun with"
        )


def _add(merged: Run, run: Path) -> None:
    """Add pages, then episodes, what was asked, and measures, as a run writes them."""
    if (path := run / PAGES).exists():
        for page in read(path, Page):
            merged.keep(page)
    for episode in read_episodes(run):
        if episode.id not in merged.finished:
            merged.add(Rollout(episode, ()))
    known = measured_already(merged.folder)
    if (path := run / ASKED).exists():
        for asked in read(path, Asked):
            if asked.episode not in known:
                append(merged.folder / ASKED, asked, wait=False)
    for measured in read_measures(run):
        if measured.episode not in known:
            append(merged.folder / MEASURES, measured, wait=False)
