"""`webqa questions`: makes questions with known answers from the pages of a web."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from env.config import DEFAULT
from env.errors import ConfigError
from env.web.corpus import Corpus
from webqa.cli.counting import Counting
from webqa.cli.exits import Exit
from webqa.cli.loop import Loop
from webqa.cli.opening import opened_web
from webqa.cli.terminal import counted, one_line
from webqa.folders import expanded
from webqa.question_making import Meter, QuestionsConfig, make_questions
from webqa.question_wording import Wording
from webqa.questions import write_questions
from webqa.webs import OFFLINE

SHORT, LONG = 50, 2_000
"""Pages between two reports of how far it is, on a terminal and elsewhere."""


def questions(
    *,
    from_web: str,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    config: Annotated[QuestionsConfig, Parameter(name="*")] = QuestionsConfig(),  # noqa: B008
    wording: Annotated[Wording, Parameter(name="*", group="Wording")] = Wording(),  # noqa: B008
) -> int:
    """Make questions from the pages of an offline web, to demonstrate and to learn on.

    Each asks for something that stands in a sentence of a page, or for what a page is about. The
    same web, flags and version give the same questions.

    Args:
        from_web: The sample web (sample), or a folder made by `webqa index`.
        out: The file to write: JSON lines with id, text, dataset and accepted answers.
        config: How many, and of what kind.
        wording: How far the questions are from the pages' own words.
    """
    out = expanded(out)
    _check(config, wording, out)
    with Loop() as loop, opened_web(from_web, DEFAULT, OFFLINE, loop) as (web, _):
        if not isinstance(web, Corpus):
            raise ConfigError(f"--from-web {from_web} is no index: give a folder of `webqa index`")
        made = make_questions(web.texts, config, wording, _meter(web.description.pages))
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


def _check(config: QuestionsConfig, wording: Wording, out: Path) -> None:
    if config.count < 1:
        raise ConfigError(f"--count must be at least 1, not {config.count}")
    shares = {"definitions": config.definitions} | {
        name: getattr(wording, name) for name in ("dropped", "replaced", "context", "lower")
    }
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise ConfigError(f"--{name} must be from 0 to 1, not {value}")
    if not 1 <= wording.shortest <= wording.longest:
        raise ConfigError("--shortest must be at least 1 and not above --longest")
    if out.is_dir():
        raise ConfigError(f"{out} is a folder: name a file to write, such as questions.jsonl")


def _meter(total: int) -> Meter:
    counting = Counting("pages", LONG, SHORT)
    return lambda doing, done: counting(done, total, doing)
