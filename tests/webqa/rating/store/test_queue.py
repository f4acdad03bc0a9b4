"""The queue: who is given what, how often, on which side; drafts, submissions."""

import pytest
from sqlalchemy import func, select

from tests.webqa.rating.rating_rows import START, add_author, add_campaign, later
from tests.webqa.rating.store.queue_desk import Desk, quick_store
from webqa.rating.config import CampaignConfig
from webqa.rating.errors import Conflict, Unfit, Unknown
from webqa.rating.store import lots, queue
from webqa.rating.store.database import stamp
from webqa.rating.store.tables import Assignment, Campaign, Item, Person, Rating


@pytest.fixture
def store():
    with quick_store() as opened:
        yield opened


# Given out


def test_items_come_in_their_order_and_each_once(store):
    desk = Desk(store, CampaignConfig(raters=2, gold_share=0), items=3)
    given = [[turn.item_id for turn in desk.work_through(who)] for who in range(3)]
    assert given == [[1, 2, 3], [1, 2, 3], []]


def test_asking_again_gives_the_running_turn_from_now_on(store):
    desk = Desk(store)
    first, again = desk.ask(0), desk.ask(0, minutes=59)
    assert (first.id, first.swapped) == (again.id, again.swapped)
    assert again.expires == stamp(later(59 + 60))
    assert desk.ask(1).item_id == 2


def test_nobody_is_given_what_he_wrote_himself(store):
    desk = Desk(store, items=2)
    store.write(lambda session: add_author(session, 1, desk.people[0]))
    assert [turn.item_id for turn in desk.work_through(0)] == [2]
    assert [turn.item_id for turn in desk.work_through(1)] == [1]


def test_campaigns_do_not_mix(store):
    desk, other = Desk(store, items=2), None
    other = store.write(lambda session: add_campaign(session, items=1, name="second"))
    assert len(desk.work_through(0)) == 2
    desk.campaign = other
    assert [turn.item_id for turn in desk.work_through(0)] == [3]


def test_a_closed_campaign_gives_out_nothing_but_takes_what_was_begun(store):
    desk = Desk(store)
    turn = desk.ask(0)
    store.write(lambda session: setattr(session.get(Campaign, 1), "closed", True))
    assert desk.ask(1) is None
    assert desk.ask(0).id == turn.id
    assert desk.submit(turn, "key").revision == 0
    assert desk.ask(0) is None
    with pytest.raises(Conflict, match="closed"):
        desk.do(queue.revise, turn, "{}", "other", 0, later(2))


def test_who_was_shut_out_is_given_nothing(store):
    desk = Desk(store)
    store.write(lambda session: setattr(session.get(Person, desk.people[0]), "active", False))
    with pytest.raises(Unknown, match="no such person"):
        desk.ask(0)


def test_gold_comes_as_often_as_wanted_and_to_everybody(store):
    config = CampaignConfig(gold_share=0.5, raters=2)
    desk = Desk(store, config, people=2, items=30, gold=30)
    for who in range(2):
        done = desk.work_through(who, most=24)
        gold = sum(turn.item_id > 30 for turn in done)
        assert gold == 12
        assert len({turn.item_id for turn in done}) == 24
    with store.reading() as session:
        assert session.scalar(select(func.max(Item.taken)).where(Item.gold)) == 2
        assert not session.scalars(select(Item).where(Item.gold, Item.full)).all()


def test_whoever_does_as_many_as_give_one_gold_item_is_checked():
    """Fails when gold is chance: of 11 tasks with a tenth of gold, a third of people had none."""
    for share, turns in ((0.1, 10), (0.3, 4), (0.7, 2), (1 / 3, 3), (0.05, 20)):
        config = CampaignConfig(gold_share=share)
        for person in range(40):
            gold = [lots.is_gold(config, person, lots.Had(turn, 0, 0)) for turn in range(200)]
            assert any(gold[:turns])
            assert all(sum(gold[: round(10 * done / share)]) == 10 * done for done in range(2))
    tenth = CampaignConfig(gold_share=0.1)
    turns = {
        turn
        for turn in range(10)
        for who in range(99)
        if lots.is_gold(tenth, who, lots.Had(turn, 0, 0))
    }
    assert turns == set(range(10))
    assert not lots.is_gold(CampaignConfig(gold_share=0), 1, lots.Had(0, 0, 0))


def test_without_gold_left_ordinary_items_come(store):
    desk = Desk(store, CampaignConfig(gold_share=1.0), items=2, gold=1)
    assert [turn.item_id for turn in desk.work_through(0)] == [3, 1, 2]


# Drawn


def test_sides_are_even_for_each_person_and_drawn_by_the_seed(store):
    config = CampaignConfig(raters=9, gold_share=0, seed=4)
    desk = Desk(store, config, people=2, items=24)
    sides = [[turn.swapped for turn in desk.work_through(who)] for who in range(2)]
    assert all(abs(2 * sum(of) - 24) <= lots.UNEVEN for of in sides)
    assert sides[0] != sides[1]


def test_the_first_draws_of_many_people_are_even():
    config, none = CampaignConfig(seed=1), lots.Had(0, 0, 0)
    swapped = sum(lots.is_swapped(config, "q1", person, none) for person in range(1000))
    assert 450 < swapped < 550
    again = sum(lots.is_swapped(config, "q1", person, none) for person in range(1000))
    other = [lots.is_swapped(CampaignConfig(seed=2), "q1", person, none) for person in range(99)]
    assert swapped == again
    assert other != [lots.is_swapped(config, "q1", person, none) for person in range(99)]


def test_arms_do_not_follow_the_sides():
    config = CampaignConfig()
    same = sum(
        (lots.drawn(0, "side", "q1", person) < 0.5) == (lots.drawn(0, "arm", "q1", person) < 0.5)
        for person in range(1000)
    )
    assert 450 < same < 550
    assert config.seed == 0


@pytest.mark.parametrize(
    ("assisted", "seen"), [("never", {0}), ("always", {12}), ("by-item", {5, 6, 7})]
)
def test_critiques_are_shown_to_the_arm(store, assisted, seen):
    config = CampaignConfig(assisted=assisted, raters=4, gold_share=0)
    desk = Desk(store, config, people=4, items=12)
    shown = {sum(turn.assisted for turn in desk.work_through(who)) for who in range(4)}
    assert shown <= seen


def test_a_person_stays_in_the_arm_and_arms_are_even(store):
    config = CampaignConfig(assisted="by-rater", raters=9, gold_share=0)
    desk = Desk(store, config, people=9, items=3)
    arms = [{turn.assisted for turn in desk.work_through(who)} for who in range(9)]
    assert all(len(arm) == 1 for arm in arms)
    assert 4 <= sum(True in arm for arm in arms) <= 5
    with store.reading() as session:
        kept = session.scalars(select(Person.assisted).order_by(Person.id)).all()
    assert [{arm} for arm in kept] == arms


# Worked at


def test_an_older_draft_is_refused_and_the_same_one_again_is_not(store):
    desk = Desk(store)
    turn = desk.ask(0)
    assert [desk.draft(turn, 0, "one"), desk.draft(turn, 0, "one")] == [1, 1]
    for version in (0, 2, -1):
        with pytest.raises(Conflict, match="another window"):
            desk.draft(turn, version, "two")
    assert desk.draft(turn, 1, "two") == 2


def test_the_same_form_is_one_rating_and_another_is_refused(store):
    desk = Desk(store)
    turn, other = desk.ask(0), desk.ask(1)
    first = desk.submit(turn, "key")
    assert desk.submit(turn, "key", minutes=9).id == first.id
    with pytest.raises(Conflict, match="submitted already"):
        desk.submit(turn, "another key")
    with pytest.raises(Conflict, match="for another task"):
        desk.submit(other, "key")
    for late in (lambda: desk.draft(turn, 0, "x"), lambda: desk.do(queue.skip, turn, "", START)):
        with pytest.raises(Conflict, match="submitted already"):
            late()


def test_a_rating_keeps_guideline_and_times(store):
    desk = Desk(store)
    turn = desk.ask(0)
    desk.draft(turn, 0, "x", minutes=2, active_ms=90_000)
    made = desk.submit(turn, "key", minutes=3, active_ms=80_000)
    assert (made.guideline, made.schema, made.revision) == ("detailed 1", 1, 0)
    assert (made.wall_ms, made.active_ms) == (180_000, 90_000)
    assert made.created == stamp(later(3))


def test_times_that_cannot_be_are_bounded(store):
    desk = Desk(store)
    turn, early = desk.ask(0), desk.ask(1, minutes=5)
    made = desk.submit(turn, "a", minutes=60 * 24 * 365, active_ms=10**30)
    assert made.wall_ms == made.active_ms == 2**31 - 1
    backwards = desk.submit(early, "b", minutes=4, active_ms=-7)
    assert backwards.wall_ms == backwards.active_ms == 0


def test_a_correction_is_another_rating(store):
    desk = Desk(store)
    turn = desk.ask(0)
    with pytest.raises(Conflict, match="nothing of this task was submitted"):
        desk.do(queue.revise, turn, "{}", "k", 0, later(1))
    desk.submit(turn, "first")
    for number in (1, 2):
        made = desk.do(queue.revise, turn, f'"{number}"', f"again {number}", 0, later(5))
        same = desk.do(queue.revise, turn, f'"{number}"', f"again {number}", 0, later(6))
        assert (made.revision, same.id) == (number, made.id)
    with store.reading() as session:
        rows = session.execute(select(Rating.revision, Rating.judgement).order_by(Rating.id))
        assert rows.all() == [(0, "{}"), (1, '"1"'), (2, '"2"')]
        assert session.get(Item, turn.item_id).taken == 1


def test_what_is_skipped_goes_to_somebody_else_and_never_comes_back(store):
    desk = Desk(store, items=1)
    turn = desk.ask(0)
    desk.do(queue.skip, turn, "the page is in French", later(1))
    desk.do(queue.skip, turn, "once more", later(2))
    assert desk.ask(0) is None
    assert desk.ask(1).item_id == turn.item_id
    with pytest.raises(Conflict, match="skipped"):
        desk.submit(turn, "key")
    with pytest.raises(Conflict, match="skipped"):
        desk.draft(turn, 0, "x")
    with store.reading() as session:
        assert session.get(Assignment, turn.id).reason == "the page is in French"


def test_only_ones_own_assignment_is_found(store):
    desk = Desk(store)
    turn = desk.ask(0)
    with store.reading() as session:
        me, other = (session.get(Person, person) for person in desk.people[:2])
        assert queue.own(session, turn.id, me).id == turn.id
        for person, wrong in ((other, turn.id), (me, "guessed"), (me, "\ud800"), (me, "x" * 9999)):
            with pytest.raises(Unknown, match="no such task of yours"):
                queue.own(session, wrong, person)


def test_what_cannot_be_stored_is_unfit_and_changes_nothing(store):
    desk = Desk(store)
    turn = desk.ask(0)
    for bad in (
        lambda: desk.draft(turn, 0, "a\0b"),
        lambda: desk.do(queue.submit, turn, "\ud800", "key", 0, START),
        lambda: desk.submit(turn, "k" * 101),
        lambda: desk.do(queue.skip, turn, "r" * 1001, START),
    ):
        with pytest.raises(Unfit):
            bad()
    with store.reading() as session:
        assert session.get(Assignment, turn.id).state == "leased"
