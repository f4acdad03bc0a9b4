"""Where people begin and come back to: the campaigns there are, and what they did in each."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from webqa.rating.campaigns.creating import rules
from webqa.rating.campaigns.guiding import Guideline, as_html, read_guideline
from webqa.rating.errors import SignInNeeded, Unknown
from webqa.rating.site.endpoints import go_to, services, visitor
from webqa.rating.site.templating import render
from webqa.rating.store import queue
from webqa.rating.store.tables import Assignment, Author, Campaign, Item, Rating


@dataclass(frozen=True, slots=True)
class Done:
    """A task that a person submitted."""

    assignment: str
    number: int
    """In the order in which they were submitted, from 1."""
    created: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign as one person sees it."""

    id: int
    name: str
    kind: str
    closed: bool
    submitted: int
    left: bool
    """Whether there is something for this person to do."""
    code: str
    """What a payment platform is told, once nothing is left; empty before, or without one."""
    guideline: Guideline


def home(request: Request) -> Response:
    """Show the campaigns; to somebody who is not signed in, how to get in."""
    try:
        person = visitor(request)
    except SignInNeeded as error:
        return render(request, "welcome.html", status=error.status)
    with services(request).store.reading() as session:
        campaigns = session.scalars(select(Campaign).order_by(Campaign.id))
        listed = [_listed(session, one, person.id) for one in campaigns]
    shown = [one for one in listed if one.submitted or not one.closed]
    return render(request, "home.html", campaigns=shown)


def campaign(request: Request) -> Response:
    """Show one campaign: what was done, and the button to go on."""
    person = visitor(request)
    with services(request).store.reading() as session:
        found = _campaign(session, request)
        listed = _listed(session, found, person.id)
        done = _done(session, found.id, person.id)
    html = Markup(as_html(listed.guideline))  # ours, and markup in it is text
    return render(request, "campaign.html", campaign=listed, done=done, guideline_html=html)


def following(request: Request, _: FormData) -> Response:
    """Give the next task."""
    return go_to(request, next_address(request, request.path_params["campaign"]))


def next_address(request: Request, campaign: int) -> str:
    """Take the next task of a campaign, and return where it is; the campaign, if none is left."""
    person, now = visitor(request), services(request).now()

    def work(session: Session) -> str:
        found = session.get(Campaign, campaign)
        if found is None:
            raise Unknown("there is no such campaign")
        turn = queue.next_assignment(session, person, found, rules(found), now)
        if turn is None:
            return f"/campaign/{campaign}"
        return f"/{'task' if found.kind == 'compare' else 'demonstrate'}/{turn.id}"

    return services(request).store.write(work)


def after(request: Request, campaign: int, *, rest: bool) -> Response:
    """Send on who submitted something: to the next task, or back to the campaign."""
    return go_to(request, f"/campaign/{campaign}" if rest else next_address(request, campaign))


def _campaign(session: Session, request: Request) -> Campaign:
    found = session.get(Campaign, request.path_params["campaign"])
    if found is None:
        raise Unknown("there is no such campaign")
    return found


def _listed(session: Session, found: Campaign, person: int) -> Listed:
    config = rules(found)
    submitted = session.scalar(
        select(func.count())
        .select_from(Assignment)
        .join(Item)
        .where(
            Item.campaign_id == found.id,
            Assignment.person_id == person,
            Assignment.state == "submitted",
        )
    )
    left = not found.closed and _is_left(session, found.id, person)
    return Listed(
        found.id,
        found.name,
        found.kind,
        found.closed,
        submitted or 0,
        left,
        config.completion_code if submitted and not left else "",
        read_guideline(config.kind, config.profile),
    )


def _is_left(session: Session, campaign: int, person: int) -> bool:
    """Tell whether a person has a task running, or could be given one."""
    turn = exists().where(Assignment.item_id == Item.id, Assignment.person_id == person)
    wrote = exists().where(Author.item_id == Item.id, Author.person_id == person)
    running = turn.where(Assignment.state == "leased")
    resumed = turn.where(Assignment.state == "expired")
    free = ~Item.full & ~Item.gold & ~wrote & or_(~turn, resumed)
    found = select(Item.id).where(Item.campaign_id == campaign, or_(running, free)).limit(1)
    return session.scalar(found) is not None


def _done(session: Session, campaign: int, person: int) -> list[Done]:
    rows = session.execute(
        select(Assignment.id, func.min(Rating.created))
        .join(Item, Item.id == Assignment.item_id)
        .join(Rating, Rating.assignment_id == Assignment.id)
        .where(Item.campaign_id == campaign, Assignment.person_id == person)
        .group_by(Assignment.id)
        .order_by(func.min(Rating.created))
    )
    found = [Done(turn, number, created) for number, (turn, created) in enumerate(rows, start=1)]
    return found[::-1]
