"""What an evaluation found, as a table in a terminal, as JSON, and as one HTML page.

Knows measures and their means; not how episodes are run.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from env.citations import strip_citations
from env.records import Episode
from webqa.drawing import Curve, Figure, Point
from webqa.measured import Measured, read_measures
from webqa.metrics.measures import MEASURES
from webqa.metrics.summary import Part, Row
from webqa.report import Table, render_report
from webqa.run import read_episodes
from webqa.statistics import wilson

READ = 12
"""Of the worst episodes, and of some drawn at random, that are shown."""
GROUPS = 8
"""Of episodes, in the curves of right answers by what they took."""
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
            facts[f"{row.measure} %"] = told(row, True)
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
            Table("By data set", "Means with 95 % intervals, clustered by question. What does not "
                  "apply is left empty.", rows_of(parts)),
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
    """Return the share of right answers by a number that episodes took, in up to eight groups."""
    pairs = sorted(
        (one.values[name], one.values["right"])
        for one in read_measures(folder)
        if name in one.values and "right" in one.values
    )
    points = []
    for some in _groups(pairs) if pairs and pairs[0][0] != pairs[-1][0] else ():
        share = sum(right for _, right in some) / len(some)
        low, high = wilson(share * len(some), len(some))
        points.append(Point(sum(at for at, _ in some) / len(some), share, low, high))
    note = "Share of right answers in groups of about as many episodes, with 95 % intervals."
    return Figure(title, note, across, (Curve("right", tuple(points)),))


def _groups(pairs: Sequence[tuple[float, float]]) -> Iterator[Sequence[tuple[float, float]]]:
    """Cut sorted pairs into up to eight groups; equal numbers are never apart."""
    begin, least = 0, max(1, len(pairs) // GROUPS)
    for end in range(1, len(pairs) + 1):
        last = end == len(pairs)
        if last or (end - begin >= least and pairs[end][0] != pairs[end - 1][0]):
            yield pairs[begin:end]
            begin = end


def _of_confidence(whole: Part) -> Iterator[Figure]:
    """Yield what confidences are worth: coverage against accuracy, and the reliability diagram."""
    if (found := whole.calibration) is None:
        return
    yield Figure(
        "Coverage",
        "Share of right answers among those that are sure enough, by the share of questions "
        f"answered. Mean over all coverages: {found.area:.3f}.",
        "coverage",
        (Curve("right", tuple(Point(one.coverage, one.accuracy) for one in found.points)),),
    )
    full = [one for one in found.bins if one.count]
    points = [
        Point(one.confidence, one.accuracy, *wilson(one.accuracy * one.count, one.count))
        for one in full
    ]
    ideal = tuple(Point(one.confidence, one.confidence) for one in full)
    yield Figure(
        "Reliability",
        "Share of right answers by the confidence in them, in bins of equal width. Expected "
        f"calibration error {found.ece:.3f}, Brier score {found.brier:.3f}.",
        "confidence",
        (Curve("right", tuple(points)), Curve("as sure as right", ideal)),
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
    replay = f"To see one step by step: webqa show {folder.name} EPISODE"
    head = ["episode", "question", "accepted", "answer"]
    return Table(title, f"{note} {replay}".strip(), [head, *found], words=True)
