"""The dashboard's figures, against what was said by hand."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.webqa.rating.made_campaigns import NOW, collected, database, pair, said, submit
from webqa.rating.campaigns.creating import campaign_named
from webqa.rating.campaigns.settling import settle
from webqa.rating.results.agreeing import agreements, disagreements
from webqa.rating.results.progress import progress
from webqa.rating.store.database import stamp
from webqa.rating.store.tables import Assignment, Item, Person

PAIRS = [pair(number) for number in range(6)]
PEOPLE = ("Ann", "Bob", "Cem")


@pytest.fixture
def store(tmp_path):
    """Three people; two of them agree on one pair, and prefer different answers of another."""
    items = collected(PAIRS, gold=[(pair(9), -1)]).items
    with database(tmp_path, items, raters=2, people=PEOPLE) as store:
        yield store


def figures(store, now=NOW):
    with store.reading() as session:
        return progress(session, campaign_named(session), now)


def turn(session, person, key, state, *, expires=NOW + timedelta(hours=1), reason=""):
    item = session.scalars(select(Item).where(Item.key == key)).one()
    who = session.scalars(select(Person).where(Person.name == person)).one()
    session.add(
        Assignment(id=f"{person}-{key}", item_id=item.id, person_id=who.id, state=state,
                   swapped=False, leased=stamp(NOW), expires=stamp(expires), reason=reason)
    )  # fmt: skip


def test_a_new_campaign_has_nothing_done(store):
    found = figures(store)
    assert (found.items, found.gold, found.wanted) == (6, 1, 12)
    assert (found.submitted, found.running, found.share, found.full) == (0, 0, 0.0, 0)
    assert found.raters == ()
    with store.reading() as session:
        campaign = campaign_named(session)
        assert all(one.items == 0 and one.nominal is None for one in agreements(session, campaign))
        assert disagreements(session, campaign) == []


def test_what_people_did_is_counted_once(store):
    with store.writing() as session:
        submit(session, "Ann", PAIRS[0].id, said(2), swapped=True, active_ms=30_000)
        submit(session, "Ann", PAIRS[1].id, said(-1), swapped=True, active_ms=90_000)
        submit(session, "Ann", PAIRS[2].id, said(0, flags=("controversial",)), active_ms=60_000)
        submit(session, "Bob", PAIRS[0].id, said(1))
        submit(session, "Bob", PAIRS[0].id, said(-2), revision=1)
        submit(session, "Bob", pair(9).id, said(-2))
        submit(session, "Ann", pair(9).id, said(1))
        turn(session, "Cem", PAIRS[3].id, "skipped", reason="too long")
        turn(session, "Cem", PAIRS[4].id, "leased")
        session.scalars(select(Item).where(Item.key == PAIRS[0].id)).one().full = True
    found = figures(store)
    assert (found.submitted, found.gold_submitted, found.running) == (4, 2, 1)
    assert found.share == pytest.approx(4 / 12)
    assert found.full == 1
    assert found.skipped == {"too long": 1}
    assert found.flags == {"controversial": 1}
    assert found.days == {"2026-03-01": 6}
    ann, bob, cem = found.raters
    assert [one.name for one in found.raters] == ["Ann", "Bob", "Cem"]
    assert (ann.submitted, ann.ties, ann.median_seconds) == (4, 1, 60.0)
    # Of Ann's three preferences she chose what stood left in two: pair 1 (the second, swapped)
    # and the gold item (the first, not swapped).
    assert (ann.left.mean, ann.left.count) == (pytest.approx(2 / 3), 3)
    assert ann.swapped.mean == pytest.approx(1 / 2)
    assert (ann.gold.mean, bob.gold.mean) == (0, 1)
    assert bob.left.mean == 0
    assert (cem.submitted, cem.skipped, cem.running, cem.left, cem.median_seconds) == (
        0, 1, 1, None, None,
    )  # fmt: skip


def test_a_lease_that_ran_out_runs_no_more(store):
    with store.writing() as session:
        turn(session, "Cem", PAIRS[4].id, "leased")
    assert figures(store).running == 1
    assert figures(store, NOW + timedelta(hours=1)).running == 0


def test_agreement_is_told_for_each_axis(store):
    with store.writing() as session:
        for number, (ann, bob) in enumerate([(2, 1), (1, 2), (-2, -1), (0, 1), (-1, -1)]):
            axes = {"coherence": ann}
            submit(session, "Ann", PAIRS[number].id, said(ann, axes=axes))
            submit(session, "Bob", PAIRS[number].id, said(bob))
        submit(session, "Ann", PAIRS[5].id, said(2))
        submit(session, "Bob", PAIRS[5].id, said(-2, flags=("nonsense",)))
    with store.reading() as session:
        found = {one.axis: one for one in agreements(session, campaign_named(session))}
    overall = found["overall"]
    assert overall.items == 5
    assert overall.with_ties.mean == pytest.approx(0.8)
    assert overall.without_ties.mean == 1
    assert 0.5 < overall.nominal.alpha < 1
    assert overall.ordinal.alpha != overall.nominal.alpha
    assert (found["coherence"].items, found["coherence"].with_ties) == (0, None)
    assert set(found) == {"overall", "unsupported", "irrelevant", "usefulness", "coherence"}


def test_disagreements_come_with_the_furthest_apart_first_and_the_settled_last(store):
    with store.writing() as session:
        for number, (ann, bob) in enumerate([(1, 2), (0, 1), (2, -2), (1, -1)]):
            submit(session, "Ann", PAIRS[number].id, said(ann))
            submit(session, "Bob", PAIRS[number].id, said(bob))
        item = session.scalars(select(Item).where(Item.key == PAIRS[2].id)).one()
        bob = session.scalars(select(Person).where(Person.name == "Bob")).one()
    with store.reading() as session:
        found = disagreements(session, campaign_named(session))
        assert [one.key for one in found] == [PAIRS[2].id, PAIRS[3].id, PAIRS[1].id]
        assert found[0].ratings == (("Ann", 2), ("Bob", -2))
        assert found[0].spread == 4
        assert found[0].question == PAIRS[2].first.question
    with store.writing() as session:
        settle(session, session.merge(item), said(1), session.merge(bob), NOW)
    with store.reading() as session:
        found = disagreements(session, campaign_named(session))
    assert [one.settled for one in found] == [False, False, True]
    assert figures(store).settled == 1
