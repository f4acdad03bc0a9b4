"""Browsers in which somebody is signed in: begun, found, ended.

A session ends when it was not used for a while, and some time after it began in any case. Knows no
request and no cookie.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import CursorResult, delete, or_
from sqlalchemy.orm import Session as DatabaseSession

from webqa.rating.store.database import note_event, stamp
from webqa.rating.store.people import TOKEN_BYTES, keyed_hash
from webqa.rating.store.tables import Person, Session

SEEN_EVERY = timedelta(hours=1)
"""How old a note of the last visit gets before it is renewed: looking at a page writes nothing."""
SEEN_SHARE = 10
"""Notes that a session is kept for at least: where it ends soon, its visits are noted sooner."""


class Lifetime(NamedTuple):
    """How long sessions last, in days."""

    days: float
    """From their beginning, however often they are used."""
    idle_days: float
    """Without a visit."""


class Found(NamedTuple):
    """Who is signed in."""

    person: Person
    stale: bool
    """Whether `note_visit` is to be called."""


def begin_session(
    session: DatabaseSession, secret: bytes, person: int, now: datetime, lasting: Lifetime
) -> str:
    """Return the token of a new session of a person; what ran out is cleared away."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    idle = Session.seen <= _idle_since(now, lasting)
    session.execute(delete(Session).where(or_(Session.expires <= stamp(now), idle)))
    session.add(
        Session(
            digest=keyed_hash(secret, "session", token),
            person_id=person,
            created=stamp(now),
            seen=stamp(now),
            expires=stamp(now + timedelta(days=lasting.days)),
        )
    )
    note_event(session, "signed-in", now, person)
    return token


def find_person(
    session: DatabaseSession, secret: bytes, token: str, now: datetime, lasting: Lifetime
) -> Found | None:
    """Return who is signed in by a token; None for one that ran out or never was. Only reads."""
    digest = keyed_hash(secret, "session", token)
    found = session.get(Session, digest)
    if found is None or not hmac.compare_digest(found.digest, digest):
        return None
    if found.expires <= stamp(now) or found.seen <= _idle_since(now, lasting):
        return None
    person = session.get_one(Person, found.person_id)
    every = min(SEEN_EVERY, timedelta(days=lasting.idle_days) / SEEN_SHARE)
    return Found(person, found.seen <= stamp(now - every)) if person.active else None


def note_visit(session: DatabaseSession, secret: bytes, token: str, now: datetime) -> None:
    """Note that a session is used; nothing happens where it has ended meanwhile."""
    found = session.get(Session, keyed_hash(secret, "session", token))
    if found is not None:
        found.seen = max(found.seen, stamp(now))


def end_session(session: DatabaseSession, secret: bytes, token: str, now: datetime) -> None:
    """Sign out of one browser; nothing happens where nobody is signed in."""
    found = session.get(Session, keyed_hash(secret, "session", token))
    if found is not None:
        session.delete(found)
        note_event(session, "signed-out", now, found.person_id)


def end_sessions(session: DatabaseSession, person: int, now: datetime) -> int:
    """Sign a person out of all browsers, and return of how many."""
    ended = session.execute(delete(Session).where(Session.person_id == person))
    count = ended.rowcount if isinstance(ended, CursorResult) else 0
    note_event(session, "signed-out", now, person, sessions=count)
    return count


def _idle_since(now: datetime, lasting: Lifetime) -> str:
    return stamp(now - timedelta(days=lasting.idle_days))
