"""The ratings of a campaign as files: to learn from, for other tools, for tables.

Rows go from the database to the file one by one, and a file is written whole or not at all.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from env.errors import ConfigError
from env.records import to_json
from policies.checkpoints import PARTIAL
from reward.comparisons import Comparison, check
from reward.formats import trl, webgpt
from reward.formats.rows import Unusable
from webqa.harness.precomputed import ratings_of, write_precomputed
from webqa.rating.config import LEARNT, Form, WhichConfig
from webqa.rating.results.lines import RatingLine, comparison, merged
from webqa.rating.results.reading import Read, rating_lines, usable_lines
from webqa.rating.results.tabular import write_csv, write_parquet
from webqa.rating.store.tables import Campaign
from webqa.run import read_episodes

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ALL = WhichConfig()
_BREAKS = {"\u0085": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""What some readers take for the end of a line, and JSON does not need as it is."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of the ratings of a campaign."""

    written: int
    left_out: dict[str, int]
    """Ratings that are not in the file, by the reason."""


def export(
    session: Session,
    campaign: Campaign,
    form: Form,
    out: Path,
    which: WhichConfig = ALL,
    *,
    mean: bool = False,
    runs: Iterable[Path] = (),
) -> Exported:
    """Write the latest ratings of a comparing campaign.

    Args:
        session: of a reading transaction.
        campaign: which one.
        form: webqa: comparisons; webgpt, hugging-face, trl: the same in others' forms; ratings: all
            that was said, as JSON lines; csv, parquet: as a table; inspect: mean ratings of the
            episodes of `runs`, for inspect_ai.
        out: the file.
        which: which ratings.
        mean: one comparison of each pair, the mean of its raters', instead of one of each rater.
        runs: run folders whose answers were compared.

    Raises:
        ConfigError: there is nothing to write, or the file cannot be written.
    """
    if campaign.kind != "compare":
        raise ConfigError(f"{campaign.name} holds demonstrations: export it with --form run")
    read = Read()
    if form in LEARNT:
        found = _comparisons(session, campaign, which, read, mean)
        written = _write_learnt(found, form, out, read, runs)
    else:
        written = _write_whole_lines(rating_lines(session, campaign, which, read), form, out)
    if not written:
        told = ", ".join(f"{reason}: {number:,}" for reason, number in read.left_out.items())
        raise ConfigError(f"{campaign.name} has nothing to write yet ({told or 'no rating'})")
    return Exported(written, dict(read.left_out))


def _comparisons(
    session: Session, campaign: Campaign, which: WhichConfig, read: Read, mean: bool
) -> Iterator[Comparison]:
    lines = usable_lines(session, campaign, which, read)
    if not mean:
        yield from map(comparison, lines)
        return
    for _, own in groupby(lines, key=lambda line: line.pair.id):
        found = list(own)
        read.left_out["merged with another of its pair"] += len(found) - 1
        yield merged(map(comparison, found), found[0].pair)


def _write_learnt(
    found: Iterable[Comparison], form: Form, out: Path, read: Read, runs: Iterable[Path]
) -> int:
    if form == "inspect":
        episodes = (one for folder in runs for one in read_episodes(folder))
        return write_precomputed(out, ratings_of(episodes, list(found)))
    rows = {"webgpt": webgpt.to_raw, "hugging-face": webgpt.to_row, "trl": trl.to_row}
    row: Callable[[Comparison], Any] | None = rows.get(form)
    return write_lines(out, _lines(found, row, read.left_out))


def _lines(
    found: Iterable[Comparison],
    row: Callable[[Comparison], Any] | None,
    left_out: Counter[str],
) -> Iterator[str]:
    for one in found:
        check(one)
        try:
            yield json_line(one) if row is None else json.dumps(row(one), ensure_ascii=True)
        except Unusable as error:
            left_out[error.reason] += 1


def _write_whole_lines(lines: Iterator[RatingLine], form: Form, out: Path) -> int:
    if form == "ratings":
        return write_lines(out, map(json_line, lines))
    if (first := next(lines, None)) is None:
        return 0
    lines = chain([first], lines)
    with whole(out) as beside:
        if form == "parquet":
            return write_parquet(beside, lines)
        with beside.open("w", encoding="utf-8", newline="") as file:
            return write_csv(file, lines)


def json_line(record: object) -> str:
    """Return a record as JSON that no reader takes for several lines."""
    text = to_json(record).decode()
    for character, escaped in _BREAKS.items():
        text = text.replace(character, escaped)
    return text


def write_lines(out: Path, lines: Iterator[str]) -> int:
    """Write lines as they come, the whole file or nothing; return how many.

    Without any line no file is made, and one that is there stays.

    Raises:
        ConfigError: the file cannot be written.
    """
    if (first := next(lines, None)) is None:
        return 0
    count = 0
    with whole(out) as beside, beside.open("w", encoding="utf-8", newline="\n") as file:
        for line in chain([first], lines):
            file.write(line + "\n")
            count += 1
    return count


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """Give a file to be written, which takes its place once it is whole.

    Raises:
        ConfigError: it cannot be written.
    """
    beside = out.with_name(out.name + PARTIAL)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            with beside.open("rb+") as file:
                os.fsync(file.fileno())
            beside.replace(out)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot write {out} ({error.strerror}): make room, or name another file"
        ) from error
