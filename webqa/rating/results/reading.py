"""Ratings read from the database as lines, one by one. Changes nothing, knows no file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import aliased

from env.records import from_json
from webqa.rating.config import WhichConfig
from webqa.rating.records import Judgement, Task
from webqa.rating.results.lines import RatingLine, anonymous, unusable
from webqa.rating.store.rules import rules
from webqa.rating.store.tables import Assignment, Campaign, Item, Person, Rating

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BATCH = 500
"""Rows that are fetched at once."""


@dataclass(slots=True)
class Read:
    """Counts what was read and left out."""

    lines: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def latest(session: Session, campaign: int) -> Iterator[Any]:
    """Yield rating, assignment, item and person of the last revision of each rating.

    In the order of the items, those of one together.
    """
    found = _latest(Item.campaign_id == campaign)
    yield from session.execute(found, execution_options={"yield_per": BATCH})


def latest_of(session: Session, item: int, limit: int) -> Sequence[Any]:
    """Return the same of one item, at the most so many: gold items are rated by everybody."""
    return session.execute(_latest(Item.id == item).limit(limit)).all()


def _latest(which: ColumnElement[bool]) -> Select[Rating, Assignment, Item, Person]:
    later = aliased(Rating)
    last = (
        select(func.max(later.revision))
        .where(later.assignment_id == Rating.assignment_id)
        .scalar_subquery()
    )
    return (
        select(Rating, Assignment, Item, Person)
        .join(Assignment, Rating.assignment_id == Assignment.id)
        .join(Item, Assignment.item_id == Item.id)
        .join(Person, Assignment.person_id == Person.id)
        .where(which, Rating.revision == last)
        .order_by(Item.id, Rating.id)
    )


def rating_lines(
    session: Session, campaign: Campaign, which: WhichConfig, read: Read
) -> Iterator[RatingLine]:
    """Yield the ratings of a comparing campaign, flagged ones included.

    `read` counts what is left out meanwhile.
    """
    settled: set[int] = set()
    config = rules(campaign)
    for rating, assignment, item, person in latest(session, campaign.id):
        if item.gold and not which.gold:
            read.left_out["gold item"] += 1
            continue
        task = from_json(item.content, Task)
        if task.planted and not which.planted:
            read.left_out["item of a trial"] += 1
            continue
        if item.settled and not which.unsettled:
            if item.id not in settled:
                settled.add(item.id)
                read.lines += 1
                yield _settled(session, campaign, item, task, which, config.profile)
            read.left_out["settled by a reviewer"] += 1
            continue
        read.lines += 1
        yield RatingLine(
            campaign.name,
            task.pair,
            from_json(rating.judgement, Judgement),
            _name(person, which),
            config.profile,
            rating.guideline,
            rating.created,
            assignment.id,
            rating.revision,
            assignment.swapped,
            assignment.assisted,
            item.complete,
            item.expected,
            raters=item.wanted,
            active_ms=rating.active_ms,
            wall_ms=rating.wall_ms,
            first_critiques=task.first_critiques,
            second_critiques=task.second_critiques,
            planted=task.planted,
        )
    if not which.unsettled:
        yield from _settled_unrated(session, campaign, which, read)


def _settled_unrated(
    session: Session, campaign: Campaign, which: WhichConfig, read: Read
) -> Iterator[RatingLine]:
    """Yield what reviewers said of items before anybody had rated them."""
    rated = exists().where(Assignment.item_id == Item.id, Rating.assignment_id == Assignment.id)
    own = (Item.campaign_id == campaign.id) & (Item.settled != "") & ~rated
    for item in session.scalars(select(Item).where(own).order_by(Item.id)):
        task = from_json(item.content, Task)
        if (which.gold or not item.gold) and (which.planted or not task.planted):
            read.lines += 1
            yield _settled(session, campaign, item, task, which, rules(campaign).profile)


def usable_lines(
    session: Session, campaign: Campaign, which: WhichConfig, read: Read
) -> Iterator[RatingLine]:
    """Yield the ratings that can be learnt from; the others are counted with their reason."""
    for line in rating_lines(session, campaign, which, read):
        if reason := unusable(line):
            read.left_out[reason] += 1
        else:
            yield line


def _settled(
    session: Session, campaign: Campaign, item: Item, task: Task, which: WhichConfig, profile: str
) -> RatingLine:
    """Return what a reviewer said of an item, in place of what raters did."""
    reviewer = session.get_one(Person, item.settled_by)
    return RatingLine(
        campaign.name,
        task.pair,
        from_json(item.settled, Judgement),
        _name(reviewer, which),
        profile,
        campaign.guideline,
        item.settled_at,
        "",
        complete=item.complete,
        expected=item.expected,
        settled=True,
        raters=item.wanted,
        first_critiques=task.first_critiques,
        second_critiques=task.second_critiques,
        planted=task.planted,
    )


def _name(person: Person, which: WhichConfig) -> str:
    return anonymous(person.id) if which.nameless else person.name
