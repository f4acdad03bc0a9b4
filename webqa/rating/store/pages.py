"""Pages that were opened on the rating page, each stored once. Knows neither who opened them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite

from env.records import Page, from_json, to_json
from webqa.rating.records import Reply
from webqa.rating.store.tables import StoredPage

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def keep(session: Session, page: Page) -> bool:
    """Store a page under its hash; tell whether exactly this one stands there now.

    It does not where a page with the same text but another URL or date was stored before: its
    quotes can be verified all the same.
    """
    content = to_json(page).decode()
    # Two people may open it at the same moment.
    kind = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = kind.insert(StoredPage).values(sha256=page.sha256, content=content)
    session.execute(row.on_conflict_do_nothing())
    return session.scalar(_content(page.sha256)) == content


def keep_replies(session: Session, replies: Iterable[Reply]) -> tuple[Reply, ...]:
    """Store the pages of replies; return the replies, which tell where their pages are stored."""
    return tuple(_kept(session, reply) for reply in replies)


def _kept(session: Session, reply: Reply) -> Reply:
    if reply.stored or reply.page is None:
        return reply
    return replace(reply, stored=reply.page.sha256, differs=not keep(session, reply.page))


def without_pages(replies: Iterable[Reply]) -> tuple[Reply, ...]:
    """Return replies without what is stored of their pages."""
    return tuple(map(_without_page, replies))


def _without_page(reply: Reply) -> Reply:
    if not reply.stored or reply.page is None:
        return reply
    return replace(reply, page=replace(reply.page, text="") if reply.differs else None)


def with_pages(session: Session, replies: Iterable[Reply]) -> tuple[Reply, ...]:
    """Return replies with all of their pages."""
    return tuple(_found(session, reply) for reply in replies)


def _found(session: Session, reply: Reply) -> Reply:
    if not reply.stored:
        return reply
    page = from_json(session.scalars(_content(reply.stored)).one(), Page)
    return replace(reply, page=replace(reply.page, text=page.text) if reply.page else page)


def _content(sha256: str) -> Select[str]:
    return select(StoredPage.content).where(StoredPage.sha256 == sha256)
