"""Rows for the tests of the rating page's store: campaigns, items and people, made in a line."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from env.records import to_json
from webqa.rating.config import CampaignConfig
from webqa.rating.store.database import stamp
from webqa.rating.store.tables import Author, Campaign, Item, Person

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def later(minutes):
    """Return a time after the start."""
    return START + timedelta(minutes=minutes)


def add_campaign(session, config=CampaignConfig(), *, items=3, gold=0, name="first"):  # noqa: B008
    """Add a campaign of items 0, 1, 2 ..., the last ones gold, and return its id."""
    campaign = Campaign(
        name=name,
        kind=config.kind,
        settings=to_json(config).decode(),
        guideline="detailed 1",
        created=stamp(START),
    )
    session.add(campaign)
    session.flush()
    for place in range(items + gold):
        is_gold = place >= items
        session.add(
            Item(
                campaign_id=campaign.id,
                key=f"q{place}",
                content="{}",
                position=place,
                wanted=config.raters,
                gold=is_gold,
                expected=1 if is_gold else None,
            )
        )
    session.flush()
    return campaign.id


def add_people(session, count):
    """Add raters and return their ids."""
    rows = [
        Person(name=f"rater {number}", role="rater", created=stamp(START))
        for number in range(count)
    ]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def add_author(session, item, person):
    """Say that a person wrote an answer of an item."""
    session.add(Author(item_id=item, person_id=person))


def add_person(session, name="somebody"):
    """Add a rater."""
    session.add(Person(name=name, role="rater", created=stamp(START)))
    session.flush()


def people(store):
    """Return the names of all people, in the order in which they came."""
    with store.reading() as session:
        return session.scalars(select(Person.name).order_by(Person.id)).all()
