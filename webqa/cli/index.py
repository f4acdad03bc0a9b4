"""`webqa index`: turns piles of pages into a folder that `--web` takes."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from env.errors import ConfigError
from env.web.indexing import IndexConfig, IndexReport, Progress, build_index
from webqa.cli import terminal
from webqa.cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from env.web.encoding import Encoder

STAGES = {"convert": "Reading", "index": "Indexing", "encode": "Encoding"}
EVERY = 2_000
"""Documents between two lines of progress where there is no terminal."""

Meter = Callable[[Progress], None]


def index(
    *source: Annotated[Path, Parameter(required=True)],
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    encoder: str | None = None,
    config: Annotated[IndexConfig, Parameter(name="*")] = IndexConfig(),  # noqa: B008 - frozen
) -> int:
    """Index pages, so that questions can be answered from them.

    A build that was stopped goes on where it was when the same command is given again.

    Args:
        source: Folders and files: HTML, Markdown, text, PDF, WARC, ZIM, JSON lines.
        out: The index folder to make, or to replace once the new one is complete.
        encoder: Name or path of a sentence-transformers model, for search by meaning as well.
        config: How the index is built.
    """
    if config.workers < 0 or config.document < 1:
        flag = "--workers must be 0 or more" if config.workers < 0 else "--document must be above 0"
        raise ConfigError(f"{flag}: leave it out for the default")
    opened = _open(encoder) if encoder else None
    try:
        with _meter(terminal.stderr()) as meter:
            report = build_index(source, out, config, progress=meter, encoder=opened)
    except KeyboardInterrupt:
        print("\nwebqa: stopped; the same command goes on from here", file=sys.stderr)
        return Exit.INTERRUPTED
    print(_summary(report))
    return Exit.DONE


def _open(name: str) -> Encoder:
    from env.web.encoding import load_encoder

    return load_encoder(name)


@contextmanager
def _meter(console: Console) -> Iterator[Meter]:
    """Show how far a build is: bars on a terminal, lines now and then elsewhere."""
    if not console.is_terminal:
        yield _lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    text = TextColumn("{task.description}")
    bars = Bars(text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
    stages = {
        stage: bars.add_task(name, False, None, visible=False) for stage, name in STAGES.items()
    }

    def move(progress: Progress) -> None:
        stage = stages[progress.stage]
        bars.start_task(stage)
        bars.update(stage, completed=progress.done, total=progress.total or None, visible=True)

    with bars:
        yield move


def _lines() -> Meter:
    said = {stage: 0 for stage in STAGES}

    def write(progress: Progress) -> None:
        stage, done, total = progress
        if (total and done >= total) or done - said[stage] >= EVERY:
            said[stage] = done
            of = f" of {total:,}" if total else ""
            print(f"{STAGES[stage]}: {done:,}{of}", file=sys.stderr)

    return write


def _summary(report: IndexReport) -> str:
    speed = report.pages / report.seconds if report.seconds else 0.0
    counts = ((report.pages, "page"), (report.passages, "passage"), (report.links, "link"))
    found = ", ".join(terminal.counted(number, noun) for number, noun in counts)
    lines = [f"{found} in {report.seconds:.1f} s ({speed:,.0f} pages/s)"]
    if report.duplicate_texts:
        lines.append(f"Pages with the text of another page: {report.duplicate_texts:,}")
    for reason, count in sorted(report.skipped.items(), key=lambda item: (-item[1], item[0])):
        example = next(iter(report.examples.get(reason, ())), "")
        such_as = f", such as {example}" if example else ""
        lines.append(terminal.one_line(f"Skipped, {reason}: {count:,}{such_as}", 300))
    lines += [f"Note: {note}" for note in report.notes]
    command = shlex.join(["webqa", "ask", "--web", str(report.out), "your question"])
    return "\n".join([*lines, f"The index is in {report.out}. Next: {command}"])
