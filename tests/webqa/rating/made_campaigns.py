"""Databases with campaigns made by hand, for tests of what is done with them."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from env.records import Answer, Quote, make_page, to_json
from reward.comparisons import identifier
from reward.pairs import Pair
from webqa.rating.campaigns.creating import create
from webqa.rating.campaigns.sources import Collected
from webqa.rating.config import CampaignConfig
from webqa.rating.records import Judgement
from webqa.rating.store.database import open_store, stamp
from webqa.rating.store.tables import Assignment, Item, Person, Rating

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = "word " * 100 + "The sky is blue because air scatters blue light more. " + "tail " * 100
PAGE = make_page("https://sky.example/blue.html", "Sky", TEXT, domain="sky.example")


def quote(text, page=PAGE):
    """Return a quote of a page."""
    start = page.text.index(text)
    return Quote(text, page.title, page.domain, page.url, start, start + len(text), page.sha256)


def pair(number=0, *, first="Air scatters it [1].", second="Nobody knows.", **more):
    """Return a pair of answers to a question of its own."""
    asked = f"Why is the sky blue ({number})?"
    one = Answer(asked, first, (quote("air scatters blue light more"),) if "[1]" in first else ())
    other = Answer(asked, second)
    return Pair(identifier(f"q{number}", one, other), f"q{number}", one, other, **more)


def collected(pairs, *, profile="detailed", gold=(), pages=(PAGE,), **more):
    """Return items made of pairs."""
    made = Collected(profile, {page.sha256: page for page in pages}, **more)
    for one, expected in gold:
        made.pair(one, expected)
    for one in pairs:
        made.pair(one)
    return made


@cache
def empty():
    """Return the bytes of a database without anything in it: made once, for it takes a while."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.db"
        open_store(path).close()
        return path.read_bytes()


def database(folder, items, *, name="sky", people=("Ann", "Bob"), roles=("rater", "reviewer"),
             config=None, **rules):  # fmt: skip
    """Return an open database with a campaign and people."""
    (folder / "ratings.db").write_bytes(empty())
    store = open_store(folder / "ratings.db")
    with store.writing() as session:
        for person, role in zip(people, (*roles, *["rater"] * len(people)), strict=False):
            session.add(Person(name=person, role=role, created=stamp(NOW)))
        session.flush()
        create(session, name, items, config or CampaignConfig(**rules), NOW)
    return store


def submit(session, person, key, judgement, *, swapped=False, active_ms=60_000, revision=0, **more):
    """Add what somebody said of an item, as the page would; return the rating."""
    item = session.scalars(select(Item).where(Item.key == key)).one()
    who = session.scalars(select(Person).where(Person.name == person)).one()
    name = f"{person}-{key}"
    if not revision:
        turn = {"assisted": False, "draft": ""} | more
        session.add(
            Assignment(
                id=name, item_id=item.id, person_id=who.id, state="submitted", swapped=swapped,
                leased=stamp(NOW), expires=stamp(NOW + timedelta(hours=1)), version=1,
                active_ms=active_ms, reason="", **turn,
            )
        )  # fmt: skip
        session.flush()
    content = judgement if isinstance(judgement, str) else to_json(judgement).decode()
    rating = Rating(
        assignment_id=name, revision=revision, key=f"{name}-{revision}", judgement=content,
        guideline="guide 1", active_ms=active_ms, wall_ms=2 * active_ms, created=stamp(NOW),
        schema=1,
    )  # fmt: skip
    session.add(rating)
    session.flush()
    return rating


def said(overall, **more):
    """Return a judgement."""
    return Judgement(overall, **more)
