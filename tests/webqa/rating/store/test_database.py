"""The store: opened, migrated, refused."""

import shutil
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from env.errors import ConfigError
from tests.webqa.rating.rating_rows import START
from webqa.rating.errors import Unfit
from webqa.rating.store.database import file_of, moment, open_store, stamp, storable
from webqa.rating.store.migrating import MIGRATIONS, migrate
from webqa.rating.store.tables import Base, Person

SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.batch_alter_table("person") as table:
        table.add_column(sa.Column("shoe", sa.Text(), nullable=False, server_default="42"))
        table.alter_column("outside", new_column_name="abroad")
"""


def newer_migrations(tmp_path, step=SECOND):
    folder = tmp_path / "newer"
    shutil.copytree(MIGRATIONS, folder)
    (folder / "versions" / "v0002_more.py").write_text(step, encoding="utf-8")
    return folder


def migrate_file(path, migrations):
    # A store with other migrations: what the next version of the program would do.
    with open_store(path) as store:
        migrate(store._engine, path, migrations)


def people(store):
    with store.reading() as session:
        return session.scalars(select(Person.name).order_by(Person.id)).all()


def add_person(session, name="somebody"):
    session.add(Person(name=name, role="rater", created=stamp(START)))
    session.flush()


# Times and texts


def test_times_are_stored_in_utc_and_sort_as_texts():
    east = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert stamp(east) == "2026-02-28T23:30:00.000000+00:00"
    assert stamp(east) < stamp(east + timedelta(microseconds=1)) < stamp(START)
    assert moment(stamp(east)) == east.astimezone(UTC)


def test_texts_that_a_database_cannot_hold_are_unfit():
    assert storable("größer 👍🏽\n", 20, "the note") == "größer 👍🏽\n"
    for content in ("a\0b", "half \ud83d", "x" * 21):
        with pytest.raises(Unfit, match="the note h"):
            storable(content, 20, "the note")


# Opened


def test_a_new_file_is_made_and_is_nobody_elses(path):
    open_store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with open_store(f"sqlite:///{path}", create=False) as again:
        assert people(again) == []


def test_it_is_set_up_to_lose_nothing(store):
    with store.reading() as session:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        assert [session.scalar(text(f"PRAGMA {name}")) for name in asked] == ["wal", 2, 1]


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


def test_several_that_open_a_new_file_at_once_all_find_its_tables(path):
    with ThreadPoolExecutor(6) as pool:
        for store in pool.map(open_store, [path] * 6):
            with store:
                assert people(store) == []


@pytest.mark.slow
def test_several_that_open_an_empty_postgresql_at_once_all_find_its_tables(postgresql):
    address = postgresql()
    with ThreadPoolExecutor(4) as pool:
        for store in pool.map(open_store, [address] * 4):
            with store:
                assert people(store) == []


def test_an_older_database_is_copied_and_migrated(tmp_path, path):
    with open_store(path) as store:
        store.write(lambda session: add_person(session, "Ada"))
    migrate_file(path, newer_migrations(tmp_path))
    with sqlite3.connect(path) as now:
        assert now.execute("SELECT name, shoe, abroad FROM person").fetchall() == [
            ("Ada", "42", "")
        ]
    now.close()
    copy = tmp_path / "ratings.db.0001.backup"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with open_store(copy) as before:
        assert people(before) == ["Ada"]


def test_a_second_copy_never_replaces_the_first(tmp_path, path):
    (tmp_path / "ratings.db.0001.backup").write_text("the first copy", encoding="utf-8")
    migrate_file(path, newer_migrations(tmp_path))
    assert (tmp_path / "ratings.db.0001.backup").read_text(encoding="utf-8") == "the first copy"
    assert (tmp_path / "ratings.db.0001.2.backup").stat().st_size > 0


def test_a_migration_that_fails_changes_nothing(tmp_path, path):
    broken = newer_migrations(tmp_path, f"{SECOND}    raise OSError('the lights went out')\n")
    with pytest.raises(OSError, match="lights"):
        migrate_file(path, broken)
    with open_store(path) as store:
        assert people(store) == []


def test_a_newer_database_is_refused(tmp_path, path):
    migrate_file(path, newer_migrations(tmp_path))
    with pytest.raises(ConfigError, match=r"newer webqa made this database \(version 0002\)"):
        open_store(path)


def test_another_programs_database_is_refused_and_left_alone(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name)")
    other.close()
    with pytest.raises(ConfigError, match="another program: it has a table 'recipes'"):
        open_store(path)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("recipes",)]
    other.close()


def test_what_is_no_database_is_refused(tmp_path, path):
    path.write_text("Dear diary, " * 1000, encoding="utf-8")
    with pytest.raises(ConfigError, match="is no database that can be used: file is not a data"):
        open_store(path)
    with pytest.raises(ConfigError, match="there is no database"):
        open_store(tmp_path)
    with pytest.raises(ConfigError, match="there is no database"):
        open_store(tmp_path / "none.db", create=False)
    with pytest.raises(ConfigError, match="cannot be opened: No such file"):
        open_store(tmp_path / "missing" / "none.db")


@pytest.mark.parametrize(
    "where",
    ["mysql://ada:s3cret@host/db", "sqlite://", ":memory:", "sqlite:///:memory:", "x://s3cret@["],
)
def test_other_addresses_are_refused_without_telling_a_password(where):
    with pytest.raises(ConfigError, match="is no database: give a file") as refused:
        open_store(where)
    assert "s3cret" not in str(refused.value)


def test_postgresql_without_its_driver_says_what_to_install():
    opens = (
        "import sys; sys.modules['psycopg'] = None; from webqa.rating.store import database;"
        " database.open_store('postgresql://host/ratings')"
    )
    told = subprocess.run([sys.executable, "-c", opens], capture_output=True, text=True)
    assert "ConfigError: PostgreSQL needs psycopg: pip install" in told.stderr


@pytest.mark.slow
def test_a_server_that_cannot_be_reached_is_told_without_the_password(tmp_path):
    with pytest.raises(ConfigError, match="cannot be used") as refused:
        open_store(f"postgresql://ada:s3cret@/ratings?host={tmp_path}")
    assert "s3cret" not in str(refused.value)


@pytest.mark.slow
def test_a_postgresql_that_cannot_hold_every_text_is_refused(postgresql):
    with pytest.raises(ConfigError, match="encoding is SQL_ASCII"):
        open_store(postgresql("SQL_ASCII"))


def test_the_file_of_an_address(path):
    assert file_of(f"sqlite:///{path}") == file_of(path) == path
    assert file_of("postgresql://host/name") is None
