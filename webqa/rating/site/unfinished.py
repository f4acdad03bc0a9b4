"""Demonstrations as they are stored: read, saved line by line, and submitted. Knows no form."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from env.records import Question, from_json, to_json
from policies.base import Rollout
from webqa.rating.errors import Unknown
from webqa.rating.records import Demonstration, Reply
from webqa.rating.site.browsing import Progress
from webqa.rating.site.standing import CampaignName, Standing, standing
from webqa.rating.store import queue
from webqa.rating.store.pages import keep, keep_replies, with_pages, without_pages
from webqa.rating.store.ratings import active
from webqa.rating.store.tables import Campaign, Item
from webqa.run import Settings


class Saved(NamedTuple):
    """What a demonstration became by being saved."""

    version: int
    active_ms: int
    """From the lease on, as it is stored."""
    replies: tuple[Reply, ...]
    """They tell where their pages are stored."""


class Unfinished(NamedTuple):
    """A demonstration as it is stored."""

    id: str
    """Of the assignment."""
    campaign: CampaignName
    standing: Standing
    state: str
    version: int
    leased: str
    active_ms: int
    question: Question
    progress: Progress
    """Without the pages that are stored: see `whole`."""


def read_unfinished(
    session: Session, assignment: str, person: queue.Somebody, settings: Settings
) -> Unfinished:
    """Read a demonstration of a person.

    Args:
        session: of any transaction.
        assignment: its id.
        person: whose it must be.
        settings: of one that is only now begun.

    Raises:
        Unknown: there is none of that id, or it is somebody else's.
    """
    found = queue.own(session, assignment, person)
    item = session.get_one(Item, found.item_id)
    campaign = session.get_one(Campaign, item.campaign_id)
    if campaign.kind != "demonstrate":
        raise Unknown("there is no such demonstration")
    return Unfinished(
        found.id,
        CampaignName(campaign.id, campaign.name),
        standing(session, campaign, person.id),
        found.state,
        found.version,
        found.leased,
        found.active_ms,
        from_json(item.content, Demonstration).question,
        from_json(found.draft, Progress) if found.draft else Progress(settings),
    )


def whole(session: Session, progress: Progress) -> Progress:
    """Return how far a person has come, with all pages."""
    return replace(progress, replies=with_pages(session, progress.replies))


def save(
    session: Session,
    opened: Unfinished,
    person: queue.Somebody,
    progress: Progress,
    active_ms: int,
    now: datetime,
) -> Saved:
    """Save how far a person has come, and the pages that are new.

    Raises:
        Conflict: another version was saved meanwhile, or the place was taken.
    """
    assignment = queue.own(session, opened.id, person)
    replies = keep_replies(session, progress.replies)
    draft = to_json(replace(progress, replies=without_pages(replies))).decode()
    version = queue.save_draft(session, assignment, opened.version, draft, active_ms, now)
    return Saved(version, assignment.active_ms, replies)


def submit(
    session: Session,
    opened: Unfinished,
    person: queue.Somebody,
    rollout: Rollout,
    key: str,
    active_ms: int,
    now: datetime,
) -> None:
    """Turn a demonstration into a rating that holds its episode; the pages are stored with it.

    Raises:
        Conflict: it was submitted with another key, or the place was taken.
    """
    for page in rollout.pages:
        keep(session, page)
    assignment = queue.own(session, opened.id, person)
    seconds = active(assignment, active_ms, now) / 1000
    episode = replace(rollout.episode, started_at=opened.leased, seconds=seconds)
    queue.submit(session, assignment, to_json(episode).decode(), key, active_ms, now)


def submit_again(
    session: Session, opened: Unfinished, person: queue.Somebody, key: str, now: datetime
) -> None:
    """Take a form once more that was taken already: it is the same rating.

    Raises:
        Conflict: it is another form.
    """
    queue.submit(session, queue.own(session, opened.id, person), "", key, 0, now)
