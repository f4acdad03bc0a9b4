"""Questions for benchmarks: read from JSON lines, split in halves by a hash of their ids."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from env.records import Question


def read_questions(path: Path, half: str = "all") -> list[Question]:
    """Read questions in webqa's own form or as `{id, dataset, question, answers}`.

    `half` is `tune` (even hash of the id), `report` (odd) or `all`.
    """
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        question = Question(
            row["id"],
            row.get("text") or row["question"],
            row.get("dataset", ""),
            tuple(row.get("accepted") or row.get("answers") or ()),
        )
        if half == "all" or half == half_of(question.id):
            found.append(question)
    return found


def half_of(identifier: str) -> str:
    """Return the half that a question belongs to."""
    return "report" if sha256(identifier.encode()).digest()[-1] % 2 else "tune"
