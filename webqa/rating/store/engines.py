"""How the two kinds of database are talked to: addresses, and engines set up to lose nothing.

Knows no table and opens nothing by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from env.errors import ConfigError
from webqa.rating.store.turns import PATIENCE

CONNECTIONS = 40
"""As many as a server has threads, so that none waits for another's connection."""
WRITES = "webqa_writes"
FOR_WRITING = {WRITES: True}
"""The options of connections that write."""


def address(where: str | Path) -> URL:
    """Return where a database is, as SQLAlchemy has it.

    Raises:
        ConfigError: it is the address of no database that we know.
    """
    try:
        given = str(where)
        url = make_url(given) if "://" in given else URL.create("sqlite", database=given)
    except ArgumentError:
        raise ConfigError(_no_database(where)) from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername != "sqlite" or url.database in (None, "", ":memory:"):
        raise ConfigError(_no_database(where))
    return url


def _no_database(where: str | Path) -> str:
    # Only what stands before the first slashes: the rest may hold a password.
    scheme, slashes, _ = str(where).partition("://")
    return f"{scheme}{slashes} is no database: give a file, sqlite:///FILE or postgresql://..."


def file_engine(url: URL) -> Engine:
    """Return an engine for a SQLite file."""
    engine = create_engine(
        url, pool_size=CONNECTIONS, max_overflow=0, connect_args={"timeout": PATIENCE}
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: Any, _: ConnectionPoolEntry) -> None:  # noqa: ANN401 - sqlite3's, by the driver
    connection.isolation_level = None  # sqlite3 would begin transactions of its own
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def postgresql_engine(url: URL) -> Engine:
    """Return an engine for PostgreSQL.

    Raises:
        ConfigError: its driver is not installed; later, that the database cannot hold all texts.
    """
    try:
        engine = create_engine(url, pool_size=CONNECTIONS, max_overflow=0, pool_pre_ping=True)
    except ModuleNotFoundError:
        raise ConfigError(
            "PostgreSQL needs psycopg: pip install -c constraints.txt -e '.[postgres]'"
        ) from None
    # Before SQLAlchemy's own first questions, which it could not read the answers of.
    event.listen(engine, "connect", _check_encoding, insert=True)
    return engine


def _check_encoding(connection: Any, _: ConnectionPoolEntry) -> None:  # noqa: ANN401 - psycopg's, by the driver
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ConfigError(f"the database's encoding is {encoding}: create it with ENCODING 'UTF8'")


def for_reading(engine: Engine) -> dict[str, object]:
    """Return the options of connections that see one state and change nothing."""
    if engine.dialect.name == "sqlite":
        return {}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
