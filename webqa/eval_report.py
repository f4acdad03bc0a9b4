"""What an evaluation found, as a table in a terminal, as JSON, and as one HTML page.

Knows measures and their means; not how episodes are run.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from env.citations import strip_citations
from env.records import Episode
from webqa.drawing import Curve, Figure, Point
from webqa.measured import Measured, read_measures
from webqa.metrics.measures import MEASURES
from webqa.metrics.summary import Part, Row
from webqa.report import Table, render_report
from webqa.run import read_episodes

READ = 12
"""Of the worst episodes, and of some drawn at random, that are shown."""
LONGEST = 400
"""Characters of an answer that are shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An episode as the report shows it."""

    id: str
    question: str
    accepted: str
    answer: str
    ended: str
    right: str
    error: str


def told(row: Row | None, percent: bool) -> str:
    """Return a mean with its half width of 95 %."""
    if row is None:
        return ""
    interval, size = row.interval, 100 if percent else 1
    half = (interval.high - interval.low) / 2
    digits = 1 if percent or interval.mean >= 10 else 2
    return f"{interval.mean * size:.{digits}f} ± {half * size:.{digits}f}"


def rows_of(parts: Sequence[Part]) -> list[list[str]]:
    """Return the table: a row for each measure, a column for each data set; a head first."""
    names = list(dict.fromkeys(row.measure for part in parts for row in part.rows))
    by_part = [{row.measure: row for row in part.rows} for part in parts]
    rows = [["measure", *(part.dataset or "unnamed" for part in parts)]]
    rows.append(["questions", *(f"{part.questions:,}" for part in parts)])
    if any(part.episodes != part.questions for part in parts):
        rows.append(["episodes", *(f"{part.episodes:,}" for part in parts)])
    for name in names:
        percent = name in MEASURES and MEASURES[name].unit == "share"
        rows.append(
            [
                f"{name} %" if percent else name,
                *(told(found.get(name), percent) for found in by_part),
            ]
        )
    return rows


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Return a table with its columns below one another."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def as_object(parts: Sequence[Part], settings: Mapping[str, object]) -> dict[str, object]:
    """Return the same as JSON holds it."""
    return {
        "settings": settings,
        "datasets": [
            {
                "dataset": part.dataset,
                "questions": part.questions,
                "episodes": part.episodes,
                "calibration": part.calibration,
                "measures": {
                    row.measure: {
                        "mean": row.interval.mean,
                        "low": row.interval.low,
                        "high": row.interval.high,
                        "questions": row.interval.count,
                        "episodes": row.episodes,
                    }
                    for row in part.rows
                },
            }
            for part in parts
        ],
    }


def render(
    title: str,
    parts: Sequence[Part],
    folder: Path,
    settings: Mapping[str, object],
) -> str:
    """Return the page.

    Args:
        title: what was evaluated.
        parts: the table.
        folder: of the run, whose measures and episodes are read one by one.
        settings: of the run and of its measures.
    """
    facts = {}
    whole = parts[-1]
    for row in whole.rows:
        if row.measure in ("right", "answered", "accepted_in_quotes", "liu_recall", "failed"):
            facts[MEASURES[row.measure].told.capitalize()] = f"{told(row, True)} %"
    notes = [["measure", "what it says"]]
    notes += [[row.measure, MEASURES[row.measure].told] for row in whole.rows
              if row.measure in MEASURES]  # fmt: skip
    worst, some = episodes_to_read(read_measures(folder))
    texts = _shown(folder, [*worst, *some])
    return render_report(
        title,
        [],
        figures(folder, whole),
        facts,
        settings,
        more=[
            Table("By data set", "Means with half the width of 95 % intervals, clustered by "
                  "question. What does not apply is left empty.", rows_of(parts)),
            _table("Worst episodes", "Failed ones first, then wrong ones.", worst, texts, folder),
            _table("Episodes drawn at random", "", some, texts, folder),
            Table("Measures", "", notes, words=True),
        ],
    )  # fmt: skip


def figures(folder: Path, whole: Part) -> list[Figure]:
    """Return the curves: accuracy by what an episode took, and of confidence where it is known."""
    found = [
        _against(folder, "actions", "Right answers by the number of commands", "commands"),
        _against(folder, "tokens_read", "Right answers by the tokens read", "tokens"),
    ]
    if whole.calibration is not None:
        found += _of_confidence(whole)
    return [one for one in found if any(curve.points for curve in one.curves)]


def _against(folder: Path, name: str, title: str, across: str) -> Figure:
    """Return the share of right answers among episodes in eight parts by a number they took."""
    pairs = sorted(
        (one.values[name], one.values["right"])
        for one in read_measures(folder)
        if name in one.values and "right" in one.values
    )
    points, size = [], max(1, len(pairs) // 8)
    if pairs and pairs[0][0] != pairs[-1][0]:
        for begin in range(0, len(pairs) - size + 1, size):
            some = pairs[begin : begin + size]
            share = sum(right for _, right in some) / len(some)
            points.append(Point(sum(at for at, _ in some) / len(some), share))
    note = "Share of right answers in each eighth of the episodes."
    return Figure(title, note, across, (Curve("right", tuple(points)),))


def _of_confidence(whole: Part) -> Iterable[Figure]:
    calibration = whole.calibration
    if calibration is None:
        return
    yield Figure(
        "Coverage",
        "Share of right answers among those that are sure enough, by the share answered.",
        "coverage",
        (Curve("right", tuple(Point(one.coverage, one.accuracy) for one in calibration.points)),),
    )


def episodes_to_read(measured: Iterable[Measured]) -> tuple[list[Measured], list[Measured]]:
    """Return the worst episodes, and some drawn at random, always the same."""
    worst: list[tuple[tuple[float, ...], int, Measured]] = []
    some: list[Measured] = []
    draw = random.Random("episodes to read")
    for number, one in enumerate(measured):
        worst = heapq.nsmallest(READ, [*worst, (_goodness(one), number, one)])
        if len(some) < READ:
            some.append(one)
        elif (place := draw.randrange(number + 1)) < READ:
            some[place] = one
    return [one for _, _, one in worst], some


def _goodness(one: Measured) -> tuple[float, ...]:
    values = one.values
    right = values.get("right", values.get("rouge_l", 1.0))
    return -values.get("failed", 0.0), right, values.get("liu_recall", 1.0)


def _shown(folder: Path, wanted: Iterable[Measured]) -> dict[str, Shown]:
    right = {one.episode: one.values.get("right") for one in wanted}
    return {
        episode.id: _as_shown(episode, right[episode.id])
        for episode in read_episodes(folder)
        if episode.id in right
    }


def _as_shown(episode: Episode, right: float | None) -> Shown:
    text = strip_citations(episode.answer.text) if episode.answer else ""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
    return Shown(
        episode.id,
        episode.question.text,
        "; ".join(episode.question.accepted[:3]),
        cut,
        episode.ended,
        "" if right is None else "yes" if right else "no",
        episode.error,
    )


def _table(
    title: str, note: str, chosen: Sequence[Measured], texts: Mapping[str, Shown], folder: Path
) -> Table:
    rows = [["episode", "question", "accepted", "right", "ended", "answer or fault"]]
    for one in (texts[line.episode] for line in chosen if line.episode in texts):
        rows.append([one.id, one.question, one.accepted, one.right, one.ended,
                     one.error or one.answer])  # fmt: skip
    replay = f"To see one step by step: webqa show {folder.name} ID"
    return Table(title, f"{note} {replay}".strip(), rows, words=True)
