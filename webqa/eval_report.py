"""What an evaluation found, as a table in a terminal, as JSON, and as one HTML page.

Knows measures and their means; not how episodes are run.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from env.citations import strip_citations
from env.records import Episode
from webqa.drawing import Figure
from webqa.eval_curves import curves_of
from webqa.evaluating import NOBODY
from webqa.measured import Measured, read_measures, read_measuring
from webqa.metrics.measures import MEASURES
from webqa.metrics.summary import Part, Row, summarise
from webqa.report import Table, render_report
from webqa.run import read_config, read_episodes

READ = 12
"""Of the worst episodes, and of some drawn at random, that are shown."""
LONGEST = 400
"""Characters of an answer that are shown."""


def told(row: Row | None, percent: bool) -> str:
    """Return a mean with its interval of 95 %, where there is more than one question."""
    if row is None:
        return ""
    size = 100 if percent else 1
    mean, low, high = (
        one * size for one in (row.interval.mean, row.interval.low, row.interval.high)
    )
    digits = 1 if percent or mean >= 10 else 2
    shown = f"{mean:.{digits}f}"
    return shown if row.interval.count < 2 else f"{shown} ({low:.{digits}f} to {high:.{digits}f})"


def rows_of(parts: Sequence[Part]) -> list[list[str]]:
    """Return the table: a row for each measure, a column for each data set; a head first."""
    names = [one for one in dict.fromkeys(row.measure for part in parts for row in part.rows)
             if not _is_idle(one, parts)]  # fmt: skip
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


def _is_idle(measure: str, parts: Sequence[Part]) -> bool:
    """Tell whether there was nothing to count, as the tokens of a policy without a model."""
    counted = measure in MEASURES and MEASURES[measure].unit == "count"
    return counted and not any(part.mean(measure) for part in parts)


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


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a report tells of a run."""

    parts: Sequence[Part]
    """The table; all data sets together come last."""
    settings: Mapping[str, object]
    """Of the run, and what it was measured with."""
    figures: Sequence[Figure]
    """Of all data sets together."""
    worst: Sequence[Measured]
    drawn: Sequence[Measured]
    """At random, always the same."""

    @property
    def judge(self) -> str:
        """Who judged whether quotes support what cites them."""
        measured = self.settings.get("measured")
        told = measured.get("judge", NOBODY) if isinstance(measured, Mapping) else NOBODY
        return "support was not judged" if told == NOBODY else f"support was judged by {told}"


def findings_of(folder: Path) -> Findings | None:
    """Return what was found in a run; None where it holds no episode.

    Raises:
        ConfigError: the folder is no run.
        RecordError: a line is no measure.
    """
    if not (parts := summarise(read_measures(folder))):
        return None
    settings = msgspec.to_builtins(read_config(folder).settings)
    settings["measured"] = read_measuring(folder)
    worst, drawn = episodes_to_read(read_measures(folder))
    return Findings(parts, settings, curves_of(folder, parts[-1]), worst, drawn)


def as_object(found: Findings) -> dict[str, object]:
    """Return the same as JSON holds it."""
    return {
        "settings": found.settings,
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
            for part in found.parts
        ],
        "curves": found.figures,
        "worst": [one.episode for one in found.worst],
        "drawn": [one.episode for one in found.drawn],
    }


def render(title: str, found: Findings, folder: Path) -> str:
    """Return the page.

    Args:
        title: what was evaluated.
        found: what it tells.
        folder: of the run, whose episodes are read one by one.
    """
    facts = {}
    whole = found.parts[-1]
    for row in whole.rows:
        if row.measure in ("right", "answered", "accepted_in_quotes", "liu_recall", "failed"):
            facts[f"{row.measure} %"] = told(row, True)
    notes = [["measure", "what it says"]]
    notes += [[row.measure, MEASURES[row.measure].told] for row in whole.rows
              if row.measure in MEASURES]  # fmt: skip
    texts = _shown(folder, [*found.worst, *found.drawn])
    return render_report(
        title,
        [],
        found.figures,
        facts,
        found.settings,
        more=[
            Table("By data set", "Means with 95 % intervals, clustered by question; "
                  f"{found.judge}. What does not apply is left empty.", rows_of(found.parts)),
            _table("Worst episodes", "One of a question: failed ones first, then wrong ones.",
                   found.worst, texts, folder),
            _table("Episodes drawn at random", "", found.drawn, texts, folder),
            Table("Measures", "", notes, words=True),
        ],
    )  # fmt: skip


def episodes_to_read(measured: Iterable[Measured]) -> tuple[list[Measured], list[Measured]]:
    """Return the worst episodes, one of a question, and some drawn at random, always the same."""
    worst: list[tuple[tuple[float, ...], int, Measured]] = []
    some: list[Measured] = []
    draw = random.Random("episodes to read")
    for number, one in enumerate(measured):
        found = sorted([*worst, (_goodness(one), number, one)], key=lambda entry: entry[:2])
        first = {entry[2].question: entry for entry in reversed(found)}
        worst = heapq.nsmallest(READ, first.values(), key=lambda entry: entry[:2])
        if len(some) < READ:
            some.append(one)
        elif (place := draw.randrange(number + 1)) < READ:
            some[place] = one
    return [one for _, _, one in worst], some


def _goodness(one: Measured) -> tuple[float, ...]:
    values = one.values
    right = values.get("right", values.get("rouge_l", 1.0))
    return -values.get("failed", 0.0), right, values.get("liu_recall", 1.0)


def _shown(folder: Path, wanted: Iterable[Measured]) -> dict[str, list[str]]:
    """Return for each episode its row of the table."""
    right = {one.episode: one.values.get("right") for one in wanted}
    return {
        episode.id: _row(episode, right[episode.id])
        for episode in read_episodes(folder)
        if episode.id in right
    }


def _row(episode: Episode, right: float | None) -> list[str]:
    answer = strip_citations(episode.answer.text) if episode.answer else ""
    said = f"failed: {episode.error}" if episode.ended == "failed" else answer or episode.ended
    mark = "" if right is None else "right: " if right else "wrong: "
    cut = said if len(said) <= LONGEST else f"{said[:LONGEST]} …"
    accepted = "; ".join(episode.question.accepted[:3])
    return [episode.id[:8], episode.question.text, accepted, mark + cut]


def _table(
    title: str, note: str, chosen: Sequence[Measured], rows: Mapping[str, list[str]], folder: Path
) -> Table:
    found = [rows[one.episode] for one in chosen if one.episode in rows]
    replay = f"To see one step by step: webqa show {folder} EPISODE"
    head = ["episode", "question", "accepted", "answer"]
    return Table(title, f"{note} {replay}".strip(), [head, *found], words=True)
