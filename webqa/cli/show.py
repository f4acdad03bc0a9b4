"""`webqa show`: replays a recorded episode in the terminal, or as one HTML page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from env.answers import NOTHING_FOUND
from env.errors import ConfigError
from env.records import Answer, Episode
from webqa.cli import terminal
from webqa.cli.exits import Exit
from webqa.run import read_episodes, read_pages

LAST = "last"


def show(
    run: Path,
    episode: str = LAST,
    /,
    *,
    question: str = "",
    html: Path | None = None,
    full: bool = False,
    listing: Annotated[bool, Parameter(name="--list")] = False,
) -> int:
    """Show a recorded episode: the question, each step, the answer with its sources.

    Args:
        run: A run folder, as written with --save.
        episode: The episode's id or the beginning of it, or last.
        question: Show the last episode whose question contains this text.
        html: Write one self-contained HTML page to this file instead.
        full: Show the whole visible text of each step, not its first lines.
        listing: Show one line for each episode of the run.
    """
    if listing:
        for one in read_episodes(run):
            asked = one.question.text.split("\n\n")[-1]  # the questions it follows stand before it
            print(f"{one.id}  {one.ended:<13} {terminal.one_line(asked, 90)}")
        return Exit.DONE
    chosen = _choose(run, episode, question)
    if html:
        _write_html(chosen, run, html)
    else:
        _replay(chosen, full)
    return Exit.DONE


def _choose(run: Path, wanted: str, question: str) -> Episode:
    """Return the last episode that fits.

    Raises:
        ConfigError: none does.
    """
    found, count = None, 0
    for episode in read_episodes(run):
        count += 1
        if wanted not in ("", LAST) and not episode.id.startswith(wanted):
            continue
        if question.casefold() in episode.question.text.casefold():
            found = episode
    if found is None:
        sought = f"question containing {question!r}" if question else f"id {wanted!r}"
        raise ConfigError(
            f"{run} has {terminal.counted(count, 'episode')}, none with {sought}:"
            f" see webqa show {run} --list"
            if count
            else f"{run} has no episode yet: record one with webqa ask --save {run}"
        )
    return found


def _write_html(episode: Episode, run: Path, file: Path) -> None:
    from webqa.show_html import render_html

    page = render_html(episode, read_pages(run))
    try:
        file.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"cannot write {file} ({error.strerror}): name another file") from error
    print(f"Wrote {file}", file=sys.stderr)


def _replay(episode: Episode, full: bool) -> None:
    console = terminal.stdout()
    console.print(terminal.printable(episode.question.text), style="bold")
    for number, step in enumerate(episode.steps, start=1):
        console.print()
        terminal.show_step(step, console, number=number, whole=full)
    console.print()
    if episode.ended == "failed":
        console.print(terminal.printable(f"The episode failed: {episode.error}"), style="red")
    else:
        answer = episode.answer or Answer(episode.question.text, NOTHING_FOUND)
        terminal.show_answer(answer, console)
    console.print(f"\nEnded: {episode.ended}, stopped by {episode.stopped_by}")
