"""Disagreements: settled, settled again, withdrawn; who may, and what is written down."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from env.records import from_json
from tests.webqa.rating.made_campaigns import NOW, collected, database, pair, said
from webqa.rating.campaigns.settling import settle, withdraw
from webqa.rating.errors import NotAllowed, Unfit
from webqa.rating.records import Judgement
from webqa.rating.store.database import stamp
from webqa.rating.store.tables import Author, Event, Item, Person

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def session(tmp_path):
    """A campaign of one pair; Ann is a rater, Bob and Eve are reviewers."""
    items, roles = collected([pair(1)]).items, ("rater", "reviewer", "admin")
    made = database(tmp_path, items, people=("Ann", "Bob", "Eve"), roles=roles)
    with made as store, store.writing() as opened:
        yield opened


def somebody(session, name):
    return session.scalars(select(Person).where(Person.name == name)).one()


def written(session):
    found = session.execute(
        select(Event.kind, Event.at, Person.name)
        .join(Person, Event.person_id == Person.id)
        .order_by(Event.id)
    )
    return [tuple(row) for row in found]


def state(item):
    return item.settled and from_json(item.settled, Judgement), item.settled_by, item.settled_at


def test_reviewers_settle_and_settle_again(session):
    item, bob, eve = session.get_one(Item, 1), somebody(session, "Bob"), somebody(session, "Eve")
    first, second = said(-2, axes={"coherence": 1}), said(1, note="after all")
    settle(session, item, first, bob, NOW)
    assert state(item) == (first, bob.id, stamp(NOW))
    settle(session, item, second, eve, LATER)
    assert state(item) == (second, eve.id, stamp(LATER))
    assert written(session) == [
        ("settled", stamp(NOW), "Bob"),
        ("settled", stamp(LATER), "Eve"),
    ]
    events = session.scalars(select(Event.content).where(Event.kind == "settled"))
    told = [from_json(one, dict)["judgement"] for one in events]
    assert [(one["overall"], one["note"]) for one in told] == [(-2, ""), (1, "after all")]


def test_the_same_sent_twice_is_settled_once(session):
    item, bob = session.get_one(Item, 1), somebody(session, "Bob")
    for when in (NOW, LATER):
        settle(session, item, said(1), bob, when)
    assert item.settled_at == stamp(NOW)
    assert len(written(session)) == 1


def test_what_was_settled_is_withdrawn_once(session):
    item, bob, eve = session.get_one(Item, 1), somebody(session, "Bob"), somebody(session, "Eve")
    withdraw(session, item, eve, NOW)
    settle(session, item, said(1), bob, NOW)
    for when in (LATER, LATER + timedelta(hours=1)):
        withdraw(session, item, eve, when)
    assert state(item) == ("", None, "")
    assert written(session) == [("settled", stamp(NOW), "Bob"), ("withdrawn", stamp(LATER), "Eve")]
    settle(session, item, said(1), bob, LATER)
    assert item.settled_at == stamp(LATER)


def test_raters_and_authors_settle_nothing(session):
    item, ann, bob = session.get_one(Item, 1), somebody(session, "Ann"), somebody(session, "Bob")
    settle(session, item, said(1), somebody(session, "Eve"), NOW)
    session.add(Author(item_id=item.id, person_id=bob.id))
    session.flush()
    for who, told in ((ann, "Only reviewers"), (bob, "yourself")):
        with pytest.raises(NotAllowed, match=told):
            settle(session, item, said(-1), who, LATER)
        with pytest.raises(NotAllowed, match=told):
            withdraw(session, item, who, LATER)
    assert item.settled_at == stamp(NOW)


@pytest.mark.parametrize("wrong", [said(None), said(3), said(1, axes={"taste": 1})])
def test_what_is_no_judgement_settles_nothing(session, wrong):
    item = session.get_one(Item, 1)
    with pytest.raises(Unfit):
        settle(session, item, wrong, somebody(session, "Bob"), NOW)
    assert state(item) == ("", None, "")
