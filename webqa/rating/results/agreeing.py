"""How far the raters of a campaign agree about each quality, and where they do not.

Reads the database and changes nothing. The statistics stand in webqa.agreement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from env.records import from_json
from reward.pairs import Pair
from reward.statistics import Interval
from webqa.agreement import Alpha, agreement, krippendorff
from webqa.ranking import is_turned
from webqa.rating.records import AXES, Judgement
from webqa.rating.results.lines import SPOILT
from webqa.rating.results.progress import sign
from webqa.rating.results.reading import latest
from webqa.rating.store.rules import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from webqa.rating.store.tables import Campaign, Item

RESAMPLES = 200
"""Of the bootstrap of alpha: a dashboard waits for it."""
OVERALL = "overall"


@dataclass(frozen=True, slots=True)
class AxisAgreement:
    """How far raters agree about one quality."""

    axis: str
    items: int
    """That two people or more have rated."""
    with_ties: Interval | None
    half_ties: Interval | None
    """A tie and a preference being half equal, as WebGPT tells it."""
    without_ties: Interval | None
    nominal: Alpha | None
    """Krippendorff's alpha of which answer is better."""
    ordinal: Alpha | None
    """Of the five steps."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An item about which people disagree."""

    item: int
    key: str
    question: str
    ratings: tuple[tuple[str, int], ...]
    """Who said what, overall."""
    spread: int
    """From the lowest to the highest, in steps of the scale."""
    settled: bool


@dataclass(frozen=True, slots=True)
class _Head:
    """What is needed of a task: the answers, and which question they are to."""

    pair: Pair


def agreements(session: Session, campaign: Campaign) -> tuple[AxisAgreement, ...]:
    """Return how far people agree overall and on each axis, gold items included."""
    axes = (OVERALL, *AXES[rules(campaign).profile])
    units: dict[str, dict[int, list[float]]] = {axis: defaultdict(list) for axis in axes}
    questions: dict[int, str] = {}
    turned: dict[int, bool] = {}
    for row, judgement in _judged(session, campaign):
        if row.Item.id not in questions:
            pair = from_json(row.Item.content, _Head).pair
            questions[row.Item.id] = pair.question
            turned[row.Item.id] = is_turned(pair.first, pair.second)
        for axis in axes:
            value = judgement.overall if axis == OVERALL else judgement.axes.get(axis)
            if value is not None:
                units[axis][row.Item.id].append(-value if turned[row.Item.id] else value)
    return tuple(_agreement(axis, found, questions) for axis, found in units.items())


def disagreements(session: Session, campaign: Campaign) -> list[Disagreement]:
    """Return the items whose raters prefer different answers.

    Those that nobody has settled come first, and of these the ones furthest apart.
    """
    apart = []
    # The ratings of an item come together: the contents of one item at a time are in memory.
    for item, rows in groupby(_judged(session, campaign), key=lambda one: one[0].Item):
        given = [
            (row.Person.name, judgement.overall)
            for row, judgement in rows
            if judgement.overall is not None
        ]
        if len({sign(value) for _, value in given}) > 1:
            apart.append(_disagreement(item, given))
    return sorted(apart, key=lambda one: (one.settled, -one.spread, one.item))


def _judged(session: Session, campaign: Campaign) -> Iterator[tuple[Any, Judgement]]:
    """Yield the ratings that say something of the answers."""
    if campaign.kind != "compare":
        return
    for row in latest(session, campaign.id):
        judgement = from_json(row.Rating.judgement, Judgement)
        if not set(SPOILT) & set(judgement.flags):
            yield row, judgement


def _agreement(
    axis: str, found: Mapping[int, Sequence[float]], questions: Mapping[int, str]
) -> AxisAgreement:
    units = [(questions[item], values) for item, values in found.items() if len(values) > 1]
    names, values = [name for name, _ in units], [own for _, own in units]
    signs = [[float(sign(one)) for one in own] for own in values]
    return AxisAgreement(
        axis,
        len(units),
        agreement(values, names),
        agreement(values, names, ties="half"),
        agreement(values, names, ties="left out"),
        krippendorff(signs, "nominal", names, resamples=RESAMPLES),
        krippendorff(values, "ordinal", names, resamples=RESAMPLES),
    )


def _disagreement(item: Item, given: Sequence[tuple[str, int]]) -> Disagreement:
    values = [value for _, value in given]
    return Disagreement(
        item.id,
        item.key,
        from_json(item.content, _Head).pair.first.question,
        tuple(given),
        max(values) - min(values),
        bool(item.settled),
    )
