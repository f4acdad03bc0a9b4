"""Questions for benchmarks: split in halves by a hash of their ids."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from env.records import Question
from webqa import questions


def read_questions(path: Path, half: str = "all") -> list[Question]:
    """Read questions as every command does.

    `half` is `tune` (even hash of the id), `report` (odd) or `all`.
    """
    found = questions.read_questions(path)
    return [one for one in found if half in ("all", half_of(one.id))]


def half_of(identifier: str) -> str:
    """Return the half that a question belongs to."""
    return "report" if sha256(identifier.encode()).digest()[-1] % 2 else "tune"
