"""Who is given which item, and what becomes of it: drafts, ratings, items that are skipped.

An item's `taken` counts its submitted ratings and its running leases. It goes up in one statement
that looks at the room there is, in the transaction that makes or renews an assignment: no item is
ever rated by more people than wanted. Gold items are for everybody, whatever they want.

How long an item is one person's stands in `leases`.

All functions but `own` need a session that writes, best of `Store.write`. Rows are locked in one
order: person, assignment, item. Knows no page; judgements and drafts are texts here.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from webqa.rating.config import CampaignConfig
from webqa.rating.errors import Conflict, Unknown
from webqa.rating.store import lots
from webqa.rating.store.database import note_event, stamp, storable
from webqa.rating.store.leases import keep_place, lease, reclaim
from webqa.rating.store.places import release, take, take_one
from webqa.rating.store.ratings import (
    JUDGEMENT_LENGTH,
    KEY_LENGTH,
    active,
    campaign_of,
    check_form,
    rate,
    sent_before,
)
from webqa.rating.store.tables import Assignment, Campaign, Item, Person, Rating

REASON_LENGTH = 1_000

DONE = "this task was submitted already"
PUT_ASIDE = "this task was skipped: go on with the next one"


class Somebody(Protocol):
    """A person, as a row or as the page knows one."""

    @property
    def id(self) -> int:
        """Number of the person."""


def next_assignment(
    session: Session, person: Somebody, campaign: Campaign, config: CampaignConfig, now: datetime
) -> Assignment | None:
    """Return a person's turn: the running one, else one that ran out, else a new one.

    Returns:
        The assignment, leased from now on; None when nothing is left for this person. Of a closed
        campaign, what was begun before.
    """
    row = _locked_person(session, person)
    running = and_(Assignment.state == "leased", Assignment.expires > stamp(now))
    if mine := session.scalar(_own_in(campaign, row, running)):
        return lease(session, mine, config, now)
    reclaim(session, now)
    ran_out = and_(Assignment.state == "expired", or_(Item.gold, Item.taken < Item.wanted))
    mine = session.scalar(_own_in(campaign, row, ran_out))
    if mine is not None and take(session, mine.item_id):
        return lease(session, mine, config, now)
    return None if campaign.closed else _new(session, row, campaign, config, now)


def _locked_person(session: Session, person: Somebody) -> Person:
    """Return a person's row; who asks twice at once is answered one after the other."""
    row = select(Person).where(Person.id == person.id, Person.active)
    found = session.scalar(row.with_for_update(key_share=True))
    if found is None:
        raise Unknown("there is no such person")
    return found


def _own_in(campaign: Campaign, person: Person, which: ColumnElement[bool]) -> Select[Assignment]:
    """Select one of a person's assignments, the most worked at first."""
    own = and_(Assignment.person_id == person.id, Item.campaign_id == campaign.id)
    order = (Assignment.version.desc(), Item.position)
    locked = select(Assignment).join(Item).where(own, which).order_by(*order).limit(1)
    return locked.with_for_update(of=Assignment)


def _new(
    session: Session, person: Person, campaign: Campaign, config: CampaignConfig, now: datetime
) -> Assignment | None:
    before = lots.had(session, person.id, campaign.id)
    item = take_one(session, person, campaign, gold=lots.is_gold(config, person.id, before))
    if item is None:
        return None
    made = Assignment(
        id=secrets.token_urlsafe(16),
        item_id=item.id,
        person_id=person.id,
        state="leased",
        swapped=lots.is_swapped(config, item.key, person.id, before),
        assisted=lots.is_assisted(session, config, item.key, person, before),
        leased=stamp(now),
        expires="",
    )
    session.add(made)
    return lease(session, made, config, now)


# Worked at


def own(session: Session, assignment: str, person: Somebody) -> Assignment:
    """Return an assignment of a person's own.

    Raises:
        Unknown: there is none of this id, or it is somebody else's.
    """
    found = session.get(Assignment, assignment) if _is_id(assignment) else None
    if found is None or found.person_id != person.id:
        raise Unknown("there is no such task of yours")
    return found


def _is_id(given: str) -> bool:
    return len(given) <= KEY_LENGTH and given.isascii() and given.isprintable()


def save_draft(
    session: Session,
    assignment: Assignment,
    version: int,
    draft: str,
    active_ms: int,
    now: datetime,
) -> int:
    """Keep what was said so far, and return the draft's new version.

    Args:
        session: that the assignment is of.
        assignment: one's own.
        version: of the draft that this one was made from.
        draft: all that was said.
        active_ms: time in which the page was seen and used, from the start of the assignment.
        now: when; the lease runs from here again.

    Raises:
        Conflict: another version was saved meanwhile, the task is done, or it ran out and its
            place was taken.
        Unfit: the draft cannot be stored.
    """
    storable(draft, JUDGEMENT_LENGTH, "the draft")
    _lock(session, assignment)
    _check_open(assignment)
    if (version, draft) == (assignment.version - 1, assignment.draft):
        return assignment.version  # sent again because the reply was lost
    if version != assignment.version:
        raise Conflict(
            "this task was changed in another window: load it again to see what is saved there"
        )
    keep_place(session, assignment, now)
    assignment.draft, assignment.version = draft, version + 1
    assignment.active_ms = active(assignment, active_ms, now)
    session.flush()
    return assignment.version


def submit(
    session: Session,
    assignment: Assignment,
    judgement: str,
    key: str,
    active_ms: int,
    now: datetime,
) -> Rating:
    """Turn an assignment into a rating; the same key again gives the same rating.

    Args:
        session: that the assignment is of.
        assignment: one's own.
        judgement: all that was said.
        key: made by the page for this form.
        active_ms: time in which the page was seen and used, from the start of the assignment.
        now: when.

    Raises:
        Conflict: it was submitted with another key, was skipped, or ran out and its place was
            taken.
        Unfit: the judgement or the key cannot be stored.
    """
    check_form(judgement, key)
    _lock(session, assignment)
    if found := sent_before(session, assignment, key):
        return found
    _check_open(assignment)
    keep_place(session, assignment, now)
    assignment.state = "submitted"
    return rate(session, assignment, 0, judgement, key, active_ms, now)


def revise(
    session: Session,
    assignment: Assignment,
    judgement: str,
    key: str,
    active_ms: int,
    now: datetime,
) -> Rating:
    """Add a correction to a submitted rating, which stays as it is; see `submit`.

    Raises:
        Conflict: nothing was submitted yet, or the campaign is closed.
        Unfit: the judgement or the key cannot be stored.
    """
    check_form(judgement, key)
    _lock(session, assignment)
    if found := sent_before(session, assignment, key):
        return found
    if assignment.state != "submitted":
        raise Conflict("nothing of this task was submitted that could be corrected")
    if campaign_of(session, assignment).closed:
        raise Conflict("this campaign is closed: what was said in it stays")
    last = select(func.max(Rating.revision)).where(Rating.assignment_id == assignment.id)
    revision = (session.scalar(last) or 0) + 1
    return rate(session, assignment, revision, judgement, key, active_ms, now)


def skip(session: Session, assignment: Assignment, reason: str, now: datetime) -> None:
    """Give an item back for good; skipped already, nothing happens.

    Raises:
        Conflict: it was submitted already.
        Unfit: the reason cannot be stored.
    """
    storable(reason, REASON_LENGTH, "the reason")
    _lock(session, assignment)
    if assignment.state == "submitted":
        raise Conflict(DONE)
    if assignment.state == "skipped":
        return
    if assignment.state == "leased":
        release(session, assignment.item_id)
    assignment.state, assignment.reason = "skipped", reason
    session.flush()
    told = {"assignment": assignment.id, "reason": reason}
    note_event(session, "skipped", now, assignment.person_id, **told)


def _lock(session: Session, assignment: Assignment) -> None:
    """See the newest state of an assignment, and keep others from changing it meanwhile."""
    session.refresh(assignment, with_for_update=True)


def _check_open(assignment: Assignment) -> None:
    if assignment.state == "submitted":
        raise Conflict(DONE)
    if assignment.state == "skipped":
        raise Conflict(PUT_ASIDE)
