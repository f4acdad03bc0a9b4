"""Campaigns: created from items, their order and their complete tasks drawn; found; closed.

What items are made from stands in `sources`; who is given which one in `queue`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, insert, select

from env.errors import ConfigError
from env.records import from_json, to_json
from webqa.rating.campaigns.guiding import Guideline, read_guideline
from webqa.rating.campaigns.sources import NewItem
from webqa.rating.config import CampaignConfig
from webqa.rating.errors import Unknown
from webqa.rating.records import Demonstration, Task
from webqa.rating.store.database import note_event, stamp
from webqa.rating.store.names import folded, one_form
from webqa.rating.store.rules import check_rules, rules
from webqa.rating.store.tables import Assignment, Author, Campaign, Item, Person, Rating

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BATCH = 500
"""Items that are written at once."""
NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Created:
    """What a new campaign holds."""

    id: int
    name: str
    items: int
    gold: int
    complete: int
    """Items on which every part must be filled in."""
    authored: int
    """Items that somebody will not be given, who wrote one of the answers."""


@dataclass(frozen=True, slots=True)
class _Id:
    id: str


def create(
    session: Session,
    name: str,
    items: Sequence[NewItem],
    config: CampaignConfig,
    now: datetime,
    *,
    guideline: Guideline | None = None,
    authors: Mapping[str, str] | None = None,
) -> Created:
    """Create a campaign; its order and its complete tasks are drawn from the seed.

    Args:
        session: of a writing transaction.
        name: which no other campaign has, not in another form of Unicode or other case either.
        items: each key once.
        config: its rules.
        now: when.
        guideline: what people are told; None: our own for such a campaign.
        authors: names of those who wrote episodes, by the episode's id, besides those whose
            demonstrations are in this database.

    Raises:
        ConfigError: the name is taken, there is no item, or the rules make no sense.
    """
    check_plan(name, config)
    check_items(items, config)
    name = one_form(name)
    check_name(session, name)
    shown = guideline or read_guideline(config.kind, config.profile)
    campaign = Campaign(
        name=name,
        kind=config.kind,
        settings=to_json(config).decode(),
        guideline=shown.version,
        created=stamp(now),
        closed=False,
    )
    session.add(campaign)
    session.flush()
    rows = _rows(campaign.id, items, config)
    for start in range(0, len(rows), BATCH):
        session.execute(insert(Item), rows[start : start + BATCH])
    authored = _add_authors(session, campaign.id, items, authors or {})
    gold = sum(one.expected is not None for one in items)
    complete = sum(row["complete"] for row in rows)
    note_event(session, "created", now, campaign=name, items=len(items), gold=gold)
    return Created(campaign.id, name, len(items) - gold, gold, complete, authored)


def check_name(session: Session, name: str) -> None:
    """Refuse a name that a campaign of a database has already, or another form of it.

    Raises:
        ConfigError: there is such a campaign.
    """
    same = (one for one in session.scalars(select(Campaign.name)) if folded(one) == folded(name))
    if found := next(same, None):
        raise ConfigError(f"there is a campaign {found!r} already: choose another name")


def check_plan(name: str, config: CampaignConfig) -> None:
    """Refuse a campaign that could not be worked on, whatever its items.

    Raises:
        ConfigError: says what is wrong.
    """
    if not name.isprintable() or not 1 <= len(one_form(name)) <= NAME_LENGTH:
        raise ConfigError(
            f"a campaign needs a name of at most {NAME_LENGTH} characters on one line"
        )
    check_rules(config)


def check_items(items: Sequence[NewItem], config: CampaignConfig) -> None:
    """Refuse items that a campaign cannot hold, or of which none is left.

    Raises:
        ConfigError: says what is wrong.
    """
    kinds = {type(one.content) for one in items}
    if kinds - {Demonstration if config.kind == "demonstrate" else Task}:
        raise ConfigError(f"a campaign of kind {config.kind} cannot hold such items")
    if all(one.expected is not None for one in items):
        raise ConfigError("no item is left to be worked on: see what was left out")


def campaign_named(session: Session, name: str = "") -> Campaign:
    """Return a campaign, also by another form of its name; without a name the only one there is.

    Raises:
        Unknown: there is none of this name, or several and none is named.
    """
    found = list(session.scalars(select(Campaign).order_by(Campaign.id)))
    exact = [one for one in found if one.name == name or not name]
    chosen = exact or [one for one in found if folded(one.name) == folded(name)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(one.name for one in found) or "none yet, see webqa rate create"
    asked = f"no campaign is called {name!r}" if name else "name the campaign"
    raise Unknown(f"{asked}; there are: {names}")


def renew_guidelines(session: Session, now: datetime) -> list[str]:
    """Note that another edition of our guidelines is shown from now on; return of which campaigns.

    To be called when the page is served: what was said before keeps the edition that was shown.
    """
    renewed = []
    for campaign in session.scalars(select(Campaign)):
        config = rules(campaign)
        shown = read_guideline(config.kind, config.profile)
        if campaign.guideline != shown.version:
            before, campaign.guideline = campaign.guideline, shown.version
            note_event(
                session, "renewed", now, campaign=campaign.name, old=before, new=shown.version
            )
            renewed.append(campaign.name)
    return renewed


def close(session: Session, campaign: Campaign, now: datetime, *, closed: bool = True) -> int:
    """Hand out no more items of a campaign, or go on with it; what was begun may be finished.

    Returns:
        How many people have begun something.
    """
    campaign.closed = closed
    note_event(session, "closed" if closed else "reopened", now, campaign=campaign.name)
    running = and_(Assignment.state == "leased", Assignment.expires > stamp(now))
    people = select(func.count(Assignment.person_id.distinct())).join(Item)
    return session.scalar(people.where(Item.campaign_id == campaign.id, running)) or 0


def _rows(campaign: int, items: Sequence[NewItem], config: CampaignConfig) -> list[dict[str, Any]]:
    """Return the rows of items, with a place and complete ones that the seed decides."""
    draw = Random(f"campaign {config.seed}")
    places = list(range(len(items)))
    draw.shuffle(places)
    share = config.complete if config.kind == "compare" else 0
    complete = set(draw.sample(range(len(items)), round(share * len(items))))
    return [
        {
            "campaign_id": campaign,
            "key": one.key,
            "content": to_json(one.content).decode(),
            "position": places[number],
            "wanted": config.raters,
            "taken": 0,
            "full": False,
            "gold": one.expected is not None,
            "expected": one.expected,
            "complete": number in complete,
            "settled": "",
        }
        for number, one in enumerate(items)
    ]


def _add_authors(
    session: Session, campaign: int, items: Sequence[NewItem], named: Mapping[str, str]
) -> int:
    """Note who wrote an answer of which item; return of how many items."""
    found = session.execute(select(Person.name, Person.id))
    people = {folded(name): number for name, number in found}
    known = ((episode, people.get(folded(name))) for episode, name in named.items())
    authors = {episode: person for episode, person in known if person is not None}
    authors |= _demonstrators(session)
    if not authors:
        return 0
    keys = session.execute(select(Item.key, Item.id).where(Item.campaign_id == campaign))
    ids = {key: number for key, number in keys}
    rows = {
        (ids[one.key], authors[episode])
        for one in items
        for episode in _episodes(one)
        if episode in authors
    }
    if rows:
        made = [{"item_id": item, "person_id": person} for item, person in sorted(rows)]
        session.execute(insert(Author), made)
    return len({item for item, _ in rows})


def _demonstrators(session: Session) -> dict[str, int]:
    """Return who made the demonstrations in this database, by the episode's id."""
    found = session.execute(
        select(Rating.judgement, Assignment.person_id)
        .join(Assignment, Rating.assignment_id == Assignment.id)
        .join(Item, Assignment.item_id == Item.id)
        .join(Campaign, Item.campaign_id == Campaign.id)
        .where(Campaign.kind == "demonstrate")
    )
    return {from_json(episode, _Id).id: person for episode, person in found}


def _episodes(item: NewItem) -> Iterable[str]:
    if isinstance(item.content, Demonstration):
        return ()
    return item.content.pair.first_episode, item.content.pair.second_episode
