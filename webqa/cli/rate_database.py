"""What the commands of `webqa rate` share: their database, and whom and what they name in it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from env.errors import ConfigError
from webqa.folders import expanded

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webqa.rating.store.database import Store
    from webqa.rating.store.tables import Campaign, Person

DATABASE = "ratings.db"
SHOWN = 50
"""Of names in a message, at the most."""

DatabaseFlag = Annotated[str, Parameter(name=["--database", "-d"])]


def opened_store(database: str, *, create: bool = False) -> Store:
    """Open the database that a flag names.

    Raises:
        ConfigError: there is none, or it cannot be used.
    """
    from webqa.rating.store.database import open_store

    return open_store(located(database), create=create)


def located(database: str) -> str | Path:
    """Return where the database is that a flag names."""
    return database if "://" in database else expanded(database)


def without_password(database: str) -> str:
    """Return how a database is named in what is printed."""
    from sqlalchemy import make_url

    return make_url(database).render_as_string() if "://" in database else database


def is_there(database: str) -> bool:
    """Tell whether a database can be looked into without making one.

    Raises:
        ConfigError: there is none, and none can be made.
    """
    from webqa.rating.store.database import file_of

    file = file_of(located(database))
    if file is None or file.exists():
        return True
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{file} cannot be made: {file.parent} is no folder to write in")
    return False


def campaigns(session: Session, name: str, *, only: bool = False) -> list[Campaign]:
    """Return the campaign of a name; without one all there are, or the only one.

    Raises:
        Unknown: there is none such.
    """
    from sqlalchemy import select

    from webqa.rating.campaigns.creating import campaign_named
    from webqa.rating.store.tables import Campaign

    if name or only:
        return [campaign_named(session, name)]
    found = list(session.scalars(select(Campaign).order_by(Campaign.id)))
    return found or [campaign_named(session, name)]


def person_named(session: Session, name: str) -> Person:
    """Return a person, also by another form of the name.

    Raises:
        ConfigError: nobody is called so.
    """
    from sqlalchemy import select

    from webqa.rating.store.names import folded
    from webqa.rating.store.tables import Person

    found = list(session.scalars(select(Person)))
    exact = [one for one in found if one.name == name]
    for one in exact or [one for one in found if folded(one.name) == folded(name)]:
        return one
    names = ", ".join(one.name for one in found[:SHOWN]) or "nobody yet"
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    raise ConfigError(f"nobody is called {name!r}; there are: {names}{more}")


def now() -> datetime:
    """Return the time at which something is done."""
    return datetime.now(UTC)
