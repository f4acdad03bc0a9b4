"""A campaign that people work at, in a line each; and a store in memory for it."""

import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from tests.webqa.rating.rating_rows import add_campaign, add_people, later
from webqa.rating.config import CampaignConfig
from webqa.rating.store import queue
from webqa.rating.store.database import open_store
from webqa.rating.store.tables import Assignment, Campaign, Item, Person, Rating


@contextmanager
def quick_store():
    """Open a new store, in memory where there is such a folder: few tests are about the disk."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = tempfile.TemporaryDirectory(dir=memory)
    with folder as name, open_store(Path(name) / "ratings.db") as opened:
        yield opened


class Desk:
    """A campaign in a store, worked at by people in a line each."""

    def __init__(self, store, config=CampaignConfig(gold_share=0), people=3, **made):  # noqa: B008
        self.store, self.config = store, config
        self.campaign = store.write(lambda session: add_campaign(session, config, **made))
        self.people = store.write(lambda session: add_people(session, people))

    def ask(self, who, minutes=0.0):
        def work(session):
            person = session.get(Person, self.people[who])
            campaign = session.get(Campaign, self.campaign)
            return queue.next_assignment(session, person, campaign, self.config, later(minutes))

        return self.store.write(work)

    def do(self, what, turn, *rest):
        def work(session):
            return what(session, session.get(Assignment, turn.id), *rest)

        return self.store.write(work)

    def submit(self, turn, key, minutes=1.0, active_ms=0):
        return self.do(queue.submit, turn, "{}", key, active_ms, later(minutes))

    def draft(self, turn, version, said, minutes=1.0, active_ms=0):
        return self.do(queue.save_draft, turn, version, said, active_ms, later(minutes))

    def work_through(self, who, most=10_000):
        """Ask and submit until nothing is left; return what was done."""
        done = []
        while len(done) < most and (turn := self.ask(who)):
            self.submit(turn, f"{turn.id} key")
            done.append(turn)
        return done

    def counts(self):
        """Return how many ratings each item has that is no gold."""
        with self.store.reading() as session:
            made = select(Item.id, func.count(Rating.id)).outerjoin(
                Assignment, Assignment.item_id == Item.id
            )
            rated = made.outerjoin(Rating, Rating.assignment_id == Assignment.id)
            return Counter(
                count for _, count in session.execute(rated.where(~Item.gold).group_by(Item.id))
            )
