"""`webqa questions`: makes questions with known answers from the pages of a web."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from env.errors import ConfigError
from env.web.corpus import Corpus
from webqa.cli.exits import Exit
from webqa.cli.loop import Loop
from webqa.cli.opening import opened_web
from webqa.cli.terminal import counted, one_line
from webqa.folders import expanded
from webqa.question_making import Meter, QuestionsConfig, make_questions, write_questions
from webqa.webs import OFFLINE

EVERY = 2_000
"""Pages between two lines of progress where there is no terminal."""


def questions(
    *,
    from_web: str,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    config: Annotated[QuestionsConfig, Parameter(name="*")] = QuestionsConfig(),  # noqa: B008
) -> int:
    """Make questions from the pages of an offline web, to demonstrate and to learn on.

    Each asks for something that stands in a sentence of a page, or for what a page is about. The
    same web, flags and version give the same questions.

    Args:
        from_web: The sample web (sample), or a folder made by `webqa index`.
        out: The file to write: JSON lines with id, text, dataset and accepted answers.
        config: How many, and how.
    """
    out = expanded(out)
    _check(config, out)
    with Loop() as loop, opened_web(from_web, DEFAULT, OFFLINE, loop) as (web, _):
        if not isinstance(web, Corpus):
            raise ConfigError(f"--from-web {from_web} is no index: give a folder of `webqa index`")
        made = make_questions(web.texts, config, _meter())
    if not made:
        raise ConfigError(f"no question could be made from {from_web}: are its pages in English?")
    write_questions(out, made)
    kinds = Counter(question.dataset for question in made)
    named = ", ".join(f"{name}: {number:,}" for name, number in sorted(kinds.items()))
    print(f"{counted(len(made), 'question')} ({named})")
    if len(made) < config.count:
        print(f"Note: {config.count:,} were wanted, but there is no more to ask", file=sys.stderr)
    command = ["webqa", "demonstrate", "--web", from_web, "--questions", str(out), "-o", "RUN"]
    print(f"The questions are in {out}. Next: {one_line(shlex.join(command), 300)}")
    return Exit.DONE


def _check(config: QuestionsConfig, out: Path) -> None:
    if config.count < 1:
        raise ConfigError(f"--count must be at least 1, not {config.count}")
    for name in ("definitions", "dropped", "replaced", "context", "lower"):
        if not 0 <= (value := getattr(config, name)) <= 1:
            raise ConfigError(f"--{name} must be from 0 to 1, not {value}")
    if not 1 <= config.shortest <= config.longest:
        raise ConfigError("--shortest must be at least 1 and at most --longest")
    if out.is_dir():
        raise ConfigError(f"{out} is a folder: name a file to write, such as questions.jsonl")


def _meter() -> Meter:
    """Show how far it is: a line that is written over on a terminal, lines elsewhere."""
    there = sys.stderr.isatty()

    def show(doing: str, done: int) -> None:
        if there and done % 50 == 0:
            print(f"\r{doing}: {done:,} pages", end="", file=sys.stderr, flush=True)
        elif not there and done % EVERY == 0:
            print(f"{doing}: {done:,} pages", file=sys.stderr)
        if there and done == 0:
            print(file=sys.stderr)

    return show
