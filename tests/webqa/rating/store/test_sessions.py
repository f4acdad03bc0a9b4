"""Browsers in which somebody is signed in: found, seen, ended."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.webqa.rating.rating_rows import START, add_people, later
from tests.webqa.rating.store.queue_desk import quick_store
from webqa.rating.store import people, sessions
from webqa.rating.store.sessions import Lifetime
from webqa.rating.store.tables import Event, Person, Session

SECRET = b"for these tests and nothing else."
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
LONG = Lifetime(14, 14)


@pytest.fixture
def session():
    with quick_store() as store, store.writing() as opened:
        yield opened


def begin(session, person, now=START, lasting=LONG):
    return sessions.begin_session(session, SECRET, person, now, lasting)


def find(session, token, now=START, lasting=LONG):
    return sessions.find_person(session, SECRET, token, now, lasting)


def test_a_session_finds_its_person_until_it_ends(session):
    (one, other) = add_people(session, 2)
    tokens = [begin(session, who) for who in (one, one, other)]

    def found(now=START):
        who = [find(session, token, now) for token in tokens]
        return [one and one.person.id for one in who]

    session.flush()
    assert found() == [one, one, other]
    sessions.end_session(session, SECRET, tokens[0], START)
    sessions.end_session(session, SECRET, "never was", START)
    session.flush()
    assert found() == [None, one, other]
    assert found(START + 14 * DAY) == [None, None, None]
    assert sessions.end_sessions(session, one, START) == 1
    assert found() == [None, None, other]
    session.get(Person, other).active = False
    assert found() == [None, None, None]
    kinds = session.scalars(select(Event.kind).order_by(Event.id)).all()
    assert kinds == ["signed-in"] * 3 + ["signed-out"] * 2


@pytest.mark.parametrize("token", ["", "guessed", "\ud800", "x" * 10_000])
def test_other_tokens_find_nobody(session, token):
    (one,) = add_people(session, 1)
    invited = people.invite(session, SECRET, "rater", START)
    begin(session, one)
    assert find(session, token) is None
    assert find(session, invited) is None


def test_a_session_ends_when_it_is_not_used_and_at_last_in_any_case(session):
    (one,) = add_people(session, 1)
    lasting = Lifetime(14, 7)
    token = begin(session, one, lasting=lasting)
    session.flush()
    assert find(session, token, START + 7 * DAY - SECOND, lasting).person.id == one
    assert find(session, token, START + 7 * DAY, lasting) is None
    for day in (6, 12):
        sessions.note_visit(session, SECRET, token, START + day * DAY)
        assert find(session, token, START + (day + 1) * DAY, lasting).person.id == one
    assert find(session, token, START + 14 * DAY, lasting) is None


def test_a_visit_is_noted_once_in_a_while(session):
    (one,) = add_people(session, 1)
    token = begin(session, one)
    session.flush()
    for minutes, stale in ((59, False), (60, True)):
        assert find(session, token, later(minutes)).stale == stale
    sessions.note_visit(session, SECRET, token, later(60))
    sessions.note_visit(session, SECRET, token, later(30))  # slower than the other one
    sessions.note_visit(session, SECRET, "never was", later(60))
    assert not find(session, token, later(119)).stale
    assert find(session, token, later(120)).stale


def test_who_works_stays_signed_in_where_sessions_end_soon(session):
    (one,) = add_people(session, 1)
    lasting = Lifetime(14, 0.5 / 24)
    token = begin(session, one, lasting=lasting)
    session.flush()
    for minutes in range(2, 90, 4):
        found = find(session, token, later(minutes), lasting)
        assert found, f"signed out after {minutes} minutes"
        if found.stale:
            sessions.note_visit(session, SECRET, token, later(minutes))
    assert find(session, token, later(90 + 30), lasting) is None


def test_finding_somebody_only_reads():
    with quick_store() as store:
        token = store.write(lambda one: begin(one, people.local_person(one, START).id))
        with store.reading() as session:
            assert find(session, token, later(90)).person.name == "local"


@pytest.mark.parametrize("lasting", [Lifetime(1, 14), Lifetime(14, 1)])
def test_sessions_that_ran_out_are_cleared_away(session, lasting):
    (one,) = add_people(session, 1)
    begin(session, one, lasting=lasting)
    begin(session, one, START + DAY, lasting)
    session.flush()
    assert session.scalar(select(func.count(Session.digest))) == 1
