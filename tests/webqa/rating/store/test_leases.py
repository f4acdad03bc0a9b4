"""Leases: what ran out goes to somebody else, and what is kept of it; and what is written down."""

import pytest
from sqlalchemy import select

from tests.webqa.rating.rating_rows import later
from tests.webqa.rating.store.queue_desk import Desk, quick_store
from webqa.rating.errors import Conflict, Damaged
from webqa.rating.store import queue
from webqa.rating.store.database import stamp
from webqa.rating.store.leases import reclaim
from webqa.rating.store.tables import Assignment, Campaign, Event


@pytest.fixture
def store():
    with quick_store() as opened:
        yield opened


def test_what_ran_out_goes_to_somebody_else(store):
    desk = Desk(store, items=1)
    mine = desk.ask(0)
    assert desk.ask(1, minutes=59.9) is None
    theirs = desk.ask(1, minutes=60)
    assert theirs.item_id == mine.item_id
    assert desk.ask(0, minutes=61) is None
    for late in (
        lambda: desk.draft(mine, 0, "late", minutes=61),
        lambda: desk.submit(mine, "late", minutes=61),
    ):
        with pytest.raises(Conflict, match="went to somebody else"):
            late()


def test_what_ran_out_and_was_not_taken_is_still_ones_own(store):
    desk = Desk(store, items=2)
    mine = desk.ask(0)
    assert desk.ask(1, minutes=60).item_id == mine.item_id
    theirs = desk.ask(1, minutes=60)
    desk.do(queue.skip, theirs, "too hard", later(61))
    assert desk.draft(mine, 0, "late but welcome", minutes=62) == 1
    with store.reading() as session:
        kept = session.get(Assignment, mine.id)
        assert (kept.state, kept.expires) == ("leased", stamp(later(62 + 60)))
    assert desk.submit(mine, "key", minutes=500).assignment_id == mine.id


def test_what_ran_out_comes_back_before_anything_new_with_its_draft(store):
    desk = Desk(store, items=3)
    mine = desk.ask(0)
    desk.draft(mine, 0, "half of it")
    again = desk.ask(0, minutes=300)
    assert (again.id, again.draft, again.swapped) == (mine.id, "half of it", mine.swapped)


def test_a_draft_keeps_the_lease(store):
    desk = Desk(store, items=1)
    mine = desk.ask(0)
    for minutes in (50, 100, 150):
        desk.draft(mine, minutes // 50 - 1, f"at {minutes}", minutes=minutes)
    assert desk.ask(1, minutes=205) is None


def test_reclaiming_tells_how_many(store):
    desk = Desk(store)
    for who in range(3):
        desk.ask(who)
    assert store.write(lambda session: reclaim(session, later(59))) == 0
    assert store.write(lambda session: reclaim(session, later(60))) == 3
    assert store.write(lambda session: reclaim(session, later(61))) == 0


def test_under_damaged_rules_nothing_is_saved_and_it_is_said(store):
    desk = Desk(store)
    mine = desk.ask(0)
    store.write(lambda one: setattr(one.get(Campaign, 1), "settings", '{"lease_minutes": 1e99}'))
    with pytest.raises(Damaged, match="rules of the campaign 'first' are damaged"):
        desk.draft(mine, 0, "half of it")


def events(store):
    with store.reading() as session:
        return session.execute(select(Event.kind, Event.content).order_by(Event.id)).all()


def test_every_change_is_written_down_but_drafts(store):
    desk = Desk(store, items=2)
    turn = desk.ask(0)
    for version in range(5):
        desk.draft(turn, version, f"draft {version}")
    desk.submit(turn, "key")
    desk.do(queue.revise, turn, "{}", "key 2", 0, later(2))
    desk.do(queue.skip, desk.ask(0), "why", later(3))
    desk.ask(1)
    store.write(lambda session: reclaim(session, later(100)))
    found = events(store)
    assert [kind for kind, _ in found] == [
        "leased", "submitted", "revised", "leased", "skipped", "leased", "expired",
    ]  # fmt: skip
    assert turn.id in found[1].content


def test_a_place_that_is_taken_back_is_written_down(store):
    desk = Desk(store, items=1)
    turn = desk.ask(0)
    store.write(lambda session: reclaim(session, later(60)))
    desk.draft(turn, 0, "late but welcome", minutes=61)
    desk.draft(turn, 1, "once more", minutes=62)
    assert [kind for kind, _ in events(store)] == ["leased", "expired", "leased"]
