"""Our own lines: what `webqa questions` writes, and the usual keys of other people's lines."""

from __future__ import annotations

from collections.abc import Iterator

from env.records import Question
from webqa.sets.fields import Row, Shape, name_of, texts_of, whole


def _read(row: Row) -> Iterator[Question]:
    # Where there are both, the text is most often the passage that the question is about.
    text = row.get("question") or row.get("text")
    if not isinstance(text, str):
        raise ValueError('it needs a text under "question" or "text"')
    unanswerable = row.get("unanswerable", False)
    if not isinstance(unanswerable, bool):
        raise ValueError('"unanswerable" must be true or false')
    if (accepted := _accepted(row)) and unanswerable:
        raise ValueError("it has accepted answers, and is said to have none")
    yield Question(
        # A missing id is made of the text; 0 is one.
        "" if row.get("id") in (None, "") else name_of(row, "id"),
        text,
        whole(str(row.get("dataset") or "")),
        accepted,
        texts_of(row, "written"),
        texts_of(row, "wrong"),
        unanswerable,
    )


def _accepted(row: Row) -> tuple[str, ...]:
    found = _given(row)
    if found and not (kept := tuple(one for one in found if one.strip())):
        raise ValueError("its accepted answers are blank")
    return kept if found else ()


def _given(row: Row) -> tuple[str, ...]:
    for key in ("accepted", "answers"):
        if row.get(key):
            return texts_of(row, key)
    answer = row.get("answer")
    return (whole(answer),) if isinstance(answer, str) and answer else texts_of(row, "answer")


SHAPE = Shape("our own lines", lambda row: "question" in row or "text" in row, _read)
