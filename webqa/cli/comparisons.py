"""`webqa comparisons`: reads files of comparisons of any known form and writes them in one."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from env.errors import ConfigError
from webqa.cli.exits import Exit
from webqa.cli.terminal import counted, one_line
from webqa.folders import expanded

if TYPE_CHECKING:
    from reward.comparisons import Comparison
    from reward.formats.rows import FileRead, Loaded

LINE = 300
"""Characters of a line about a file, at the most."""


def comparisons(
    *files: Path,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    to: Literal["webqa", "webgpt", "hugging-face", "trl"] = "webqa",
) -> int:
    """Read files of comparisons, tell what is in them, and write them in one form.

    The form of a file is known by its shape: our own lines, webgpt_comparisons as raw lines or as
    rows of the hub, the fine-grained feedback set, and chosen/rejected rows as TRL reads them; as
    JSON lines or one JSON list, packed with gzip or not. What cannot be used is skipped, counted
    and named. The same comparison in two files is taken once.

    Args:
        files: What to read.
        out: The file to write; without it, only tell what is there.
        to: The form to write: ours (webqa), raw lines of webgpt_comparisons (webgpt), its rows on
            the hub (hugging-face), or prompt, chosen and rejected (trl), which has no ties.
    """
    from reward.formats.reading import load
    from reward.formats.writing import write

    sources = [expanded(file) for file in files]
    if not sources:
        raise ConfigError("no file to read: webqa comparisons FILE... -o OUT")
    out = expanded(out) if out else None
    if out:
        _check(out, sources)
    reading = load(sources)
    _tell(reading)
    print(_summary(reading.comparisons))
    if not out:
        return Exit.DONE
    written = write(out, reading.comparisons, to)
    for reason, number in written.left_out.items():
        _note(f"{counted(number, 'comparison')} left out: {reason}")
    if written.lost:
        _note(f"The form {to} has no place for {_named(written.lost)}: keep what was read, too")
    print(f"{counted(written.written, 'comparison')} as {to} in {out}")
    return Exit.DONE


def _check(out: Path, sources: Sequence[Path]) -> None:
    if out.is_dir():
        raise ConfigError(f"{out} is a folder: name a file to write, such as comparisons.jsonl")
    if any(out.resolve() == source.resolve() for source in sources):
        raise ConfigError(f"{out} is also read: name another file to write")


def _tell(reading: Loaded) -> None:
    for file in reading.files:
        _note(_about(file))
    first: dict[str, str] = {}
    for one in reading.skipped:
        first.setdefault(one.reason, f"{one.place}: {one.message}")
    for reason, number in reading.reasons().items():
        _note(f"{number:,} skipped, the first is {first[reason]}")
    for note, number in reading.notes.items():
        _note(f"{note[:1].upper()}{note[1:]}: {number:,}")


def _about(file: FileRead) -> str:
    skipped = f", {file.skipped:,} skipped" if file.skipped else ""
    forms = ", ".join(
        form if number == file.rows else f"{form} {number:,}" for form, number in file.forms.items()
    )
    rows = counted(file.rows, "row") + (f" ({forms})" if forms else "")
    return f"{file.path}: {rows}, {counted(file.taken, 'comparison')}{skipped}"


def _summary(found: Sequence[Comparison]) -> str:
    from reward.comparisons import count

    counts = count(found)
    judged = counts.comparisons - counts.ties
    better = f"; of the others the first is better in {counts.first_better / max(1, judged):.0%}"
    datasets = _named({name or "unnamed": number for name, number in counts.datasets.items()})
    simulated = f"; {counts.simulated:,} simulated" if counts.simulated else ""
    return one_line(
        f"{counted(counts.comparisons, 'comparison')} of {counted(counts.questions, 'question')} "
        f"({datasets}); {counted(counts.ties, 'tie')}{better if judged else ''}{simulated}",
        LINE,
    )


def _named(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {number:,}" for name, number in numbers.items())


def _note(text: str) -> None:
    print(one_line(text, LINE), file=sys.stderr)
