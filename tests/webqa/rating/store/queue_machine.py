"""The queue as a state machine: whatever people do in whatever order, its promises hold.

Played on any store; what was acknowledged is kept beside it and compared after each step.
"""

import json

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import delete, func, select

from tests.webqa.rating.rating_rows import add_author, add_campaign, add_people, later
from webqa.rating.config import CampaignConfig
from webqa.rating.errors import Conflict, Unknown
from webqa.rating.store import queue
from webqa.rating.store.database import stamp
from webqa.rating.store.leases import reclaim
from webqa.rating.store.tables import (
    Assignment,
    Author,
    Base,
    Campaign,
    Event,
    Item,
    Person,
    Rating,
)

PEOPLE, ITEMS, LEASE = 4, 3, 60
RULES = CampaignConfig(lease_minutes=LEASE, gold_share=0.3, assisted="by-item")
WHO = st.integers(0, PEOPLE - 1)
WHICH = st.integers(0, 50)


class QueueMachine(RuleBasedStateMachine):
    """Four people; three items, one of them for two raters and the others for one; a gold item."""

    def __init__(self, store):
        super().__init__()
        self.store, self.minutes = store, 0.0
        self.mine = {who: [] for who in range(PEOPLE)}  # ids, in the order they were given
        self.drafts, self.ratings, self.sides, self.skipped = {}, {}, {}, set()
        store.write(self.begin)

    def begin(self, session):
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
        self.campaign = add_campaign(session, RULES, items=ITEMS, gold=1)
        self.people = add_people(session, PEOPLE)
        ids = select(Item.id).order_by(Item.position)
        self.items = session.scalars(ids).all()
        add_author(session, self.items[0], self.people[0])
        session.get(Item, self.items[1]).wanted = 2

    @property
    def now(self):
        return later(self.minutes)

    def person(self, session, who):
        return session.get(Person, self.people[who])

    def campaign_in(self, session):
        return session.get(Campaign, self.campaign)

    def pick(self, who, which):
        """Return one of the assignments that a person was given."""
        return self.mine[who][which % len(self.mine[who])] if self.mine[who] else None

    def state(self, one):
        with self.store.reading() as session:
            found = session.get(Assignment, one)
            return found.state, session.get(Item, found.item_id)

    def has_place(self, one):
        """Tell whether work on an assignment can still be kept."""
        state, item = self.state(one)
        free = item.gold or item.taken < item.wanted
        return state == "leased" or (state == "expired" and free)

    @rule(who=WHO)
    def ask(self, who):
        def work(session):
            person, campaign = self.person(session, who), self.campaign_in(session)
            return queue.next_assignment(session, person, campaign, RULES, self.now)

        found = self.store.write(work)
        if found is None:
            return
        assert found.state == "leased"
        assert found.person_id == self.people[who]
        assert not any(found.id in self.mine[other] for other in range(PEOPLE) if other != who)
        assert found.id not in self.ratings
        assert found.id not in self.skipped
        sides = self.sides.setdefault(found.id, (found.swapped, found.assisted))
        assert sides == (found.swapped, found.assisted)
        if found.id not in self.mine[who]:
            self.mine[who].append(found.id)

    @rule(who=WHO, which=WHICH, stale=st.booleans())
    def draft(self, who, which, stale):
        if (one := self.pick(who, which)) is None:
            return
        version = self.drafts.get(one, (0, ""))[0]
        kept = self.has_place(one) and not stale

        def work(session, text=f"draft {version}"):
            mine = queue.own(session, one, self.person(session, who))
            asked = version - 2 if stale else version
            return queue.save_draft(session, mine, asked, text, 0, self.now)

        try:
            saved = self.store.write(work)
        except Conflict:
            assert not kept
            return
        assert kept
        self.drafts[one] = (saved, f"draft {version}")
        # The same once more, as when the reply was lost: nothing changes.
        assert self.store.write(work) == saved == version + 1

    @rule(who=WHO, which=WHICH, key=st.sampled_from(("a", "b")))
    def submit(self, who, which, key):
        if (one := self.pick(who, which)) is None:
            return
        kept, done = self.has_place(one), self.ratings.get(one)
        key = f"{one} {key}"

        def work(session):
            mine = queue.own(session, one, self.person(session, who))
            return queue.submit(session, mine, f"judged {key}", key, 0, self.now)

        try:
            made = self.store.write(work)
        except Conflict:
            assert not kept
            assert done is None or done[0] != key
            return
        assert kept or done[0] == key
        assert self.ratings.setdefault(one, (key, made.id)) == (key, made.id)

    @rule(who=WHO, which=WHICH)
    def skip(self, who, which):
        if (one := self.pick(who, which)) is None:
            return
        state, _ = self.state(one)

        def work(session):
            mine = queue.own(session, one, self.person(session, who))
            queue.skip(session, mine, "too long", self.now)

        try:
            self.store.write(work)
        except Conflict:
            assert state == "submitted"
            return
        assert state != "submitted"
        self.skipped.add(one)

    @rule(minutes=st.sampled_from((1, LEASE / 2, LEASE, LEASE * 2)))
    def wait(self, minutes):
        self.minutes += minutes

    @rule(who=WHO)
    def go_to_lunch(self, who):
        """One's time runs out, and all others ask: what is said afterwards may come too late."""
        self.minutes += LEASE
        for other in range(PEOPLE):
            if other != who:
                self.ask(other)

    @rule()
    def close_for_a_while(self):
        """Meanwhile everybody can go on with what he has begun, and nobody begins anything."""
        before = {who: list(given) for who, given in self.mine.items()}
        self.store.write(lambda session: setattr(self.campaign_in(session), "closed", True))
        for who in range(PEOPLE):
            self.ask(who)
        assert self.mine == before
        self.store.write(lambda session: setattr(self.campaign_in(session), "closed", False))

    @rule()
    def reclaim(self):
        self.store.write(lambda session: reclaim(session, self.now))
        with self.store.reading() as session:
            running = select(Assignment.expires).where(Assignment.state == "leased")
            assert all(expires > stamp(self.now) for expires in session.scalars(running))

    @precondition(lambda self: any(self.mine.values()))
    @rule(who=WHO, other=WHO, which=WHICH)
    def look_at_anothers(self, who, other, which):
        one = self.pick(other, which)
        if who == other or one is None:
            return
        with self.store.reading() as session:
            for wrong in (one, "", "x" * 1000, "\0", f"{one} "):
                try:
                    queue.own(session, wrong, self.person(session, who))
                except Unknown:
                    continue
                raise AssertionError(f"{wrong!r} was given to somebody else")

    @invariant()
    def the_counts_are_true(self):
        with self.store.reading() as session:
            held = Assignment.state.in_(("leased", "submitted"))
            counted = select(Assignment.item_id, func.count()).where(held)
            rows = session.execute(counted.group_by(Assignment.item_id))
            places = {item: count for item, count in rows}
            for item in session.scalars(select(Item)):
                assert item.taken == places.get(item.id, 0)
                assert item.full == (not item.gold and item.taken >= item.wanted)
                assert item.gold or item.taken <= item.wanted

    @invariant()
    def nobody_rates_twice_or_ones_own(self):
        with self.store.reading() as session:
            pairs = session.execute(select(Assignment.item_id, Assignment.person_id)).all()
            authors = session.execute(select(Author.item_id, Author.person_id)).all()
            assert len(set(pairs)) == len(pairs)
            assert not set(pairs) & set(authors)

    @invariant()
    def sides_are_even(self):
        for given in self.mine.values():
            for part in (0, 1):
                yes = sum(self.sides[one][part] for one in given)
                assert abs(2 * yes - len(given)) <= 2

    @invariant()
    def nothing_acknowledged_is_lost(self):
        with self.store.reading() as session:
            kept = select(Rating.assignment_id, Rating.key, Rating.id, Rating.judgement)
            found = {one: (key, made, text) for one, key, made, text in session.execute(kept)}
            told = {one: (key, made, f"judged {key}") for one, (key, made) in self.ratings.items()}
            assert found == told
            for one, (version, text) in self.drafts.items():
                mine = session.get(Assignment, one)
                assert (mine.version, mine.draft) == (version, text)

    @invariant()
    def every_change_is_an_event(self):
        """The last one of an assignment tells its state; there is one of each that ends it."""
        with self.store.reading() as session:
            told = [
                (json.loads(one.content)["assignment"], one.kind)
                for one in session.scalars(select(Event).order_by(Event.id))
            ]
            rows = session.execute(select(Assignment.id, Assignment.state))
            states = {one: state for one, state in rows}
        assert dict(told) == states
        ends = [one for one, kind in told if kind in ("submitted", "skipped")]
        assert sorted(ends) == sorted([*self.ratings, *self.skipped])

    def teardown(self):
        """All go on until nothing is left: whoever could still rate an item has had it."""
        self.minutes += 10 * LEASE
        for who in range(PEOPLE):
            for _ in range(ITEMS + 2):
                self.ask(who)
                for one in list(self.mine[who]):
                    if self.state(one)[0] == "leased":
                        self.submit(who, self.mine[who].index(one), "a")
        self.the_counts_are_true()
        with self.store.reading() as session:
            for item in session.scalars(select(Item).where(~Item.full, ~Item.gold)):
                had = session.scalars(
                    select(Assignment.person_id).where(Assignment.item_id == item.id)
                ).all()
                wrote = session.scalars(
                    select(Author.person_id).where(Author.item_id == item.id)
                ).all()
                assert {*had, *wrote} == set(self.people)
