"""Where ratings are kept: a SQLite file or a PostgreSQL database, opened, migrated, and written.

SQLite is written by one at a time: a transaction takes the write lock when it begins, never
halfway, and before that its turn among the threads and processes of ours. So nobody polls for the
lock while others pass him by; and no checkpoint of the log meets another writer, which is what
SQLite before 3.51.3 could lose pages by (sqlite.org/wal.html#walresetbug).

Knows the tables' shape alone, no rule of what is in them.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Engine
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.orm import Session

from env.errors import ConfigError
from env.records import to_json
from webqa.rating.errors import NotSaved, Unfit
from webqa.rating.store.engines import (
    FOR_WRITING,
    address,
    file_engine,
    for_reading,
    postgresql_engine,
)
from webqa.rating.store.migrating import migrate
from webqa.rating.store.tables import Event
from webqa.rating.store.turns import Turn

Result = TypeVar("Result")

ATTEMPTS = 10
"""How often PostgreSQL may turn a transaction down before it is given up."""
OUR_FAULT = (IntegrityError, InternalError, NotSupportedError, ProgrammingError)
"""Errors of the driver that no second try helps against; the others are told in a sentence."""
AGAIN = frozenset(("40001", "40P01", "23505"))
"""Serialisation failure, deadlock, and two who inserted the same: all right at the next try."""


def stamp(moment: datetime) -> str:
    """Return a time as it is stored: UTC with microseconds, sorting as text.

    >>> stamp(datetime(2026, 3, 1, 12, tzinfo=UTC))
    '2026-03-01T12:00:00.000000+00:00'
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(stamped: str) -> datetime:
    """Return the time that `stamp` wrote."""
    return datetime.fromisoformat(stamped)


def storable(content: str, limit: int, name: str) -> str:
    """Return a text that both databases can hold.

    Raises:
        Unfit: it is longer than the limit, holds a NUL, or is no Unicode.
    """
    if len(content) > limit:
        raise Unfit(f"{name} has {len(content):,} characters: {limit:,} are read at the most")
    if "\0" in content or (not content.isascii() and _is_half(content)):
        raise Unfit(f"{name} holds characters that are no text")
    return content


def _is_half(content: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in content)


def note_event(
    session: Session, kind: str, now: datetime, person: int | None = None, **content: object
) -> None:
    """Write down what happened, in the same transaction as the change itself."""
    told = to_json(content).decode() if content else ""
    session.add(Event(at=stamp(now), person_id=person, kind=kind, content=told))


class Store:
    """An open database. Sessions of it are for one thread, the store itself is for all."""

    def __init__(self, engine: Engine, turn: Turn | None = None) -> None:
        self._engine, self._turn = engine, turn
        self._reader = engine.execution_options(**for_reading(engine))
        self._writer = engine.execution_options(**FOR_WRITING)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and cannot change it.

        Raises:
            NotSaved: the database does not answer.
        """
        with _in_a_sentence(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that is committed at the end, or rolled back by any exception.

        On PostgreSQL a conflict with another writer ends it: use `write`, which tries again.

        Raises:
            NotSaved: the database could not be written; nothing was changed.
        """
        with _in_a_sentence(), self._transaction() as session:
            yield session

    def write(self, work: Callable[[Session], Result]) -> Result:
        """Carry out work in a transaction, from its start again where others were in the way.

        Args:
            work: what is done; it may be called several times and touches nothing but the session.

        Raises:
            NotSaved: the database could not be written; nothing was changed.
        """
        with _in_a_sentence():
            for attempt in range(1, ATTEMPTS):
                try:
                    with self._transaction() as session:
                        return work(session)
                except DBAPIError as error:
                    if getattr(error.orig, "sqlstate", None) not in AGAIN:
                        raise
                    time.sleep(random.uniform(0, 0.01 * attempt))
            with self._transaction() as session:
                return work(session)

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._turn or nullcontext(), Session(self._writer, expire_on_commit=False) as session:
            yield session
            session.commit()

    def close(self) -> None:
        """Close all connections; SQLite then takes its log into the file."""
        self._engine.dispose()
        if self._turn:
            self._turn.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(where: str | Path, *, create: bool = True) -> Store:
    """Open a database, made or migrated where needed.

    Args:
        where: a path, or an address: sqlite:///PATH or postgresql://USER@HOST/NAME.
        create: whether a SQLite file that is not there is made.

    Raises:
        ConfigError: there is no such database, it cannot be reached, its driver is not installed,
            it is another program's, or a newer version made it.
    """
    url = address(where)
    return _open_postgresql(url) if url.get_backend_name() != "sqlite" else _open_file(url, create)


def file_of(where: str | Path) -> Path | None:
    """Return the file of a SQLite database; None for PostgreSQL.

    Raises:
        ConfigError: it is the address of no database that we know.
    """
    url = address(where)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _open_file(url: URL, create: bool) -> Store:
    path = Path(url.database or "")
    if not path.is_file() and (path.exists() or not create):
        raise ConfigError(f"there is no database {path}: webqa rate create makes one")
    try:
        _make_private(path)
        turn = Turn(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be opened: {error.strerror}") from None
    return _migrated(file_engine(url), turn, f"{path} is no database that can be used", path)


def _make_private(path: Path) -> None:
    """Make a file: ratings and hashes of invites are not for everybody on this machine."""
    # One that is there is left alone: closing it would free SQLite's locks on it in this process.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _open_postgresql(url: URL) -> Store:
    return _migrated(postgresql_engine(url), None, f"{url.render_as_string()} cannot be used", None)


def _migrated(engine: Engine, turn: Turn | None, trouble: str, file: Path | None) -> Store:
    store = Store(engine, turn)
    try:
        with turn or nullcontext():
            migrate(engine, file)
    except DBAPIError as error:
        store.close()
        raise ConfigError(f"{trouble}: {_line(error)}") from None
    except BaseException:
        store.close()
        raise
    return store


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    try:
        yield
    except OUR_FAULT:
        raise
    except DatabaseError as error:
        raise NotSaved(f"the database failed ({_line(error)}): nothing was saved, try again") from (
            error
        )


def _line(error: DBAPIError) -> str:
    return str(error.orig).strip().split("\n")[0]
