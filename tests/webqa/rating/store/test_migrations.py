"""Databases of other versions: copied and migrated, with all that is in them; or refused."""

import shutil
import sqlite3
import stat

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, select, text

from env.errors import ConfigError
from tests.webqa.rating.rating_rows import START, add_person, later, people
from webqa.rating.store.database import open_store, stamp
from webqa.rating.store.engines import address
from webqa.rating.store.migrating import MIGRATIONS, migrate
from webqa.rating.store.tables import Base, Event, Item, Session

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    with op.batch_alter_table("person") as table:
        table.add_column(sa.Column("shoe", sa.Text(), nullable=False, server_default="42"))
        table.alter_column("outside", new_column_name="abroad")
"""


def newer_migrations(tmp_path, step=NEXT):
    folder = tmp_path / "newer"
    shutil.copytree(MIGRATIONS, folder)
    (folder / "versions" / "v0003_more.py").write_text(step, encoding="utf-8")
    return folder


def migrate_file(path, migrations):
    # A store with other migrations: what the next version of the program would do.
    with open_store(path) as store:
        migrate(store._engine, path, migrations)


def test_the_migrations_make_the_tables_of_the_models(store):
    with store.reading() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.slow
def test_the_migrations_make_the_tables_of_the_models_on_postgresql(postgresql):
    address = postgresql()
    open_store(address).close()
    with open_store(address) as store, store.reading() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Base.metadata) == []


def test_an_older_database_is_copied_and_migrated(tmp_path, path):
    with open_store(path) as store:
        store.write(lambda session: add_person(session, "Ada"))
    migrate_file(path, newer_migrations(tmp_path))
    with sqlite3.connect(path) as now:
        assert now.execute("SELECT name, shoe, abroad FROM person").fetchall() == [
            ("Ada", "42", "")
        ]
    now.close()
    copy = tmp_path / "ratings.db.0002.backup"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with open_store(copy) as before:
        assert people(before) == ["Ada"]


def test_a_second_copy_never_replaces_the_first(tmp_path, path):
    (tmp_path / "ratings.db.0002.backup").write_text("the first copy", encoding="utf-8")
    migrate_file(path, newer_migrations(tmp_path))
    assert (tmp_path / "ratings.db.0002.backup").read_text(encoding="utf-8") == "the first copy"
    assert (tmp_path / "ratings.db.0002.2.backup").stat().st_size > 0


def test_a_migration_that_fails_changes_nothing(tmp_path, path):
    broken = newer_migrations(tmp_path, f"{NEXT}    raise OSError('the lights went out')\n")
    with pytest.raises(OSError, match="lights"):
        migrate_file(path, broken)
    with open_store(path) as store:
        assert people(store) == []


def test_a_newer_database_is_refused(tmp_path, path):
    migrate_file(path, newer_migrations(tmp_path))
    with pytest.raises(ConfigError, match=r"newer webqa made this database \(version 0003\)"):
        open_store(path)


# From the first version

FIRST = (
    "INSERT INTO campaign VALUES (1, 'sky', 'compare', '{}', 'guide 1', :at, false)",
    "INSERT INTO person VALUES (1, 'Eve', 'reviewer', NULL, '', :at, true)",
    "INSERT INTO item VALUES (1, 1, 'q1', '{}', 0, 2, 2, true, false, NULL, false, 'said', 1)",
    "INSERT INTO item VALUES (2, 1, 'q2', '{}', 1, 2, 0, false, false, NULL, true, '', NULL)",
    "INSERT INTO assignment VALUES ('a1', 1, 1, 'submitted', true, false, :at, :at, 'd', 3, 9, '')",
    "INSERT INTO rating VALUES (1, 'a1', 0, 'key', 'j', 'guide 1', 9, 99, :at, 1)",
    "INSERT INTO session VALUES ('hash', 1, :at, :at, :end)",
    "INSERT INTO event VALUES (1, :at, 1, 'settled', '{\"item\": 1, \"overall\": 1}')",
    "INSERT INTO event VALUES (2, :later, 1, 'settled', '{\"item\": 1, \"overall\": 2}')",
    "INSERT INTO event VALUES (3, :later, 1, 'skipped', '{\"item\": 2}')",
)


def make_first(where, tmp_path):
    """Make a database as the first version did, in which something was settled twice."""
    first = tmp_path / "first"
    shutil.copytree(MIGRATIONS, first)
    for step in (first / "versions").glob("v*.py"):
        if not step.name.startswith("v0001"):
            step.unlink()
    times = {"at": stamp(START), "later": stamp(later(5)), "end": "9999"}
    engine = create_engine(address(where))
    migrate(engine, None, first)
    with engine.begin() as connection:
        for row in FIRST:
            used = {name: time for name, time in times.items() if f":{name}" in row}
            connection.execute(text(row), used)
    engine.dispose()


def check_first(where):
    with open_store(where) as store, store.reading() as session:
        settled, other = session.scalars(select(Item).order_by(Item.id))
        assert (settled.settled, settled.settled_by, settled.taken) == ("said", 1, 2)
        assert settled.settled_at == stamp(later(5))
        assert (other.key, other.complete, other.settled_at) == ("q2", True, "")
        assert session.scalars(select(Event.kind).order_by(Event.id)).all() == [
            "settled", "settled", "skipped",
        ]  # fmt: skip
        signed_in = session.scalars(select(Session)).one()
        assert signed_in.created == stamp(START) < signed_in.seen
        assert session.execute(text("SELECT key, judgement FROM rating")).all() == [("key", "j")]
        assert session.scalars(text("SELECT draft FROM assignment")).all() == ["d"]
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_of_the_first_version_keeps_all_and_dates_what_was_settled(tmp_path, path):
    make_first(path, tmp_path)
    check_first(path)
    assert (tmp_path / "ratings.db.0001.backup").exists()


@pytest.mark.slow
def test_a_postgresql_of_the_first_version_keeps_all_and_dates_what_was_settled(
    tmp_path, postgresql
):
    where = postgresql()
    make_first(where, tmp_path)
    check_first(where)
