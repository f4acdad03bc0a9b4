"""The page on which two answers are compared, and what is posted from it.

Every reply about a task is for the person whose task it is; to anybody else there is no such task.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from env.records import from_json, to_json
from webqa.rating.campaigns.guiding import read_guideline
from webqa.rating.errors import Conflict, Unfit
from webqa.rating.records import Judgement, Task
from webqa.rating.site.endpoints import (
    count_of,
    services,
    text_of,
    visitor,
    wants_json,
)
from webqa.rating.site.forms import Asked, read_judgement, without_blanks
from webqa.rating.site.home import after
from webqa.rating.site.missing import Missing, missing
from webqa.rating.site.showing import FLAG_WORDS, STEPS, ShownClaim, show
from webqa.rating.site.standing import CampaignName, Standing, standing
from webqa.rating.site.templating import render
from webqa.rating.store import queue
from webqa.rating.store.rules import rules
from webqa.rating.store.tables import Assignment, Campaign, Item, Rating

REASONS = (
    "I do not know enough about this",
    "It would take too long",
    "The page does not work",
    "I would rather not read this",
    "Something else",
)
LONGEST_REASON = 600
BLANK = ShownClaim(0, 0, "", own=True)


@dataclass(frozen=True, slots=True)
class Turn:
    """A person's turn at a task, as it is stored."""

    id: str
    state: str
    version: int
    active_ms: int
    campaign: CampaignName
    standing: Standing
    asked: Asked
    said: Judgement
    """The draft, or what was submitted last."""


def task(request: Request) -> Response:
    """Show a task, with what was said of it so far."""
    with services(request).store.reading() as session:
        assignment = _own(request, session)
        kind = _campaign(session, assignment).kind
        turn = _turn(session, assignment) if kind == "compare" else None
        is_over = assignment.state == "skipped" or _is_gone(session, assignment)
    if turn is None:
        return RedirectResponse(f"/demonstrate/{assignment.id}", 303)
    if is_over:
        return render(request, "over.html", status=409, turn=turn)
    return _page(request, turn)


def draft(request: Request, form: FormData) -> Response:
    """Save what was said so far; it may lack anything."""
    now = services(request).now()

    def work(session: Session) -> int:
        assignment = _own(request, session)
        asked = _asked(session, assignment)
        said = to_json(read_judgement(form, asked)).decode()
        version, active = count_of(form, "version"), count_of(form, "active_ms")
        return queue.save_draft(session, assignment, version, said, active, now)

    try:
        version = services(request).store.write(work)
    except Conflict as error:
        return _newer(request, error, count_of(form, "version"))
    if wants_json(request):
        return JSONResponse({"version": version})
    return RedirectResponse(f"/task/{request.path_params['assignment']}", 303)


def _newer(request: Request, error: Conflict, sent: int) -> Response:
    """Tell the page's script which draft is saved, so that a person can choose between both."""
    if not wants_json(request):
        raise error
    with services(request).store.reading() as session:
        found = _own(request, session)
        told: dict[str, object] = {"error": str(error)}
        if found.version != sent and found.state == "leased":
            told["version"] = found.version
    return JSONResponse(told, error.status)


def submit(request: Request, form: FormData) -> Response:
    """Take a judgement, or say what it lacks; sent twice it is one rating.

    Of a task that was submitted before it is another revision.
    """
    now = services(request).now()

    def work(session: Session) -> Turn | None:
        assignment = _own(request, session)
        asked = _asked(session, assignment)
        said = without_blanks(read_judgement(form, asked))
        if missing(said, asked):
            return _turn(session, assignment, said)
        key, active = text_of(form, "key"), count_of(form, "active_ms")
        if not key:
            raise Unfit("the form has no key: open the task again")
        take = queue.revise if text_of(form, "revising") == "yes" else queue.submit
        take(session, assignment, to_json(said).decode(), key, active, now)
        return None

    unfinished = services(request).store.write(work)
    if unfinished:
        return _lacking(request, unfinished)
    return after(request, form, _campaign_of(request))


def skip(request: Request, form: FormData) -> Response:
    """Give a task back, with the reason."""
    now = services(request).now()
    said = (text_of(form, "reason").strip(), text_of(form, "more").strip())
    reason = ": ".join(filter(None, said))
    if not reason:
        raise Unfit("say in a word why you skip this task")

    def work(session: Session) -> int:
        assignment = _own(request, session)
        queue.skip(session, assignment, reason[:LONGEST_REASON], now)
        return _campaign(session, assignment).id

    return after(request, form, services(request).store.write(work))


def _own(request: Request, session: Session) -> Assignment:
    return queue.own(session, request.path_params["assignment"], visitor(request))


def _is_gone(session: Session, assignment: Assignment) -> bool:
    """Tell whether a turn ran out and its place is another's."""
    item = _item(session, assignment)
    return assignment.state == "expired" and not item.gold and item.taken >= item.wanted


def _item(session: Session, assignment: Assignment) -> Item:
    return session.get_one(Item, assignment.item_id)


def _campaign(session: Session, assignment: Assignment) -> Campaign:
    return session.get_one(Campaign, _item(session, assignment).campaign_id)


def _campaign_of(request: Request) -> int:
    with services(request).store.reading() as session:
        return _campaign(session, _own(request, session)).id


def _asked(session: Session, assignment: Assignment) -> Asked:
    campaign, item = _campaign(session, assignment), _item(session, assignment)
    if campaign.kind != "compare":
        raise Conflict("this is a question to be answered, not a pair to be compared")
    return Asked(
        from_json(item.content, Task),
        assignment.swapped,
        rules(campaign).profile,
        item.complete,
        assignment.assisted,
    )


def _turn(session: Session, assignment: Assignment, said: Judgement | None = None) -> Turn:
    campaign = _campaign(session, assignment)
    return Turn(
        assignment.id,
        assignment.state,
        assignment.version,
        assignment.active_ms,
        CampaignName(campaign.id, campaign.name),
        standing(session, campaign, assignment.person_id),
        _asked(session, assignment),
        said or _said(session, assignment),
    )


def _said(session: Session, assignment: Assignment) -> Judgement:
    """Return what was submitted last, or the draft."""
    last = session.scalars(
        select(Rating.judgement)
        .where(Rating.assignment_id == assignment.id)
        .order_by(Rating.revision.desc())
        .limit(1)
    ).first()
    text = last or assignment.draft
    return from_json(text, Judgement) if text else Judgement()


def _lacking(request: Request, turn: Turn) -> Response:
    lacks = missing(turn.said, turn.asked)
    if wants_json(request):
        told = [{"place": one.place, "text": one.text} for one in lacks]
        return JSONResponse({"error": "not submitted yet", "missing": told}, Unfit.status)
    return _page(request, turn, lacks)


def _page(request: Request, turn: Turn, lacks: Sequence[Missing] = ()) -> Response:
    return render(
        request,
        "task.html",
        status=Unfit.status if lacks else 200,
        turn=turn,
        campaign=turn.campaign,
        standing=turn.standing,
        asked=turn.asked,
        shown=show(turn.asked, turn.said),
        missing=lacks,
        revising=turn.state == "submitted",
        key=secrets.token_urlsafe(16),
        idle_seconds=services(request).config.idle_seconds,
        steps=STEPS,
        flags=FLAG_WORDS.items(),
        reasons=REASONS,
        blank=BLANK,
        guideline=read_guideline("compare", turn.asked.profile),
    )
