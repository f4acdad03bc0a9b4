"""Where people begin and come back to: the campaigns there are, and what they did in each."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from webqa.rating.campaigns.guiding import Guideline, read_guideline
from webqa.rating.errors import SignInNeeded, Unknown
from webqa.rating.site.endpoints import Services, find_campaign, go_to, services, text_of, visitor
from webqa.rating.site.standing import Standing, standing
from webqa.rating.site.templating import render
from webqa.rating.store import queue
from webqa.rating.store.rules import rules
from webqa.rating.store.tables import Assignment, Campaign, Item, Rating


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
    served: bool
    """Whether this server can give tasks of its kind."""
    standing: Standing
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
        listed = [_listed(services(request), session, one, person.id) for one in campaigns]
    shown = [one for one in listed if not one.closed or any(one.standing)]
    return render(request, "home.html", campaigns=shown)


def campaign(request: Request) -> Response:
    """Show one campaign: what was done, and the button to go on."""
    person = visitor(request)
    with services(request).store.reading() as session:
        found = find_campaign(session, request.path_params["campaign"])
        listed = _listed(services(request), session, found, person.id)
        done = _done(session, found.id, person.id)
    return render(request, "campaign.html", campaign=listed, done=done)


def following(request: Request, form: FormData) -> Response:
    """Give the next task."""
    return after(request, form, request.path_params["campaign"])


def after(request: Request, form: FormData, campaign: int) -> Response:
    """Send on who is done with something: to the next task, or back to the campaign."""
    rest = text_of(form, "then") == "rest"
    return go_to(request, f"/campaign/{campaign}" if rest else _next(request, campaign))


def _next(request: Request, campaign: int) -> str:
    """Take the next task of a campaign, and return where it is; the campaign, if none is left."""
    person, now = visitor(request), services(request).now()

    def work(session: Session) -> str:
        found = find_campaign(session, campaign)
        if not _is_served(services(request), found):
            raise Unknown("this campaign is not served here: whoever serves it has to give --web")
        turn = queue.next_assignment(session, person, found, rules(found), now)
        if turn is None:
            return f"/campaign/{campaign}"
        return f"/{'task' if found.kind == 'compare' else 'demonstrate'}/{turn.id}"

    return services(request).store.write(work)


def _listed(made_with: Services, session: Session, found: Campaign, person: int) -> Listed:
    config, so_far = rules(found), standing(session, found, person)
    return Listed(
        found.id,
        found.name,
        found.kind,
        found.closed,
        _is_served(made_with, found),
        so_far,
        config.completion_code if so_far.submitted and not so_far.open else "",
        read_guideline(config.kind, config.profile),
    )


def _is_served(made_with: Services, found: Campaign) -> bool:
    return found.kind == "compare" or made_with.lets_browse


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
