"""ELI5 (Fan et al. 2019): posts with the answers of people, best first.

Lines of the original set, rows of the hub such as `eli5_category`, and KILT's lines. Prepared as
for WebGPT (Nakano et al. 2021, appendix B).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from math import isnan

from env.records import Question
from env.sanitise import sanitise
from webqa.sets.fields import (
    Row,
    Shape,
    distinct,
    name_of,
    object_of,
    objects_of,
    text_of,
    texts_of,
)

DATASET = "eli5"
GONE = "[deleted by user]"
"""The title of a post that is no more: there is no question then."""
EMPTY = ("[deleted]", "[removed]")
"""What stands for a text that was taken away."""

_URL = re.compile(r"_URL_(\d+)_")
_VERBS = (
    "is isn isnt are aren arent was wasn wasnt were weren werent do don dont does doesn doesnt did "
    "didn didnt can cant could couldn couldnt have haven havent has hasn hasnt may might must "
    "mustn mustnt shall shant should shouldn shouldnt will wont would wouldn wouldnt am"
)
_WORDS = (
    "explain eli5 which what whats whose who whos whom where wheres when whens how hows why whys "
    + _VERBS
)
_ASKS = re.compile(rf"\?|\b(?:{'|'.join(_WORDS.split())})\b", re.IGNORECASE)


def question_text(title: str, body: str = "") -> str:
    """Return the question that a post asks: title, empty line, body if there is one.

    `Explain: ` stands before what is not phrased as a question: without a question mark and
    without any of the words that questions are made of.
    """
    title, body = title.strip(), body.strip()
    text = title if body in ("", *EMPTY) else f"{title}\n\n{body}"
    return text if _ASKS.search(text) else f"Explain: {text}"


def _post(row: Row) -> Iterator[Question]:
    title = text_of(row, "title")
    if title == GONE:
        return
    body = row.get("selftext") or ""
    if not isinstance(body, str):
        raise ValueError('"selftext" must be a text')
    text = question_text(
        _with_urls(title, _urls(row, "title_urls")), _with_urls(body, _urls(row, "selftext_urls"))
    )
    identifier = name_of(row, "q_id" if "q_id" in row else "id")
    yield Question(identifier, text, DATASET, written=_written(row))


def _written(row: Row) -> tuple[str, ...]:
    answers = row.get("answers")
    if answers is None:  # the test part of some copies has none
        return ()
    if isinstance(answers, list):
        scored = [(text_of(one, "text"), one.get("score")) for one in objects_of(row, "answers")]
        return _best_first(scored)
    answers = object_of(row, "answers")
    texts = texts_of(answers, "text")
    scores = answers.get("score") or [0] * len(texts)
    shared = _urls(row, "answers_urls")
    own = answers.get("text_urls") or [[]] * len(texts)
    if len(scores) != len(texts) or len(own) != len(texts):
        raise ValueError("its answers, their scores and their addresses differ in number")
    whole = [_with_urls(text, urls or shared) for text, urls in zip(texts, own, strict=True)]
    return _best_first(zip(whole, scores, strict=True))


def _kilt(row: Row) -> Iterator[Question]:
    title = text_of(row, "input")
    if title == GONE:
        return
    outputs = [one for one in objects_of(row, "output") if one.get("answer")]
    scored = [
        (text_of(one, "answer"), object_of(one, "meta").get("score") if one.get("meta") else None)
        for one in outputs
    ]
    text = question_text(title)
    yield Question(name_of(row, "id"), text, DATASET, written=_best_first(scored))


def _best_first(scored: Iterable[tuple[str, object]]) -> tuple[str, ...]:
    """Return the answers that are still there, safe to show, by falling score."""
    kept = [(text, score) for text, score in scored if text.strip() not in EMPTY]
    kept.sort(key=lambda one: -_number(one[1]))
    return distinct(sanitise(text) for text, _ in kept)


def _number(score: object) -> float:
    if score is None:
        return 0
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise ValueError(f"a score must be a number, not {score!r}")
    if isnan(score):
        raise ValueError("a score must be a number, and NaN is none")
    return score


def _urls(row: Row, key: str) -> Sequence[str]:
    """Return addresses, which stand as a list or as the list `url` of an object."""
    value = row.get(key)
    return texts_of(value, "url") if isinstance(value, dict) else texts_of(row, key)


def _with_urls(text: str, urls: Sequence[str]) -> str:
    """Put addresses back where marks such as `_URL_0_` stand for them."""

    def address(mark: re.Match[str]) -> str:
        number = int(mark[1])
        return urls[number] if number < len(urls) else mark[0]

    return _URL.sub(address, text)


def _is_kilt(row: Row) -> bool:
    outputs = row.get("output")
    return (
        "input" in row
        and isinstance(outputs, list)
        and any(
            isinstance(one, dict) and isinstance(meta := one.get("meta"), dict) and "score" in meta
            for one in outputs
        )
    )


POSTS = Shape("ELI5, posts", lambda row: "title" in row and "selftext" in row, _post)
KILT = Shape("ELI5, lines of KILT", _is_kilt, _kilt)
