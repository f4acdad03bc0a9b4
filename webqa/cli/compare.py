"""`webqa compare`: by how much the measures of runs differ, over the same questions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from env.errors import ConfigError
from webqa.cli.columns import in_columns
from webqa.cli.exits import Exit
from webqa.cli.needing import need_numpy
from webqa.cli.terminal import counted, one_line
from webqa.folders import expanded
from webqa.metrics.measures import MEASURES

if TYPE_CHECKING:
    from webqa.comparing import Compared, Difference

HEADINGS = ("measure", "better", "data set", "questions", "", "", "difference", "95 % interval",
            "p", "higher", "lower", "same")  # fmt: skip
CHANCE = 0.05
"""A p-value below this is often taken for a difference; with many of them, some are by chance."""
SHOWN = 8
"""Settings that differ between two runs, at the most."""
LINE = 300
"""Characters of a note, at the most."""


def compare(
    *runs: Path,
    metric: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    common: bool = False,
    resamples: int = 10_000,
    seed: int = 0,
    json: Path | None = None,
) -> int:
    """Compare runs over the same questions: each one with the first.

    A difference is the mean over questions, each paired with itself. Its interval is that of a
    bootstrap over questions; p is how often a difference as large comes by chance alone, by a
    permutation test. The last columns count the questions on which the measure is higher, lower and
    the same. Measures that are the same on every question are only named.

    Args:
        runs: Run folders in which `webqa eval` has measured.
        metric: A measure to compare; without it, all that both runs have. May be repeated.
        common: Compare the questions that all runs answered, where they answered different ones.
        resamples: Samples of the bootstrap and the permutation test.
        seed: Another one draws others.
        json: A file to write all numbers to.
    """
    need_numpy()
    from policies.checkpoints import write_whole
    from webqa.comparing import compare as compared
    from webqa.resampling import ResamplingConfig

    out = expanded(json) if json else None
    if out and out.is_dir():
        raise ConfigError(f"{out} is a folder: name a file to write, such as compared.json")
    folders = [expanded(run) for run in runs]
    config = ResamplingConfig(resamples, seed)
    found = compared(folders, metric, common=common, config=config)
    for number, one in enumerate(found):
        if number:
            print()
        _tell(one, all_of_them=bool(metric))
    if out:
        write_whole(out, _as_json(found))
        print(f"The numbers are in {out}")
    return Exit.DONE


def _as_json(found: Sequence[Compared]) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"


def _tell(one: Compared, *, all_of_them: bool) -> None:
    """Print the table of a run beside the first; what to mind goes to standard error."""
    differ = {row.metric for row in one.differences if all_of_them or row.higher or row.lower}
    shown = [row for row in one.differences if row.metric in differ]
    alike = dict.fromkeys(row.metric for row in one.differences if row.metric not in differ)
    for name, (here, there) in list(one.settings.items())[:SHOWN]:
        _note(f"{name}: {here!r} in {one.base}, {there!r} in {one.other}")
    if (more := len(one.settings) - SHOWN) > 0:
        _note(f"{counted(more, 'more setting')} differ: --json FILE has them all")
    for run, metrics in one.only.items():
        _note(f"Measured in {run} alone: {', '.join(metrics)}")
    print(f"{one.other} compared with {one.base}, over {counted(one.questions, 'question')}")
    headings = [*HEADINGS[:4], one.base, one.other, *HEADINGS[6:]]
    if shown:
        for line in in_columns([headings, *map(_row, shown)], left=3):
            print(line)
    if alike:
        print(f"The same on every question: {', '.join(alike)}")
    if (tests := len(shown)) > 1:
        _note(f"{tests} differences: about {tests * CHANCE:.1f} have p < {CHANCE} by chance alone")


def _row(one: Difference) -> list[str]:
    apart, several = one.difference, one.difference.count > 1
    measure = MEASURES.get(one.metric)
    percent = measure is not None and measure.unit == "share"

    def number(value: float, sign: str = "") -> str:
        return f"{100 * value:{sign}.1f}" if percent else f"{value:{sign}.4g}"

    # Questions that are all alike would be resampled to an interval without width.
    known = several and apart.low < apart.high
    interval = f"{number(apart.low, '+')} to {number(apart.high, '+')}" if known else "-"
    return [
        f"{one.metric} %" if percent else one.metric,
        measure.better if measure and measure.better != "neither" else "-",
        one.dataset or "-",
        f"{apart.count:,}",
        number(one.base),
        number(one.other),
        number(apart.mean, "+"),
        interval,
        f"{one.p:.4f}" if several else "-",
        *(f"{many:,}" for many in (one.higher, one.lower, one.same)),
    ]


def _note(text: str) -> None:
    print(one_line(text, LINE), file=sys.stderr)
