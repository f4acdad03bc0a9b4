"""Question files: small sets read into a list, and our own lines written. Knows no policy.

Any published form is read (see `webqa.sets`); large sets are opened with
`webqa.sets.opening.open_questions`, which does not hold them in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from env.errors import ConfigError
from env.records import Question, to_json
from policies.checkpoints import PARTIAL
from webqa.sets.opening import digest_of, named, open_questions


def read_questions(path: Path) -> list[Question]:
    """Read all questions of a file.

    Our own lines are objects with `text` or `question`, and optionally what is known: `id` (else
    made of the text), `dataset`, `accepted` or `answers` (a list of short answers) or `answer`
    (one or a list), `written` (a list of long answers by people), `wrong` (a list), and
    `unanswerable`; other keys are ignored. Blank lines too.

    Raises:
        ConfigError: the file cannot be read, a line is no question, or two have the same id.
    """
    return list(open_questions(path))


def named_by_content(path: Path) -> str:
    """Return how a run names the file that its questions come from: by its name and its hash."""
    return named(path, digest_of(path))


def write_questions(path: Path, questions: Iterable[Question]) -> None:
    """Write questions one by one; the file is there whole or not at all.

    Raises:
        ConfigError: the file cannot be written, or the questions cannot be read.
    """
    beside = path.with_name(path.name + PARTIAL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as file:
                for question in questions:
                    file.write(to_json(question) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}): make room, or name another file"
        ) from error
