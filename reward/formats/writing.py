"""Writes comparisons in the form that other tools read, and tells what found no place in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from env.errors import ConfigError
from policies.checkpoints import write_whole
from reward.comparisons import Comparison, write_comparisons
from reward.formats import trl, webgpt
from reward.formats.rows import Unusable

Target = Literal["webqa", "webgpt", "hugging-face", "trl"]
TARGETS: tuple[Target, ...] = ("webqa", "webgpt", "hugging-face", "trl")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of comparisons that were written."""

    written: int
    left_out: dict[str, int]
    """Comparisons without a place in the form, by reason."""
    lost: dict[str, int]
    """What of the others the form has no place for, and how often."""


def write(path: Path, comparisons: Sequence[Comparison], form: Target = "webqa") -> Written:
    """Write comparisons in a form, the whole file or nothing.

    Raises:
        ConfigError: the file cannot be written, or no comparison has a place in the form.
        RecordError: a comparison is not usable.
    """
    if form == "webqa":
        write_comparisons(path, comparisons)
        return Written(len(comparisons), {}, {})
    lines, left_out = [], Counter[str]()
    kept = []
    for one in comparisons:
        try:
            lines.append(json.dumps(_row(one, form), ensure_ascii=False) + "\n")
            kept.append(one)
        except Unusable as error:
            left_out[error.reason] += 1
    if not lines:
        reasons = ", ".join(f"{reason}: {number:,}" for reason, number in left_out.items())
        raise ConfigError(f"nothing to write in the form {form} ({reasons}): choose another form")
    write_whole(path, "".join(lines))
    return Written(len(kept), dict(left_out), _lost(kept, form))


def _row(one: Comparison, form: Target) -> Any:  # noqa: ANN401 - what JSON holds
    if form == "trl":
        return trl.to_row(one)
    return webgpt.to_raw(one) if form == "webgpt" else webgpt.to_row(one)


def _lost(comparisons: Sequence[Comparison], form: Target) -> dict[str, int]:
    """Count what a form keeps nothing of."""
    lost: Counter[str] = Counter()
    for one in comparisons:
        quotes = [*one.first.quotes, *one.second.quotes]
        lost["URLs of quotes"] += sum(bool(quote.url) for quote in quotes)
        lost["ids of episodes"] += bool(one.first_episode) + bool(one.second_episode)
        lost["judgements of single qualities"] += len(one.axes)
        if form != "trl":
            lost["names of raters"] += bool(one.rater)
    return {name: number for name, number in lost.items() if number}
