"""`webqa questions`: reads published question sets, or makes questions from the pages of a web."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
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
from webqa.sets.hub import START
from webqa.sets.opening import open_questions
from webqa.webs import OFFLINE

SHORT, LONG = 50, 2_000
"""Pages between two reports of how far it is, on a terminal and elsewhere."""


def questions(
    source: str = "",
    /,
    *,
    from_web: str = "",
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    config: Annotated[QuestionsConfig, Parameter(name="*")] = QuestionsConfig(),  # noqa: B008
    wording: Annotated[Wording, Parameter(name="*", group="Wording")] = Wording(),  # noqa: B008
) -> int:
    """Read a published question set, or make questions from the pages of an offline web.

    A set becomes our own JSON lines; what was found in it is told. Its form is known by its rows:
    TriviaQA, ELI5, TruthfulQA, NQ-open, WebQuestions, SQuAD, HotpotQA, SimpleQA, ARC, or lines
    with a question on each.

    Questions that are made ask for something that stands in a sentence of a page, or for what a
    page is about. The same web, flags and version give the same questions.

    Args:
        source: The file of a set, or hub:OWNER/NAME:CONFIG:SPLIT@REVISION.
        from_web: The sample web (sample), or a folder made by `webqa index`, to make them from.
        out: The file to write: JSON lines with id, text, dataset and known answers.
        config: How many to make, and of what kind.
        wording: How far those that are made are from the pages' own words.
    """
    out = expanded(out)
    if bool(source) == bool(from_web):
        raise ConfigError("name either the file of a set, or a web with --from-web")
    _check(config, wording, out)
    if source and (config, wording) != (QuestionsConfig(), Wording()):
        raise ConfigError("these flags are for questions that are made: a set is read as it is")
    return _read(source, out) if source else _make(from_web, out, config, wording)


def _read(source: str, out: Path) -> int:
    opened = open_questions(source)
    write_questions(out, opened)
    found = opened.figures
    print(f"{counted(found.count, 'question')} ({_kinds(found.datasets)})")
    known = {
        "accepted answers": found.accepted,
        "long answers": found.written,
        "no answer that is right": found.unanswerable,
    }
    told = ", ".join(f"{number:,} with {what}" for what, number in known.items() if number)
    rows = f"{found.form}, {counted(found.rows, 'row')}"
    print(one_line(f"Read as {rows}; {told or 'no answer is known'}", 300))
    if source.startswith(START):
        print(one_line(f"Pinned: {opened.name}", 300))
    _finish(out, ["webqa", "eval", "--web", "sample", "--questions", str(out), "-o", "RUN"])
    return Exit.DONE


def _make(from_web: str, out: Path, config: QuestionsConfig, wording: Wording) -> int:
    with Loop() as loop, opened_web(from_web, DEFAULT, OFFLINE, loop) as (web, _):
        if not isinstance(web, Corpus):
            raise ConfigError(f"--from-web {from_web} is no index: give a folder of `webqa index`")
        made = make_questions(web.texts, config, wording, _meter(web.description.pages))
    if not made:
        raise ConfigError(f"no question could be made from {from_web}: are its pages in English?")
    write_questions(out, made)
    print(f"{counted(len(made), 'question')} ({_kinds(Counter(one.dataset for one in made))})")
    if len(made) < config.count:
        print(f"Note: {config.count:,} were wanted, but there is no more to ask", file=sys.stderr)
    _finish(out, ["webqa", "demonstrate", "--web", from_web, "--questions", str(out), "-o", "RUN"])
    return Exit.DONE


def _kinds(datasets: Mapping[str, int]) -> str:
    found = (f"{name or 'of no dataset'}: {number:,}" for name, number in sorted(datasets.items()))
    return one_line(", ".join(found), 300)


def _finish(out: Path, command: Sequence[str]) -> None:
    print(f"The questions are in {out}. Next: {one_line(shlex.join(command), 300)}")


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
