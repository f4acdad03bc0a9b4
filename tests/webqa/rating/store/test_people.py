"""Who signs in: secrets, invites that work once, names that are somebody's alone."""

import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import func, select

from env.errors import ConfigError
from tests.webqa.rating.rating_rows import START, later
from webqa.rating.errors import Conflict, NotAllowed, Unfit
from webqa.rating.store import people
from webqa.rating.store.database import open_store
from webqa.rating.store.sessions import Lifetime, begin_session
from webqa.rating.store.tables import Event, Invite, Person, Session

SECRET = b"for these tests and nothing else."
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with open_store(tmp_path_factory.mktemp("people") / "ratings.db") as opened:
        yield opened


@pytest.fixture
def session(shared):
    """A session whose changes are taken back."""

    class Done(Exception):
        pass

    try:
        with shared.writing() as opened:
            yield opened
            raise Done
    except Done:
        pass


def invited(session, **more):
    return people.invite(session, SECRET, more.pop("role", "rater"), START, **more)


def accepted(session, token, name="Ada", now=START, **more):
    return people.accept(session, SECRET, token, name, now, **more)


def kinds(session):
    return session.scalars(select(Event.kind).order_by(Event.id)).all()


# The secret


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path):
    where = tmp_path / "ratings.db"
    first = people.read_secret(where, {})
    path = tmp_path / "ratings.db.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first) >= 64
    assert people.read_secret(f"sqlite:///{where}", {}) == first
    assert people.read_secret(tmp_path / "other.db", {}) != first
    assert sorted(one.name for one in tmp_path.iterdir()) == ["other.db.secret", path.name]


def test_several_that_make_it_at_once_have_the_same(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(lambda _: people.read_secret(tmp_path / "ratings.db", {}), range(8))
    assert len(set(made)) == 1


def test_the_environment_goes_first_and_must_be_long_enough(tmp_path):
    given = {people.VARIABLE: "x" * 32}
    assert people.read_secret("postgresql://host/name", given) == b"x" * 32
    assert not list(tmp_path.iterdir())
    with pytest.raises(ConfigError, match=r"\$WEBQA_SECRET is shorter than 32"):
        people.read_secret(tmp_path / "ratings.db", {people.VARIABLE: "secret"})


def test_secrets_that_are_none_are_refused(tmp_path):
    path = tmp_path / "ratings.db.secret"
    path.write_text("short", encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others can read"):
        people.read_secret(tmp_path / "ratings.db", {})
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="shorter than 32"):
        people.read_secret(tmp_path / "ratings.db", {})
    with pytest.raises(ConfigError, match="cannot be used: No such file"):
        people.read_secret(tmp_path / "missing" / "ratings.db", {})
    with pytest.raises(ConfigError, match=r"set \$WEBQA_SECRET"):
        people.read_secret("postgresql://host/name", {})


def test_a_secret_that_is_lost_is_not_made_anew_in_silence(tmp_path):
    where = tmp_path / "ratings.db"
    with open_store(where) as store:
        first = people.secret_of(store, where, {})
        assert people.secret_of(store, where, {}) == first
        store.write(invited)
        assert people.secret_of(store, where, {}) == first
        (tmp_path / "ratings.db.secret").unlink()
        with pytest.raises(ConfigError, match=r"ratings\.db\.secret is gone") as told:
            people.secret_of(store, where, {})
        assert not (tmp_path / "ratings.db.secret").exists()
        assert people.secret_of(store, where, {people.VARIABLE: "x" * 32}) == b"x" * 32
        command = str(told.value).partition("make a new one: ")[2]
        subprocess.run(["sh", "-c", command], check=True)
        assert people.secret_of(store, where, {}) != first


def test_a_hash_depends_on_secret_purpose_and_token():
    made = {
        people.keyed_hash(secret, purpose, token)
        for secret in (SECRET, SECRET[::-1])
        for purpose in ("invite", "session")
        for token in ("a", "b", "\ud800")
    }
    assert len(made) == 12


# Invites


def test_an_invite_makes_one_person_once(session):
    token = invited(session, role="reviewer", note="for Ada")
    assert people.is_open(session, SECRET, token, START).note == "for Ada"
    made = accepted(session, token)
    assert (made.name, made.role, made.active) == ("Ada", "reviewer", True)
    assert people.is_open(session, SECRET, token, START) is None
    with pytest.raises(NotAllowed, match="not valid"):
        accepted(session, token, "Eve")
    assert kinds(session) == ["invited", "accepted"]


def test_nothing_of_a_token_is_in_the_database(session):
    token = invited(session)
    cookie = begin_session(session, SECRET, accepted(session, token).id, START, Lifetime(1, 1))
    session.flush()
    for table in (Invite, Session, Event, Person):
        for row in session.scalars(select(table)):
            stored = "".join(str(getattr(row, column.key)) for column in table.__table__.columns)
            assert token not in stored
            assert cookie not in stored


def test_all_bad_invites_are_refused_in_the_same_words(session):
    used, late, shut = (invited(session) for _ in range(3))
    person = accepted(session, used)
    gone = invited(session, person=person)
    person.active = False
    said = set()
    for token, now in (
        (used, START),
        (late, START + 14 * DAY),
        (gone, START),
        (shut[:-1], START),
        ("", START),
        ("x" * 10_000, START),
        ("\ud800\0", START),
    ):
        with pytest.raises(NotAllowed) as refused:
            accepted(session, token, "Eve", now)
        said.add(str(refused.value))
    assert said == {people.NO_INVITE}


def test_an_invite_lasts_as_long_as_was_said(session):
    token = invited(session, days=2)
    assert people.is_open(session, SECRET, token, START + 2 * DAY - timedelta(seconds=1))
    assert people.is_open(session, SECRET, token, START + 2 * DAY) is None
    assert people.is_open(session, b"another secret, long enough too.", token, START) is None


def test_of_many_who_accept_at_once_one_does(tmp_path):
    with open_store(tmp_path / "ratings.db") as store:
        token = store.write(invited)

        def accept(number):
            try:
                return store.write(lambda session: accepted(session, token, f"n{number}").name)
            except NotAllowed:
                return None

        with ThreadPoolExecutor(6) as pool:
            names = [name for name in pool.map(accept, range(6)) if name]
        with store.reading() as session:
            assert session.scalars(select(Person.name)).all() == names
    assert len(names) == 1


@pytest.mark.parametrize(
    "taken", ["Ada", "ada", " A\u200bda ", "\uff21\uff24\uff21", "local", "LOCAL"]
)
def test_a_name_that_is_taken_leaves_the_invite_open(shared, session, taken):
    accepted(session, invited(session))
    token = invited(session)
    nested = session.begin_nested()
    with pytest.raises(Conflict, match="choose another"):
        accepted(session, token, taken)
    nested.rollback()
    assert accepted(session, token, "Grace").name == "Grace"


@pytest.mark.parametrize("name", ["", "  ", "\u200b\u202e\0", "x" * 61, "\u2800", "\u3164\ufe0f"])
def test_what_is_no_name_is_unfit(session, name):
    with pytest.raises(Unfit, match="between 1 and 60"):
        accepted(session, invited(session), name)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        ("Zoe\u0308", "Zoë"),
        ("a\u00a0b\u202e", "a b"),
        ("\ufb01n", "fin"),
    ],
)
def test_names_are_kept_in_one_form(session, typed, kept):
    assert accepted(session, invited(session), typed).name == kept


@pytest.mark.parametrize(
    "name", ["Ada\ufe0f", "A\u034fda", "Ada\U000e0101", "\u3164Ada", "Ada\u2800"]
)
def test_nobody_takes_a_name_by_adding_what_is_not_seen(session, name):
    accepted(session, invited(session))
    with pytest.raises(Conflict, match="somebody's name already"):
        accepted(session, invited(session), name)


def test_a_very_long_name_is_not_brought_into_one_form(session):
    # Marks are sorted one by one: of these it would take half a minute, in a writing transaction.
    token, begun = invited(session), time.process_time()
    with pytest.raises(Unfit, match="between 1 and 60"):
        accepted(session, token, "a" + "\u0301\u0327" * 40_000)
    assert time.process_time() - begun < 1


def test_somebody_is_let_in_again_as_who_he_was(session):
    person = accepted(session, invited(session, role="admin"))
    again = accepted(session, invited(session, person=person), "another name")
    assert (again.id, again.name, again.role) == (person.id, "Ada", "admin")
    assert session.scalar(select(func.count(Person.id))) == 1


def test_parameters_of_a_platform_are_kept_and_bounded(session):
    outside = {"study": "7", "participant": "p1"}
    person = accepted(session, invited(session), outside=outside)
    assert msgspec.json.decode(person.outside) == outside
    many = {f"field {number}": "x" * 999 for number in range(99)} | {"study": "8"}
    accepted(session, invited(session, person=person), outside=many)
    kept = msgspec.json.decode(person.outside)
    assert kept["study"] == "8"
    assert len(kept) == 20
    assert max(map(len, kept.values())) == 200


def test_half_a_character_from_outside_does_not_stop_anybody(session):
    person = accepted(session, invited(session), outside={"study\ud800": "\ud800\0"})
    session.flush()
    assert list(msgspec.json.decode(person.outside).values()) == ["?\0"]


def test_a_server_without_accounts_has_one_person(session):
    first, again = (people.local_person(session, later(minute)) for minute in (0, 1))
    assert (first.id, first.name, first.role) == (again.id, "local", "admin")
