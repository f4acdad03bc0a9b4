"""When a disagreement was settled; and browsers in which people are signed in, seen as of now."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the date of a settlement, where an event tells it."""
    op.add_column("item", sa.Column("settled_at", sa.Text(), nullable=False, server_default=""))
    _date_settlements()
    # It was only ever the time of signing in: nobody is to be signed out by the new version.
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    op.get_bind().execute(sa.table("session", sa.column("seen")).update().values(seen=now))


def _date_settlements() -> None:
    event = sa.table("event", *map(sa.column, ("id", "at", "kind", "content")))
    item = sa.table("item", *map(sa.column, ("id", "settled", "settled_at")))
    told = sa.select(event.c.content, event.c.at).where(event.c.kind == "settled")
    events = op.get_bind().execute(told.order_by(event.c.id))
    for number, at in {json.loads(content)["item"]: at for content, at in events}.items():
        settled = (item.c.id == number) & (item.c.settled != "")
        op.get_bind().execute(item.update().where(settled).values(settled_at=at))
