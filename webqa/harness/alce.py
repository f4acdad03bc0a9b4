"""A run as the file that ALCE's own script measures (Gao et al. 2023), as a check upon ours.

The script reads an answer's first line only, one number of each pair of brackets, and takes marks
behind a full stop for the next sentence's: answers are written so that it reads what they mean.
A quotation of several sentences with one mark gets that mark in each.
Knows no measure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from env.answers import says_nothing_found
from env.citations import strip_citations
from env.errors import ConfigError
from env.records import Answer, Episode
from policies.checkpoints import write_whole
from reward.claims import Claim, claims_of
from webqa.run import read_config, read_episodes

_END = re.compile(r"\s*([.!?]+[\"'”’)]*)\Z")


class Written(NamedTuple):
    """What an export holds."""

    episodes: int
    answered: int
    """ALCE leaves the others out of its means of citations, as our measures do."""
    keyed: bool
    """Whether all questions have accepted answers, which STR-EM needs."""


def export_alce(folder: Path, out: Path, dataset: str = "") -> Written:
    """Write the episodes of a run as ALCE's script reads them.

    Args:
        folder: of the run.
        out: the file, JSON.
        dataset: only questions of this data set; empty: all.

    Raises:
        ConfigError: the folder is no run, holds no such episode, or the file cannot be written.
        RecordError: a line is no episode.
    """
    settings = read_config(folder).settings
    items = [item_of(one) for one in _chosen(read_episodes(folder), dataset)]
    if not items:
        of = f" of the data set {dataset!r}" if dataset else ""
        raise ConfigError(f"{folder} holds no episode{of}: let it finish some questions first")
    keyed = all(item["qa_pairs"] for item in items)
    if not keyed:
        # Its script looks at the first item alone, and fails at one that has none.
        items = [item | {"qa_pairs": None} for item in items]
    arguments = {"run": folder.resolve().name, "settings": msgspec.to_builtins(settings)}
    text = json.dumps({"args": arguments, "data": items}, ensure_ascii=False, indent=1)
    write_whole(out, text + "\n")
    return Written(len(items), sum(bool(item["output"]) for item in items), keyed)


def _chosen(episodes: Iterable[Episode], dataset: str) -> Iterator[Episode]:
    return (one for one in episodes if not dataset or one.question.dataset == dataset)


def item_of(episode: Episode) -> dict[str, object]:
    """Return an episode as an item of ALCE's `data`; one without an answer has no `output`."""
    question, answer = episode.question, episode.answer
    if answer is None or episode.ended != "answered" or _empty(answer):
        answer = Answer(question.text, "")
    pairs = [{"question": question.text, "short_answers": list(question.accepted)}]
    return {
        "id": question.id,
        "attempt": episode.attempt,
        "question": question.text,
        "answer": (*question.written, *question.accepted, "")[0],
        "output": output_of(answer),
        "docs": [
            {"title": quote.title, "text": quote.text, "url": quote.url} for quote in answer.quotes
        ],
        "qa_pairs": pairs if question.accepted else None,
    }


def output_of(answer: Answer) -> str:
    """Return an answer on one line, each sentence's marks once, one by one, before its full stop.

    A sentence has the marks of what it cites in `webqa.metrics.citations`, written there or not.
    """
    return " ".join(_sentence(claim) for claim in claims_of(answer) if claim.text)


def _sentence(claim: Claim) -> str:
    marks = "".join(f"[{number}]" for number in claim.cited)
    text = " ".join(claim.text.split())
    if not marks:
        return text
    end = _END.search(text)
    return f"{text[: end.start()]} {marks}{end[1]}" if end else f"{text} {marks}."


def _empty(answer: Answer) -> bool:
    return says_nothing_found(strip_citations(answer.text))
