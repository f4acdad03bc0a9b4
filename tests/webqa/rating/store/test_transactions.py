"""Transactions: what a reader sees, one writer at a time, nothing half written."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError, InternalError

from tests.webqa.rating.rating_rows import START, add_campaign, add_people, add_person, people
from webqa.rating.errors import NotSaved
from webqa.rating.store.database import note_event, open_store
from webqa.rating.store.tables import Event, Item, Person
from webqa.rating.store.turns import Turn


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


def test_a_damaged_file_is_told_in_a_sentence(path):
    with open_store(path) as store, store.writing() as session:
        session.add_all(Event(at="", kind="x", content="y" * 3000) for _ in range(50))
    damaged = bytearray(path.read_bytes())
    damaged[-40 * 4096 :] = b"\xaa" * (40 * 4096)
    path.write_bytes(damaged)
    opened = open_store(path)
    with opened, pytest.raises(NotSaved, match="malformed"), opened.reading() as session:
        session.scalars(select(Event)).all()


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
