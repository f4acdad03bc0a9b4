"""Question sets in files, a JSON object on each line. Knows no policy and no metric."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from env.errors import ConfigError
from env.records import Question, to_json
from env.sanitise import sanitise
from policies.checkpoints import write_whole

ID_LENGTH = 16


def read_questions(path: Path) -> list[Question]:
    """Read questions: objects with `text` or `question`, and optionally what is known of them.

    `id` (else made of the text), `dataset`, `accepted` or `answers` (a list of short answers),
    `written` (a list of long answers by people); other keys are ignored. Blank lines too.

    Raises:
        ConfigError: the file cannot be read, a line is no question, or two have the same id.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConfigError(f"cannot read the questions in {path}: {reason}") from error
    questions = list(_questions(path, lines))
    if not questions:
        raise ConfigError(f'{path} holds no question: write lines such as {{"question": "..."}}')
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise ConfigError(f"{path} has the question id {question.id!r} twice: ids must differ")
        seen.add(question.id)
    return questions


def named_by_content(path: Path) -> str:
    """Return how a run names the file that its questions come from: by its name and its hash."""
    return f"{path.name} {sha256(path.read_bytes()).hexdigest()}"


def write_questions(path: Path, questions: Iterable[Question]) -> None:
    """Write questions, the whole file or nothing.

    Raises:
        ConfigError: the file cannot be written.
    """
    write_whole(path, "".join(to_json(question).decode() + "\n" for question in questions))


def _questions(path: Path, lines: list[str]) -> Iterator[Question]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _question(json.loads(line))
            except (ValueError, TypeError, RecursionError) as error:
                raise ConfigError(f"{path}, line {number}, is no question: {error}") from error


def _question(row: object) -> Question:
    if not isinstance(row, dict):
        raise ValueError(f"an object is expected, not {type(row).__name__}")
    text = row.get("text") or row.get("question")
    if not isinstance(text, str) or not (text := sanitise(text).strip()):
        raise ValueError('it needs a text under "question" or "text"')
    identifier = row.get("id") or sha256(text.encode()).hexdigest()[:ID_LENGTH]
    accepted = row.get("accepted") or row.get("answers")
    return Question(
        str(identifier),
        text,
        str(row.get("dataset") or ""),
        _texts("accepted", accepted),
        _texts("written", row.get("written")),
    )


def _texts(name: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f'"{name}" must be a list of texts')
    return tuple(value)
