"""The report of a trial, as a table in a terminal and as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reward.statistics import Interval
from webqa.drawing import shown
from webqa.report import Table, render_report
from webqa.trial.analysing import Analysis, Compared
from webqa.trial.critics import Gap, Named

SIMULATED = "Programs judged here, not people: nothing in it says anything of people."
NUMBERS = ("d'", "seconds")
"""Measures that are no shares."""
RATIOS = ("seconds",)
"""Measures whose difference is their ratio less 1."""
HEAD = ("", "alone", "assisted", "difference", "turns alone", "turns assisted")


def rows_of(found: Iterable[Compared]) -> list[list[str]]:
    """Return a row for each measure that has any turn, a head first."""
    rows = [list(HEAD)]
    for one in found:
        percent = one.name not in NUMBERS
        told = (
            _told(one.alone, percent),
            _told(one.assisted, percent),
            _told(one.difference, percent or one.name in RATIOS, signed=True),
        )
        if any(one.turns):
            rows.append([one.name, *told, *(f"{number:,}" for number in one.turns)])
    return rows


def critics_rows(found: Sequence[Named]) -> list[list[str]]:
    """Return what critiques name, by kind of flaw; a head first."""
    rows = [["planted", "answers", "named by a critique %", "critiques of other places"]]
    for one in found:
        kind = one.kind or "nothing (any critique)"
        rows.append([kind, f"{one.tasks:,}", _told(one.named, True), f"{one.beside_it:.2f}"])
    return rows


def gap_rows(gap: Gap) -> list[list[str]]:
    """Return what a scorer ranks below, and what is named of it; a head first."""
    return [
        ["", f"of {gap.flaws:,} flaws %"],
        [f"ranked below the original by {gap.scorer}", _told(gap.below, True)],
        ["ranked below, and no critique names it (the gap)", _told(gap.unnamed, True)],
        ["named by a critique, and not ranked below", _told(gap.silent, True)],
    ]


def summary(found: Analysis) -> str:
    """Return in a sentence whether assistance helped."""
    flaws = found.measures[0].difference
    if flaws is None:
        return "One of the arms has no rating of a flaw yet: the arms cannot be compared."
    by = f"{_told(flaws, True, signed=True)} points"
    if flaws.low > 0:
        return f"With assistance more flaws were found: by {by}."
    if flaws.high < 0:
        return f"With assistance fewer flaws were found: by {by}."
    return f"Whether assistance helps cannot be told yet: the difference is {by}."


def render(
    title: str,
    found: Analysis,
    named: Sequence[Named],
    gap: Gap | None,
    left_out: Mapping[str, int],
) -> str:
    """Return the page."""
    tables = [
        Table("Both arms", _BOTH, rows_of(found.measures)),
        Table("Flaws found, by kind", "Share of the turns at a flaw of this kind.",
              rows_of(found.kinds)),
        Table("What critiques name", _NAMED, critics_rows(named)),
    ]  # fmt: skip
    if gap:
        tables.append(Table("What a scorer knows and no critique says", _GAP, gap_rows(gap)))
    facts = {
        "Turns": f"{found.turns:,}",
        "Raters": f"{found.raters:,}",
        "Questions": f"{found.questions:,}",
        **{f"Left out: {reason}": f"{number:,}" for reason, number in left_out.items()},
    }
    note = f"{SIMULATED} {summary(found)}" if found.simulated else summary(found)
    return render_report(
        title, [], [], facts, {}, more=[one for one in tables if len(one.rows) > 1], note=note
    )


def _told(one: Interval | None, percent: bool, *, signed: bool = False) -> str:
    """Return a number with its interval, if there is more than one cluster."""
    if one is None:
        return ""
    form = "+.1f" if signed else ".1f"
    if not percent:
        sign = "+" if signed and one.mean > 0 else ""
        told = [f"{sign if at == 0 else ''}{shown(value)}" for at, value in
                enumerate((one.mean, one.low, one.high))]  # fmt: skip
    else:
        told = [f"{100 * value:{form}}" for value in (one.mean, one.low, one.high)]
    return told[0] if one.count < 2 else f"{told[0]} ({told[1]} to {told[2]})"


_BOTH = (
    "Flaws found: share of planted flaws of which it was said that the answer has one. False "
    "alarms: the same of controls, which were left as they were. Shares in percent; of seconds, "
    "geometric means and by how many percent they differ. Intervals of 95 %, clustered by rater "
    "and by question."
)
_NAMED = (
    "Share of the flaws that a critique is about, and of the controls that have any critique, "
    "whether it was shown or not. Intervals of 95 %."
)
_GAP = (
    "Each answer with a planted flaw is scored, and the same answer as it was before. The gap: "
    "something in the scorer knows of the flaw, and nobody is told. One that knows nothing and "
    "draws its scores ranks half of the flaws below. Intervals of 95 %."
)
