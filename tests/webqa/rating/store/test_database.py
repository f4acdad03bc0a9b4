"""The store: opened, set up, refused."""

import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text

from env.errors import ConfigError
from tests.webqa.rating.rating_rows import START
from webqa.rating.errors import Unfit
from webqa.rating.store.database import file_of, moment, open_store, stamp, storable
from webqa.rating.store.tables import Person


def people(store):
    with store.reading() as session:
        return session.scalars(select(Person.name).order_by(Person.id)).all()


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
