"""`webqa rate backup`: a copy of a database that people may be rating in."""

from __future__ import annotations

import sqlite3
from os import environ
from pathlib import Path

from env.errors import ConfigError
from webqa.cli.exits import Exit
from webqa.cli.needing import need_rating
from webqa.cli.rate_database import DATABASE, DatabaseFlag, located, opened_store
from webqa.folders import expanded


def backup(out: Path, /, *, database: DatabaseFlag = DATABASE) -> int:
    """Copy a database as it is now, also while it is served, and its secret.

    With `cp`, what was submitted last would be lost: it stands in another file for a while.

    Args:
        out: The file to write; the secret, by which people are known, goes to OUT.secret. To
            restore it, give the copy as --database. (Put into the place of the old file it takes
            over what stands in the old one's FILE-wal: take that and FILE-shm away before.)
        database: The file of the database; PostgreSQL has pg_dump for this.
    """
    need_rating()
    from webqa.rating.store.database import file_of
    from webqa.rating.store.people import VARIABLE, secret_file

    file = file_of(located(database))
    if file is None:
        raise ConfigError(f"PostgreSQL is copied by pg_dump; keep the value of ${VARIABLE}, too")
    copy = expanded(out)
    for there in (copy, secret_file(copy)):
        if there.exists():
            raise ConfigError(f"{there} is there already: name another file")
    with opened_store(database):
        try:
            _copy(file, copy)
        except (OSError, sqlite3.Error) as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            raise ConfigError(f"{file} cannot be copied to {copy}: {reason}") from error
    told = [f"{file} is copied to {copy}"]
    if secret_file(copy).exists():
        told.append(f"its secret to {secret_file(copy)}")
    if environ.get(VARIABLE):
        told.append(f"keep the value of ${VARIABLE}, too")
    print("; ".join(told))
    return Exit.DONE


def _copy(file: Path, copy: Path) -> None:
    """Copy a database and its secret, or neither."""
    from webqa.rating.store.copying import copy_database
    from webqa.rating.store.people import copy_secret

    copy_database(file, copy)
    try:
        copy_secret(file, copy)
    except OSError:
        copy.unlink()  # it would stand in the way of the next try
        raise
