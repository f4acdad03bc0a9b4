"""The tables of the rating page. Their history is in migrations; no rule is in here.

Times are ISO 8601 texts in UTC with microseconds, so that they sort as they are and mean the same
in every database. Contents (tasks, judgements, episodes) are records of ours as JSON.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# Named by rule, so that a migration can name what it changes.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {str: Text()}  # noqa: RUF012 - SQLAlchemy's own name


class Campaign(Base):
    """A set of items that people work through under one set of rules."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    """records.Kind."""
    settings: Mapped[str]
    """campaigns.CampaignConfig as JSON."""
    guideline: Mapped[str]
    """Version of the guidelines that raters are shown."""
    created: Mapped[str]
    closed: Mapped[bool] = mapped_column(default=False)


class Item(Base):
    """One task: a pair to be compared, or a question to be answered."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("campaign_id", "key"),
        Index(None, "campaign_id", "full", "gold", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    key: Mapped[str]
    """Id of the pair or the question: the same thing is never twice in a campaign."""
    content: Mapped[str]
    """records.Task or records.Demonstration as JSON."""
    position: Mapped[int]
    """Items are handed out in this order, which was drawn."""
    wanted: Mapped[int]
    """How many people are to rate it."""
    taken: Mapped[int] = mapped_column(default=0)
    """Submitted ratings and running leases; changed only together with an assignment."""
    full: Mapped[bool] = mapped_column(default=False)
    """taken >= wanted; a column of its own for the index."""
    gold: Mapped[bool] = mapped_column(default=False)
    expected: Mapped[int | None]
    """Of a gold item: the sign of the right overall rating, +1, 0 or -1."""
    complete: Mapped[bool] = mapped_column(default=False)
    """Whether every part must be filled in, as in a tenth of WebGPT's tasks."""
    settled: Mapped[str] = mapped_column(default="")
    """Judgement of a reviewer who settled a disagreement, as JSON; empty without one."""
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    settled_at: Mapped[str] = mapped_column(default="")
    """When; empty without one."""


class Author(Base):
    """Who wrote an answer of an item, and therefore never rates it."""

    __tablename__ = "author"

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)


class Person(Base):
    """Somebody who signs in."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """Shown to reviewers and exported as the rater; a pseudonym is enough."""
    role: Mapped[str]
    """records.Role."""
    assisted: Mapped[bool | None]
    """Arm of this person in trials that randomise people; None before it is drawn."""
    outside: Mapped[str] = mapped_column(default="")
    """Parameters that a payment platform handed over, as JSON."""
    created: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)


class Invite(Base):
    """A link that makes one person, or lets one in again, once."""

    __tablename__ = "invite"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """Keyed hash of the token; the token itself is nowhere."""
    role: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Whom it lets in again; None: it makes a new person."""
    note: Mapped[str] = mapped_column(default="")
    created: Mapped[str]
    expires: Mapped[str]
    used: Mapped[str] = mapped_column(default="")


class Session(Base):
    """A browser in which somebody is signed in."""

    __tablename__ = "session"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """Keyed hash of the cookie."""
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    created: Mapped[str]
    seen: Mapped[str]
    """The last visit, to within sessions.SEEN_EVERY or less."""
    expires: Mapped[str]
    """When it ends, however often it is used."""


class Assignment(Base):
    """One person's turn at one item: there is at most one, ever."""

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("item_id", "person_id"),
        Index(None, "person_id", "state"),
        Index(None, "state", "expires"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    """Random: it stands in the page's address."""
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str]
    """records.State."""
    swapped: Mapped[bool]
    """Whether the second answer stands left; drawn once."""
    assisted: Mapped[bool] = mapped_column(default=False)
    """Whether critiques are shown; drawn once."""
    leased: Mapped[str]
    expires: Mapped[str]
    draft: Mapped[str] = mapped_column(default="")
    """records.Judgement as JSON, or of a demonstration its lines; empty before anything is said."""
    version: Mapped[int] = mapped_column(default=0)
    """Counts the drafts saved: one made from an older version is refused."""
    active_ms: Mapped[int] = mapped_column(default=0)
    """Time in which the page was seen and used, all in all since the lease."""
    reason: Mapped[str] = mapped_column(default="")
    """Why it was skipped."""


class Rating(Base):
    """What somebody submitted. Never changed: a correction is another row."""

    __tablename__ = "rating"
    __table_args__ = (UniqueConstraint("assignment_id", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignment.id"))
    revision: Mapped[int] = mapped_column(default=0)
    key: Mapped[str] = mapped_column(unique=True)
    """Made by the page: the same form sent twice is one rating."""
    judgement: Mapped[str]
    """records.Judgement as JSON; of a demonstration the Episode."""
    guideline: Mapped[str]
    active_ms: Mapped[int]
    """As of the assignment, when this was submitted."""
    wall_ms: Mapped[int]
    """From the lease to the submission."""
    created: Mapped[str]
    schema: Mapped[int]


class StoredPage(Base):
    """A page that was opened in a demonstration or an answer; needed to verify its quotes."""

    __tablename__ = "page"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[str]


class Vote(Base):
    """A thumb up or down on the question page."""

    __tablename__ = "vote"
    __table_args__ = (UniqueConstraint("episode", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    episode: Mapped[str] = mapped_column(index=True)
    """Id of the episode."""
    content: Mapped[str]
    """The Episode as JSON."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    value: Mapped[int]
    """+1 or -1."""
    note: Mapped[str] = mapped_column(default="")
    created: Mapped[str]


class Event(Base):
    """What happened, one row after another; nothing is changed or taken out.

    Every change of who is given what, who said what and who may do what is a row, written in the
    same transaction. Only for people who look into a database: no part of the program reads them.
    Two changes are none: a draft that is saved, which stands whole in its assignment beside the
    count of all that were (a row for each would make this the largest table by far and tell nothing
    else), and that a browser was seen again.
    """

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    """leased, submitted, skipped, expired, invited, signed-in, settled, withdrawn, exported ..."""
    content: Mapped[str] = mapped_column(default="")
    """JSON."""
