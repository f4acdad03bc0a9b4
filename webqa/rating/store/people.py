"""Who signs in: people, their invites, and the secret that invites and sessions are hashed with.

Tokens are random, leave this module once, and are stored as keyed hashes: whoever reads the
database cannot sign in by it. Knows no request and no cookie; sessions stand in `sessions`.
"""

from __future__ import annotations

import hmac
import os
import secrets
import shlex
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy import CursorResult, exists, select, update
from sqlalchemy.orm import Session as DatabaseSession

from env.errors import ConfigError
from env.records import to_json
from webqa.rating.errors import Conflict, NotAllowed, Unfit
from webqa.rating.records import Role
from webqa.rating.store.database import Store, file_of, note_event, stamp, storable
from webqa.rating.store.names import folded, one_form
from webqa.rating.store.tables import Invite, Person, Session

VARIABLE = "WEBQA_SECRET"
SECRET_LENGTH = 32
"""Characters that a secret has at least."""
TOKEN_BYTES = 32
NAME_LENGTH = 60
TYPED_LENGTH = 10 * NAME_LENGTH
"""Characters of a name before it is brought into one form, which takes minutes for long ones."""
LOCAL = "local"
"""Name of the one person of a server without accounts; nobody else can take it."""
OUTSIDE_FIELDS = 20
OUTSIDE_LENGTH = 200
"""Parameters of a payment platform that are kept, and characters of each."""
NO_INVITE = "this invitation is not valid: it was used, has run out, or never was; ask for another"
LOST = (
    "{path} is gone (and $WEBQA_SECRET not set), by which those who were invited are known: put it "
    "back from a copy; or, to invite them all again, make a new one: "
    "(umask 077; openssl rand -hex 32 > {quoted})"
)


def secret_of(
    store: Store, where: str | Path, environment: Mapping[str, str] = os.environ
) -> bytes:
    """Return the secret of an open database; see `read_secret`.

    Raises:
        ConfigError: as `read_secret`; or it is gone, and people were invited with it.
    """
    with store.reading() as session:
        used = any(session.scalar(select(exists(table.digest))) for table in (Invite, Session))
    return read_secret(where, environment, make=not used)


def read_secret(
    where: str | Path, environment: Mapping[str, str] = os.environ, *, make: bool = True
) -> bytes:
    """Return the secret of a database: of $WEBQA_SECRET, else of a file beside it.

    The file is made at first use, readable by its owner alone.

    Args:
        where: the database.
        environment: that the variable is looked up in.
        make: whether a file that is not there is made.

    Raises:
        ConfigError: it is too short, others can read it, it is not there and must not be made, or
            a database on another machine has none.
    """
    if given := environment.get(VARIABLE, ""):
        return _long_enough(given.encode(), f"${VARIABLE}")
    database = file_of(where)
    if database is None:
        raise ConfigError(f"set ${VARIABLE}: a database that is no file has no secret beside it")
    path = secret_file(database)
    try:
        if not path.exists():
            if not make:
                raise ConfigError(LOST.format(path=path, quoted=shlex.quote(str(path))))
            _make_secret(path)
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"others can read {path}: chmod 600 it")
        return _long_enough(path.read_bytes().strip(), str(path))
    except OSError as error:
        raise ConfigError(f"the secret {path} cannot be used: {error.strerror}") from None


def secret_file(database: Path) -> Path:
    """Return where the secret of a SQLite database is, unless a variable holds it."""
    return database.with_name(f"{database.name}.secret")


def copy_secret(database: Path, copy: Path) -> bool:
    """Put a database's secret beside a copy of it too; False where there is none.

    Raises:
        OSError: the copy has a secret already, or it cannot be written.
    """
    secret = secret_file(database)
    if not secret.exists():
        return False
    _write_private(secret.read_bytes(), secret_file(copy))
    return True


def _make_secret(path: Path) -> None:
    # Linked into place when it is whole, so that of two that start at once both have the same.
    made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        _write_private(secrets.token_hex(SECRET_LENGTH).encode(), made)
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        made.unlink(missing_ok=True)


def _write_private(content: bytes, path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, content)
        os.fsync(file)
    except OSError:
        path.unlink()
        raise
    finally:
        os.close(file)


def _long_enough(secret: bytes, where: str) -> bytes:
    if len(secret) < SECRET_LENGTH:
        raise ConfigError(f"the secret in {where} is shorter than {SECRET_LENGTH} characters")
    return secret


def keyed_hash(secret: bytes, purpose: str, token: str) -> str:
    """Return what is stored of a token. Of another purpose, the same token is another's."""
    content = f"{purpose}\0{token}".encode(errors="replace")
    return hmac.digest(secret, content, "sha256").hex()


def invite(
    session: DatabaseSession,
    secret: bytes,
    role: Role,
    now: datetime,
    *,
    days: float = 14.0,
    person: Person | None = None,
    note: str = "",
    by: int | None = None,
) -> str:
    """Return the token of a new invite, which nothing else knows from now on.

    Args:
        session: of a writing transaction.
        secret: what it is hashed with.
        role: of the person that it makes.
        now: when.
        days: after which it is no longer valid.
        person: whom it lets in again; None: it makes a new person.
        note: for those who look after the invites, such as whom it was sent to.
        by: id of the person who invites.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        Invite(
            digest=keyed_hash(secret, "invite", token),
            role=person.role if person else role,
            person_id=person.id if person else None,
            note=storable(note, OUTSIDE_LENGTH, "the note"),
            created=stamp(now),
            expires=stamp(now + timedelta(days=days)),
        )
    )
    note_event(session, "invited", now, by, role=role, again=person.id if person else None)
    return token


def is_open(session: DatabaseSession, secret: bytes, token: str, now: datetime) -> Invite | None:
    """Return the invite of a token that can still be accepted; None for any other token."""
    # A keyed hash is sought: how long that takes tells nothing of any token.
    digest = keyed_hash(secret, "invite", token)
    found = session.get(Invite, digest)
    if found is None or not hmac.compare_digest(found.digest, digest):
        return None
    return found if not found.used and found.expires > stamp(now) else None


def accept(
    session: DatabaseSession,
    secret: bytes,
    token: str,
    name: str,
    now: datetime,
    *,
    outside: Mapping[str, str] | None = None,
) -> Person:
    """Use up an invite and return the person whom it makes or lets in again.

    Args:
        session: of a writing transaction.
        secret: what invites are hashed with.
        token: of the invite.
        name: that the person chooses; without meaning for one who is let in again.
        now: when.
        outside: parameters that a payment platform handed over.

    Raises:
        NotAllowed: the invite is used, has run out, or never was: which is not told.
        Conflict: the name is somebody's; the invite is still open.
        Unfit: it is no name; the invite is still open.
    """
    found = is_open(session, secret, token, now)
    if found is None or not _use_up(session, found.digest, now):
        raise NotAllowed(NO_INVITE)
    if found.person_id is None:
        person = _add(session, _fit_name(name), found.role, now)
    else:
        person = session.get_one(Person, found.person_id)
    if not person.active:
        raise NotAllowed(NO_INVITE)
    if outside:
        person.outside = _kept(person.outside, outside)
    session.flush()
    note_event(session, "accepted", now, person.id)
    return person


def _use_up(session: DatabaseSession, digest: str, now: datetime) -> bool:
    """Mark an invite as used, unless somebody was faster."""
    change = update(Invite).where(Invite.digest == digest, Invite.used == "")
    done = session.execute(change.values(used=stamp(now)))
    return isinstance(done, CursorResult) and done.rowcount == 1


def _fit_name(name: str) -> str:
    fit = one_form(name) if len(name) <= TYPED_LENGTH else ""
    if not 1 <= len(fit) <= NAME_LENGTH:
        raise Unfit(f"a name has between 1 and {NAME_LENGTH} characters")
    return fit


def _add(session: DatabaseSession, name: str, role: str, now: datetime) -> Person:
    # Compared here, because no database folds case as Unicode does. On PostgreSQL two who come at
    # the same moment may so get names that differ in case alone; the very same, never.
    names = session.scalars(select(Person.name))
    if folded(name) in {LOCAL, *map(folded, names)}:
        raise Conflict(f"{name!r} is somebody's name already: choose another")
    person = Person(name=name, role=role, created=stamp(now))
    session.add(person)
    session.flush()
    return person


def _kept(before: str, outside: Mapping[str, str]) -> str:
    kept: dict[str, str] = msgspec.json.decode(before, type=dict[str, str]) if before else {}
    for name, value in outside.items():
        if len(kept) < OUTSIDE_FIELDS or name in kept:
            kept[_whole(name)] = _whole(value)
    return to_json(kept).decode()


def _whole(given: str) -> str:
    """Cut a text that came from outside, and make Unicode of it."""
    return given[:OUTSIDE_LENGTH].encode(errors="replace").decode()


def local_person(session: DatabaseSession, now: datetime) -> Person:
    """Return the one person of a server without accounts, made at first use: an admin."""
    found = session.scalar(select(Person).where(Person.name == LOCAL))
    if found is None:
        found = Person(name=LOCAL, role="admin", created=stamp(now))
        session.add(found)
        session.flush()
    return found
