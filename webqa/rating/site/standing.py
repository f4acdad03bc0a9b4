"""How far one person has come in a campaign: what was submitted, and what is still to come.

What is to come is counted as the queue would hand it out, gold items among the others: a number
that stood still at one of them would tell which it is. Knows no page.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from webqa.rating.config import CampaignConfig
from webqa.rating.store.lots import Had, is_gold
from webqa.rating.store.rules import rules
from webqa.rating.store.tables import Assignment, Author, Campaign, Item


class CampaignName(NamedTuple):
    """The campaign in which somebody is, and where a page leads back to."""

    id: int
    name: str


class Standing(NamedTuple):
    """How far somebody has come."""

    submitted: int
    open: int
    """Tasks that are running, or would be given to this person if nobody else took any."""


def standing(session: Session, campaign: Campaign, person: int) -> Standing:
    """Count what a person submitted in a campaign, and what is open there; in one query."""
    own = and_(Assignment.item_id == Item.id, Assignment.person_id == person)
    wrote = exists().where(Author.item_id == Item.id, Author.person_id == person)
    resumed = and_(Assignment.state == "expired", or_(Item.gold, ~Item.full))
    new = and_(Assignment.id.is_(None), ~Item.full, ~wrote)
    counts = select(
        func.count(Assignment.id),
        _count(Assignment.state == "submitted"),
        _count(or_(Assignment.state == "leased", resumed)),
        _count(and_(new, ~Item.gold)),
        _count(and_(new, Item.gold)),
    )
    found = counts.select_from(Item).outerjoin(Assignment, own)
    turns, submitted, begun, unseen, gold = session.execute(
        found.where(Item.campaign_id == campaign.id)
    ).one()
    if campaign.closed:  # what was begun can still be submitted
        return Standing(submitted, begun)
    return Standing(submitted, begun + _given(rules(campaign), person, turns, unseen, gold))


def _count(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((which, 1)))


def _given(config: CampaignConfig, person: int, turns: int, new: int, gold: int) -> int:
    """Count the turns that a person would be given, from the next one on."""
    given = 0
    while True:
        if gold and is_gold(config, person, Had(turns + given, 0, 0)):
            gold -= 1
        elif new:
            new -= 1
        else:
            return given
        given += 1
