"""What reviewers see: how far campaigns are, how people work and agree, and what is to be settled.

Nothing here tells a reviewer either where an answer comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from env.records import from_json
from webqa.drawing import HEIGHT, WIDTH, Curve, Drawing, Figure, Point, draw
from webqa.rating.campaigns.settling import settle, withdraw
from webqa.rating.errors import Unknown
from webqa.rating.records import Judgement, Task
from webqa.rating.results.agreeing import agreements, disagreements
from webqa.rating.results.progress import progress
from webqa.rating.results.reading import latest_of
from webqa.rating.site.endpoints import find_campaign, go_to, reviewer, services
from webqa.rating.site.forms import Asked, read_judgement
from webqa.rating.site.showing import AXIS_WORDS, FLAG_WORDS, STEPS, show
from webqa.rating.site.templating import render
from webqa.rating.store.rules import rules
from webqa.rating.store.tables import Campaign, Item, Person

MOST_SAID = 100
"""Ratings of one item that are shown: a gold item may have hundreds."""
MOST_APART = 100
"""Disagreements that are shown: what is settled makes room for the next."""
STEP_WORDS = dict(STEPS)
AXIS_TITLES = {"overall": "Overall"} | {axis: words[0] for axis, words in AXIS_WORDS.items()}


@dataclass(frozen=True, slots=True)
class Said:
    """What one person said of an item."""

    name: str
    judgement: Judgement


def overview(request: Request) -> Response:
    """Show how far each campaign is."""
    reviewer(request)
    now = services(request).now()
    with services(request).store.reading() as session:
        found = session.scalars(select(Campaign).order_by(Campaign.id)).all()
        shown = [progress(session, one, now) for one in found]
    return render(request, "dashboard.html", campaigns=shown)


def campaign(request: Request) -> Response:
    """Show one campaign: people, agreement, disagreements."""
    reviewer(request)
    now = services(request).now()
    with services(request).store.reading() as session:
        found = find_campaign(session, request.path_params["campaign"])
        shown = progress(session, found, now)
        agreed, apart = agreements(session, found), disagreements(session, found)
    return render(
        request,
        "progress.html",
        campaign=shown,
        agreements=agreed,
        disagreements=apart[:MOST_APART],
        apart=len(apart),
        drawing=drawing(shown.days, shown.wanted),
        width=WIDTH,
        height=HEIGHT,
        flags=FLAG_WORDS,
        steps=STEP_WORDS,
        axes=AXIS_TITLES,
    )


def item(request: Request) -> Response:
    """Show what everybody said of one item, and the form that settles it."""
    reviewer(request)
    with services(request).store.reading() as session:
        found, owner = _item(session, request)
        said = _said(session, found)
        asked = _asked(found, owner)
        settled = from_json(found.settled, Judgement) if found.settled else Judgement()
        by = session.get(Person, found.settled_by) if found.settled else None
    return render(
        request,
        "item.html",
        item=found.id,
        campaign=owner,
        asked=asked,
        said=said[:MOST_SAID],
        more=len(said) > MOST_SAID,
        shown=show(asked, settled),
        settled=bool(found.settled),
        by=by.name if by else "",
        on=found.settled_at[:10],
        steps=STEPS,
        words=STEP_WORDS,
        flags=FLAG_WORDS,
    )


def settled(request: Request, form: FormData) -> Response:
    """Take a reviewer's judgement of an item, in place of an earlier one; or take that one back."""
    by, now = reviewer(request), services(request).now()

    def work(session: Session) -> int:
        found, owner = _item(session, request)
        person = session.get_one(Person, by.id)
        if "withdraw" in form:
            withdraw(session, found, person, now)
        else:
            settle(session, found, read_judgement(form, _asked(found, owner)), person, now)
        return owner.id

    return go_to(request, f"/dashboard/{services(request).store.write(work)}")


def drawing(days: Mapping[str, int], wanted: int) -> Drawing | None:
    """Return the curve of ratings over days; None before the second day."""
    if len(days) < 2:
        return None
    first = date.fromisoformat(min(days))
    totals = zip(days, accumulate(days.values()), strict=True)
    points = (Point((date.fromisoformat(day) - first).days, total) for day, total in totals)
    curves = (Curve("ratings", tuple(points)),)
    return draw(Figure("Ratings", f"{wanted:,} are wanted", f"days after {first}", curves))


def _item(session: Session, request: Request) -> tuple[Item, Campaign]:
    found = session.get(Item, request.path_params["item"])
    owner = session.get(Campaign, found.campaign_id) if found else None
    if found is None or owner is None or owner.kind != "compare":
        raise Unknown("there is no such pair")
    return found, owner


def _asked(found: Item, owner: Campaign) -> Asked:
    return Asked(from_json(found.content, Task), False, rules(owner).profile)


def _said(session: Session, found: Item) -> list[Said]:
    return [
        Said(row.Person.name, from_json(row.Rating.judgement, Judgement))
        for row in latest_of(session, found.id, MOST_SAID + 1)
    ]
