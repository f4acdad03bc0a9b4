"""Disagreements: settled by a reviewer, settled again, left to the raters again.

An item holds what holds now; what was said before stands in the events.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from env.records import to_json
from webqa.rating.errors import NotAllowed, Unfit
from webqa.rating.records import AXES, SCALE, Judgement
from webqa.rating.store.database import note_event, stamp
from webqa.rating.store.tables import Author, Item, Person

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

REVIEWERS = ("reviewer", "admin")


def settle(
    session: Session, item: Item, judgement: Judgement, reviewer: Person, now: datetime
) -> None:
    """Note what a reviewer says of an item that raters disagree about, in place of what was said.

    The same reviewer's same judgement once more, as when a form is sent twice, changes nothing.

    Raises:
        NotAllowed: a rater settles nothing, and nobody what he wrote himself.
        Unfit: there is no overall rating, or one outside the scale.
    """
    _check(session, item, reviewer)
    names = {name for axes in AXES.values() for name in axes}
    if judgement.overall not in SCALE or any(
        name not in names or value not in SCALE for name, value in judgement.axes.items()
    ):
        raise Unfit("An overall rating from -2 to 2 is needed, and axes on the same scale.")
    _lock(session, item)
    content = to_json(judgement).decode()
    if (item.settled, item.settled_by) == (content, reviewer.id):
        return
    item.settled, item.settled_by, item.settled_at = content, reviewer.id, stamp(now)
    note_event(session, "settled", now, reviewer.id, item=item.id, judgement=judgement)


def withdraw(session: Session, item: Item, reviewer: Person, now: datetime) -> None:
    """Let what raters said of an item hold again; of one that is not settled, nothing happens.

    Raises:
        NotAllowed: a rater settles nothing, and nobody what he wrote himself.
    """
    _check(session, item, reviewer)
    _lock(session, item)
    if item.settled:
        item.settled, item.settled_by, item.settled_at = "", None, ""
        note_event(session, "withdrawn", now, reviewer.id, item=item.id)


def _check(session: Session, item: Item, reviewer: Person) -> None:
    if reviewer.role not in REVIEWERS:
        raise NotAllowed("Only reviewers settle disagreements.")
    if session.get(Author, (item.id, reviewer.id)):
        raise NotAllowed("You wrote one of the answers yourself: somebody else settles this.")


def _lock(session: Session, item: Item) -> None:
    """See what holds now, and let another reviewer wait."""
    session.refresh(item, with_for_update={"key_share": True})
