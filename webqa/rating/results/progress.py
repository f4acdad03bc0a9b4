"""How far a campaign is, and how its raters work: the dashboard's figures.

Reads the database and changes nothing. How far raters agree stands in `agreeing`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from env.records import from_json
from reward.statistics import Interval, mean_interval
from webqa.rating.records import Judgement
from webqa.rating.results.reading import latest
from webqa.rating.store.database import stamp
from webqa.rating.store.rules import rules
from webqa.rating.store.tables import Assignment, Campaign, Item, Person

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class RaterProgress:
    """How one person works."""

    person: int
    name: str
    submitted: int
    skipped: int
    running: int
    median_seconds: float | None
    """Of the time in which the page was used, for one task."""
    ties: int
    left: Interval | None
    """Share of judgements, ties left out, that prefer what stood left: far from a half where places
    were judged and not answers."""
    swapped: Interval | None
    """Share of tasks in which the second answer stood left: about a half."""
    gold: Interval | None
    """Share of gold items whose better answer, or tie, was found."""
    flags: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """How far a campaign is."""

    id: int
    name: str
    kind: str
    profile: str
    guideline: str
    closed: bool
    items: int
    gold: int
    wanted: int
    """Ratings that are wanted, of all items but the gold ones."""
    submitted: int
    """Of these."""
    gold_submitted: int
    full: int
    """Items that have all of theirs, or have them begun."""
    running: int
    """Leases that have not run out."""
    skipped: dict[str, int]
    """By the reason, the commonest first."""
    flags: dict[str, int]
    settled: int
    raters: tuple[RaterProgress, ...]
    days: dict[str, int]
    """Ratings of each day, UTC."""

    @property
    def share(self) -> float:
        """How much of what is wanted is submitted, from 0 to 1."""
        return min(1.0, self.submitted / self.wanted) if self.wanted else 1.0


@dataclass(slots=True)
class _Worked:
    """What one person did, as it is counted."""

    seconds: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)
    swapped: list[float] = field(default_factory=list)
    gold: list[float] = field(default_factory=list)
    ties: int = 0
    flags: Counter[str] = field(default_factory=Counter)


def progress(session: Session, campaign: Campaign, now: datetime) -> CampaignProgress:
    """Count what is done, and by whom."""
    config = rules(campaign)
    items = _items(session, campaign.id)
    states, skipped = _assignments(session, campaign.id, now)
    worked: dict[int, _Worked] = defaultdict(_Worked)
    days: Counter[str] = Counter()
    submitted = gold_submitted = 0
    for rating, assignment, item, person in latest(session, campaign.id):
        submitted += not item.gold
        gold_submitted += item.gold
        days[rating.created[:10]] += 1
        own = worked[person.id]
        own.seconds.append(rating.active_ms / 1000)
        if campaign.kind == "compare":
            _count(own, from_json(rating.judgement, Judgement), assignment, item)
    flags = sum((own.flags for own in worked.values()), Counter[str]())
    return CampaignProgress(
        campaign.id,
        campaign.name,
        campaign.kind,
        config.profile,
        campaign.guideline,
        campaign.closed,
        items.items,
        items.gold,
        items.wanted,
        running=sum(one["leased"] for one in states.values()),
        submitted=submitted,
        gold_submitted=gold_submitted,
        full=items.full,
        settled=items.settled,
        skipped=dict(skipped.most_common()),
        flags=dict(flags.most_common()),
        raters=_raters(session, worked, states),
        days=dict(sorted(days.items())),
    )


class _Items(NamedTuple):
    items: int
    gold: int
    wanted: int
    full: int
    settled: int


def _items(session: Session, campaign: int) -> _Items:
    ordinary = Item.gold.is_(False)
    counts = session.execute(
        select(
            func.count().filter(ordinary),
            func.count().filter(Item.gold),
            func.coalesce(func.sum(Item.wanted).filter(ordinary), 0),
            func.count().filter(ordinary, Item.full),
            func.count().filter(Item.settled != ""),
        ).where(Item.campaign_id == campaign)
    )
    return _Items(*map(int, counts.one()))


def _assignments(
    session: Session, campaign: int, now: datetime
) -> tuple[dict[int, Counter[str]], Counter[str]]:
    """Return each person's turns by their state, and why turns were skipped.

    A lease that has run out counts as expired, also before somebody takes its place.
    """
    at, states, skipped = stamp(now), defaultdict[int, Counter[str]](Counter), Counter[str]()
    rows = session.execute(
        select(Assignment.person_id, Assignment.state, Assignment.reason, Assignment.expires)
        .join(Item, Assignment.item_id == Item.id)
        .where(Item.campaign_id == campaign)
    )
    for person, state, reason, expires in rows:
        over = state == "leased" and expires <= at
        states[person]["expired" if over else state] += 1
        if state == "skipped":
            skipped[reason or "no reason"] += 1
    return states, skipped


def _count(own: _Worked, judgement: Judgement, assignment: Assignment, item: Item) -> None:
    """Count what one rating tells of its rater."""
    own.flags.update(judgement.flags)
    own.swapped.append(assignment.swapped)
    if judgement.overall is None:
        return
    better = sign(judgement.overall)
    if better:
        own.left.append((better < 0) == assignment.swapped)
    else:
        own.ties += 1
    if item.gold:
        own.gold.append(better == item.expected)


def _raters(
    session: Session, worked: dict[int, _Worked], states: dict[int, Counter[str]]
) -> tuple[RaterProgress, ...]:
    names = {number: name for number, name in session.execute(select(Person.id, Person.name))}
    found = (
        RaterProgress(
            person,
            names[person],
            len(own.seconds),
            states[person]["skipped"],
            states[person]["leased"],
            median(own.seconds) if own.seconds else None,
            own.ties,
            _share(own.left),
            _share(own.swapped),
            _share(own.gold),
            dict(own.flags.most_common()),
        )
        for person in sorted(states)
        for own in [worked.get(person, _Worked())]
    )
    return tuple(sorted(found, key=lambda one: (-one.submitted, one.name)))


def sign(value: float) -> int:
    """Return which answer is better: +1 the first, -1 the second, 0 neither."""
    return (value > 0) - (value < 0)


def _share(values: list[float]) -> Interval | None:
    return mean_interval(values) if values else None
