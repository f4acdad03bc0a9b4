"""A rating as it is written down: what was said, of which guidelines, in which time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from env.records import SCHEMA
from webqa.rating.errors import Conflict
from webqa.rating.store.database import moment, note_event, stamp, storable
from webqa.rating.store.tables import Assignment, Campaign, Item, Rating

JUDGEMENT_LENGTH = 4_000_000
"""Characters of a judgement, a draft or a whole episode."""
KEY_LENGTH = 100
LONGEST = 2**31 - 1
"""Milliseconds that a database can hold: 24 days."""


def check_form(judgement: str, key: str) -> None:
    """Check that a form can be stored.

    Raises:
        Unfit: it cannot.
    """
    storable(judgement, JUDGEMENT_LENGTH, "the judgement")
    storable(key, KEY_LENGTH, "the form's key")


def sent_before(session: Session, assignment: Assignment, key: str) -> Rating | None:
    """Return the rating that the same form made before.

    Raises:
        Conflict: the form was sent for another task.
    """
    found = session.scalar(select(Rating).where(Rating.key == key))
    if found is not None and found.assignment_id != assignment.id:
        raise Conflict("this form was sent for another task already: load the page again")
    return found


def rate(
    session: Session,
    assignment: Assignment,
    revision: int,
    judgement: str,
    key: str,
    active_ms: int,
    now: datetime,
) -> Rating:
    """Write a rating down."""
    assignment.active_ms = active(assignment, active_ms, now)
    made = Rating(
        assignment_id=assignment.id,
        revision=revision,
        key=key,
        judgement=judgement,
        guideline=campaign_of(session, assignment).guideline,
        active_ms=assignment.active_ms,
        wall_ms=_wall(assignment, now),
        created=stamp(now),
        schema=SCHEMA,
    )
    session.add(made)
    session.flush()
    kind = "revised" if revision else "submitted"
    note_event(session, kind, now, assignment.person_id, assignment=assignment.id, rating=made.id)
    return made


def active(assignment: Assignment, given: int, now: datetime) -> int:
    """Return the working time: never less than before, never more than has passed."""
    return max(assignment.active_ms, min(given, _wall(assignment, now)))


def _wall(assignment: Assignment, now: datetime) -> int:
    passed = (now - moment(assignment.leased)) / timedelta(milliseconds=1)
    return min(max(0, int(passed)), LONGEST)


def campaign_of(session: Session, assignment: Assignment) -> Campaign:
    """Return the campaign of an assignment."""
    joined = select(Campaign).join(Item, Item.campaign_id == Campaign.id)
    return session.scalars(joined.where(Item.id == assignment.item_id)).one()
