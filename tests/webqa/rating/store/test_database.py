"""The store: opened, migrated, refused; one writer at a time; nothing half written."""

import shutil
import sqlite3
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError, InternalError

from env.errors import ConfigError
from tests.webqa.rating.rating_rows import START, add_campaign, add_people
from tests.webqa.rating.store.postgresql_server import server
from webqa.rating.errors import NotSaved, Unfit
from webqa.rating.store.database import file_of, moment, note_event, open_store, stamp, storable
from webqa.rating.store.migrating import MIGRATIONS, migrate
from webqa.rating.store.tables import Base, Event, Item, Person
from webqa.rating.store.turns import Turn

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


@pytest.fixture(scope="module")
def postgresql():
    with server() as make:
        yield make


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ratings.db"


@pytest.fixture
def store(path):
    with open_store(path) as opened:
        yield opened


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


# Read and written


def test_a_reader_sees_one_state_and_can_change_nothing(store):
    with store.reading() as session:
        assert session.scalar(select(func.count(Person.id))) == 0
        store.write(add_person)
        assert session.scalar(select(func.count(Person.id))) == 0
    with store.reading() as session:
        assert session.scalar(select(func.count(Person.id))) == 1
    with pytest.raises(NotSaved, match="readonly"), store.reading() as session:
        add_person(session, "another")
    assert people(store) == ["somebody"]


@pytest.mark.slow
def test_a_reader_of_postgresql_sees_one_state_and_can_change_nothing(postgresql):
    with open_store(postgresql()) as store:
        with store.reading() as session:
            assert session.scalar(select(func.count(Person.id))) == 0
            store.write(add_person)
            assert session.scalar(select(func.count(Person.id))) == 0
        with pytest.raises(InternalError, match="read-only"), store.reading() as session:
            add_person(session, "another")
        store.write(lambda session: add_person(session, "another"))
        assert people(store) == ["somebody", "another"]


def test_any_exception_takes_everything_back(store):
    def work(session):
        add_person(session)
        note_event(session, "joined", START, 1)
        raise KeyError("found out too late")

    with pytest.raises(KeyError):
        store.write(work)
    with pytest.raises(KeyError), store.writing() as session:
        work(session)
    with store.reading() as session:
        assert session.scalar(select(func.count(Event.id))) == 0
    assert people(store) == []


def test_rows_can_be_read_after_the_transaction(store):
    def work(session):
        add_person(session)
        return session.scalars(select(Person)).one()

    assert store.write(work).name == "somebody"


def test_a_full_disk_is_told_in_a_sentence_and_loses_nothing(store):
    store.write(add_person)

    def fill(session):
        pages = session.scalar(text("PRAGMA page_count"))
        session.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
        for number in range(300):
            add_person(session, f"{number} {'x' * 1000}")

    with pytest.raises(NotSaved, match="disk is full") as told:
        store.write(fill)
    assert "\n" not in str(told.value)
    assert told.value.status == 503
    assert people(store) == ["somebody"]


def test_writers_wait_for_each_other(store):
    def add_one(_):
        def work(session):
            item = session.get(Item, 1)
            taken = item.taken
            time.sleep(0.001)
            item.taken = taken + 1

        store.write(work)

    store.write(add_campaign)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(40)))
    with store.reading() as session:
        assert session.get(Item, 1).taken == 40


def test_a_writer_waits_for_another_process_but_not_for_ever(tmp_path):
    ours, theirs = (Turn(tmp_path / "lock", patience=0.05) for _ in range(2))
    with ours, pytest.raises(NotSaved, match="somebody else for long"), theirs:
        pass
    with theirs, ours_soon(ours):
        time.sleep(0.02)
    with ours, pytest.raises(NotSaved, match="somebody else for long"), ours:
        pass
    for turn in (ours, theirs):
        turn.close()


def test_who_writes_one_thing_after_another_keeps_nobody_out(tmp_path):
    busy, other = Turn(tmp_path / "lock"), Turn(tmp_path / "lock")
    done = threading.Event()

    def write_on_and_on():
        while not done.is_set():
            with busy:
                time.sleep(0.01)

    thread = threading.Thread(target=write_on_and_on)
    thread.start()
    try:
        for _ in range(5):
            begun = time.monotonic()
            with other:
                assert time.monotonic() - begun < 5
    finally:
        done.set()
        thread.join()
    busy.close()
    other.close()


def ours_soon(turn):
    """Take a turn in another thread while this one still has it: it comes in the end."""

    class Soon:
        def __enter__(self):
            self.thread = threading.Thread(target=self.take)
            self.thread.start()

        def take(self):
            turn._patience = 10
            with turn:
                turn._patience = 0.05

        def __exit__(self, *_):
            pass

    return Soon()


def test_foreign_keys_hold(store):
    with pytest.raises(IntegrityError):
        store.write(lambda session: note_event(session, "seen", START, 77))


@pytest.mark.slow
def test_writers_of_postgresql_who_stand_in_each_others_way_try_again(postgresql):
    both = threading.Barrier(2)
    tries = []

    def work(first, second):
        def change(session):
            tries.append(first)
            session.execute(update(Item).where(Item.id == first).values(taken=Item.taken + 1))
            if len(tries) <= 2:
                both.wait(10)
            session.execute(update(Item).where(Item.id == second).values(taken=Item.taken + 1))

        return change

    with open_store(postgresql()) as store:
        store.write(add_campaign)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(store.write, (work(1, 2), work(2, 1))))
        with store.reading() as session:
            assert [session.get(Item, number).taken for number in (1, 2)] == [2, 2]
    assert len(tries) == 3


@pytest.mark.slow
def test_two_who_insert_the_same_on_postgresql_are_told_apart_at_the_next_try(postgresql):
    both, tries = threading.Barrier(2), []

    def work(session):
        tries.append(1)
        found = session.scalar(select(Person).where(Person.name == "Ada"))
        if len(tries) <= 2:
            both.wait(10)
        if found is None:
            add_person(session, "Ada")

    with open_store(postgresql()) as store:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(store.write, (work, work)))
        assert people(store) == ["Ada"]
        store.write(lambda session: add_people(session, 2))
        assert len(people(store)) == 3
