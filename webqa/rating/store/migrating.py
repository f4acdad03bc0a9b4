"""Brings a database to the tables of this version, in one transaction, or refuses it.

What changes from version to version is in `migrations`, for Alembic.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from env.errors import ConfigError
from webqa.rating.store.copying import copy_database
from webqa.rating.store.engines import FOR_WRITING

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 7_041_776
"""Number of the lock under which PostgreSQL is migrated, so that two servers do not both."""


def migrate(engine: Engine, file: Path | None, migrations: Path = MIGRATIONS) -> None:
    """Bring a database to the newest version.

    Args:
        engine: of a database that nobody else is migrating where it is SQLite.
        file: of a SQLite database, copied beside itself before an older version is changed.
        migrations: folder of the changes.

    Raises:
        ConfigError: it is another program's, or a newer version made it.
        DBAPIError: the database failed; nothing was changed.
    """
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    with engine.connect() as connection:
        found = _version(connection, script)
    if found == head:
        return
    if file is not None and found is not None:
        _back_up(file, found)
    with engine.connect() as connection:
        _upgrade(connection, config, script)


def _upgrade(connection: Connection, config: Config, script: ScriptDirectory) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # A table is changed by making it anew: what refers to it is checked at the end instead.
        # Only outside a transaction is this heard.
        _driver(connection, "PRAGMA foreign_keys = OFF")
    try:
        with connection.execution_options(**FOR_WRITING).begin():
            if not sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            if _version(connection, script) != script.get_current_head():
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise ConfigError("this database has rows that belong to nothing: not migrated")
    finally:
        if sqlite:
            _driver(connection, "PRAGMA foreign_keys = ON")


def _version(connection: Connection, script: ScriptDirectory) -> str | None:
    """Return the version of a database, None for an empty one."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None and (tables := inspect(connection).get_table_names()):
        raise ConfigError(f"this database belongs to another program: it has a table {tables[0]!r}")
    if found is not None and found not in {step.revision for step in script.walk_revisions()}:
        raise ConfigError(f"a newer webqa made this database (version {found}): update webqa")
    return found


def _back_up(file: Path, version: str) -> None:
    number, copy = 1, file.with_name(f"{file.name}.{version}.backup")
    while copy.exists():
        number += 1
        copy = file.with_name(f"{file.name}.{version}.{number}.backup")
    copy_database(file, copy)


def _driver(connection: Connection, statement: str) -> None:
    """Carry out a statement that must stand outside a transaction."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(statement)
