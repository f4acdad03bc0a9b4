"""The places of items: found for a person, taken, given back. Knows no lease and no rating."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select, update
from sqlalchemy.orm import Session, load_only

from webqa.rating.store.tables import Assignment, Author, Campaign, Item, Person


def take_one(session: Session, person: Person, campaign: Campaign, *, gold: bool) -> Item | None:
    """Take a place of the first item that a person may have; a gold one where there is one."""
    if gold and (item := _pick(session, person, campaign, gold=True, wait=False)):
        take(session, item.id)
        return item
    # On PostgreSQL items that somebody is just being given are passed over first. Only when there
    # is no other is it waited whether they still have room.
    for wait in (False, True):
        while item := _pick(session, person, campaign, gold=False, wait=wait):
            if take(session, item.id):
                return item
    return None


def _pick(
    session: Session, person: Person, campaign: Campaign, *, gold: bool, wait: bool
) -> Item | None:
    mine = and_(Assignment.item_id == Item.id, Assignment.person_id == person.id)
    wrote = and_(Author.item_id == Item.id, Author.person_id == person.id)
    fit = and_(
        Item.campaign_id == campaign.id,
        not_(Item.full),
        Item.gold if gold else not_(Item.gold),
        not_(exists().where(mine)),
        not_(exists().where(wrote)),
    )
    # Without the content, which may be long and is not looked at here.
    slim = select(Item).options(load_only(Item.key))
    first = slim.where(fit).order_by(Item.position, Item.id).limit(1)
    if not wait:
        return session.scalar(first.with_for_update(skip_locked=True, key_share=True))
    return session.scalar(first)


def take(session: Session, item: int) -> bool:
    """Take a place of an item; False where there is none."""
    room = or_(Item.gold, Item.taken < Item.wanted)
    return _count(session, and_(Item.id == item, room), 1)


def release(session: Session, item: int) -> None:
    """Give a place of an item back."""
    _count(session, Item.id == item, -1)


def _count(session: Session, which: ColumnElement[bool], change: int) -> bool:
    taken = Item.taken + change
    full = and_(not_(Item.gold), taken >= Item.wanted)
    done = update(Item).where(which).values(taken=taken, full=full).returning(Item.id)
    return session.scalar(done) is not None
