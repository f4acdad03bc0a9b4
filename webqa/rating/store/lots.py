"""What is drawn for a person's turn: which answer stands left, who sees critiques, when gold comes.

Drawn from the campaign's seed, so that it can be told later, and kept in the assignment. Pure but
for `arm_of`, which keeps a person's arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from hashlib import sha256

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from webqa.rating.config import CampaignConfig
from webqa.rating.store.tables import Assignment, Item, Person

UNEVEN = 2
"""How far two sides, or two arms, may drift apart before the next one is no longer drawn."""


@dataclass(frozen=True, slots=True)
class Had:
    """What a person was given in a campaign so far."""

    turns: int
    swapped: int
    """Of them, those with the second answer left."""
    assisted: int
    """Of them, those with critiques."""


def had(session: Session, person: int, campaign: int) -> Had:
    """Count what a person was given in a campaign."""
    counts = select(
        func.count(),
        func.count(case((Assignment.swapped, 1))),
        func.count(case((Assignment.assisted, 1))),
    )
    own = (Assignment.person_id == person) & (Item.campaign_id == campaign)
    found = session.execute(counts.select_from(Assignment).join(Item).where(own)).one()
    return Had(*found)


def drawn(seed: int, *what: object) -> float:
    """Draw a number from 0 to below 1; the same for the same thing."""
    content = "\0".join(map(str, (seed, *what)))
    return int.from_bytes(sha256(content.encode()).digest()[:7]) / 2**56


def even(share: float, yes: int, total: int) -> bool:
    """Turn a draw into yes or no, never more than UNEVEN apart.

    >>> [even(0.1, yes, 4) for yes in (1, 2, 3)]
    [True, True, False]
    """
    ahead = yes - (total - yes)
    return share < 0.5 if abs(ahead) < UNEVEN else ahead < 0


def is_gold(config: CampaignConfig, person: int, before: Had) -> bool:
    """Tell whether a person's next turn is to be one whose right rating is known.

    Of each 1 / share turns it is one, at a drawn place: whoever does as many is checked.
    """
    if not config.gold_share:
        return False
    some, of = _exact(config.gold_share)
    # The turns of number k begin at k / share, rounded down.
    number = -(-(before.turns + 1) * some // of) - 1
    begin, end = number * of // some, (number + 1) * of // some
    place = int(drawn(config.seed, "gold", person, number) * (end - begin))
    return before.turns == begin + place


@cache
def _exact(share: float) -> tuple[int, int]:
    """Return a share as it was typed: a tenth, which no float is, as 1 of 10."""
    return Fraction(str(share)).as_integer_ratio()


def is_swapped(config: CampaignConfig, item: str, person: int, before: Had) -> bool:
    """Tell whether the second answer stands left."""
    return even(drawn(config.seed, "side", item, person), before.swapped, before.turns)


def is_assisted(
    session: Session, config: CampaignConfig, item: str, person: Person, before: Had
) -> bool:
    """Tell whether critiques are shown in this turn."""
    match config.assisted:
        case "by-rater":
            return arm_of(session, config, person)
        case "by-item":
            return even(drawn(config.seed, "arm", item, person.id), before.assisted, before.turns)
        case fixed:
            return fixed == "always"


def arm_of(session: Session, config: CampaignConfig, person: Person) -> bool:
    """Return a person's arm in trials that randomise people, drawn at the first of them."""
    if person.assisted is None:
        counts = select(
            func.count(Person.assisted), func.count(case((Person.assisted.is_(True), 1)))
        )
        total, yes = session.execute(counts).one()
        person.assisted = even(drawn(config.seed, "arm", person.id), yes, total)
    return person.assisted
