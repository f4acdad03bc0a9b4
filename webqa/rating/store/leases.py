"""How long an item is one person's: leased, reclaimed once the time ran out, taken back.

A lease that ran out keeps its place until somebody asks for work (`reclaim`); and where its place
is still free afterwards, saving a draft or submitting takes it back. So work is lost only to
somebody who does the same work. Knows no draft and no rating.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from webqa.rating.config import CampaignConfig
from webqa.rating.errors import Conflict
from webqa.rating.store.database import note_event, stamp
from webqa.rating.store.places import release, take
from webqa.rating.store.ratings import campaign_of
from webqa.rating.store.rules import rules
from webqa.rating.store.tables import Assignment

GONE = "this task's time ran out and it went to somebody else: nothing can be added to it"


def lease(
    session: Session, assignment: Assignment, config: CampaignConfig, now: datetime
) -> Assignment:
    """Give an item whose place is taken to its person, from now on."""
    assignment.state = "leased"
    assignment.expires = _end(config, now)
    session.flush()
    note_event(session, "leased", now, assignment.person_id, assignment=assignment.id)
    return assignment


def reclaim(session: Session, now: datetime) -> int:
    """Take back the leases that ran out, in all campaigns, and return how many they were."""
    ran_out = and_(Assignment.state == "leased", Assignment.expires <= stamp(now))
    found = select(Assignment).where(ran_out).order_by(Assignment.item_id)
    expired = session.scalars(found.with_for_update(skip_locked=True)).all()
    for assignment in expired:
        assignment.state = "expired"
        release(session, assignment.item_id)
        note_event(session, "expired", now, assignment.person_id, assignment=assignment.id)
    session.flush()
    return len(expired)


def keep_place(session: Session, assignment: Assignment, now: datetime) -> None:
    """Let a lease run from now on again, whether it runs or ran out.

    Raises:
        Conflict: it ran out, and its place was taken.
    """
    config = rules(campaign_of(session, assignment))
    if assignment.state == "leased":
        assignment.expires = _end(config, now)
        return
    if not take(session, assignment.item_id):
        raise Conflict(GONE)
    lease(session, assignment, config, now)


def _end(config: CampaignConfig, now: datetime) -> str:
    return stamp(now + timedelta(minutes=config.lease_minutes))
