"""`webqa rate backup`: what is being rated is copied whole, and people are still known."""

import shutil
import stat
import subprocess
import sys

import pytest
from sqlalchemy import select

from tests.webqa.rating.made_campaigns import collected, database, pair, said, submit
from webqa.cli import main
from webqa.rating.store.copying import copy_database
from webqa.rating.store.database import open_store
from webqa.rating.store.people import secret_of
from webqa.rating.store.tables import Rating


def ratings(path):
    with open_store(path) as store, store.reading() as session:
        return session.scalars(select(Rating.key)).all()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a database that is open, and has a rating in its log."""
    monkeypatch.chdir(tmp_path)
    with database(tmp_path, collected([pair(1)]).items) as store:
        with store.writing() as session:
            submit(session, "Ann", pair(1).id, said(1))
        yield tmp_path


def test_a_copy_has_what_was_submitted_last(folder, capsys):
    with open_store("ratings.db") as store:
        secret = secret_of(store, "ratings.db", {})
    assert main(["rate", "backup", "copy.db"]) == 0
    assert "copied to copy.db; its secret to copy.db.secret" in capsys.readouterr().out
    shutil.copy("ratings.db", "by-cp.db")
    assert ratings("by-cp.db") == []
    assert ratings("copy.db") == [f"Ann-{pair(1).id}-0"]
    with open_store("copy.db") as store:
        assert secret_of(store, "copy.db", {}) == secret
    for name in ("copy.db", "copy.db.secret"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_without_a_secret_none_is_told(folder, capsys, monkeypatch):
    assert main(["rate", "backup", "copy.db"]) == 0
    assert capsys.readouterr().out == "ratings.db is copied to copy.db\n"
    monkeypatch.setenv("WEBQA_SECRET", "x" * 32)
    assert main(["rate", "backup", "other.db"]) == 0
    assert "keep the value of $WEBQA_SECRET, too" in capsys.readouterr().out


def test_nothing_is_overwritten_and_nothing_half_is_left(folder, capsys):
    (folder / "copy.db.secret").write_text("of another", encoding="utf-8")
    assert main(["rate", "backup", "copy.db"]) == 1
    assert "copy.db.secret is there already" in capsys.readouterr().err
    assert not (folder / "copy.db").exists()
    assert main(["rate", "backup", "no/copy.db"]) == 1
    assert "cannot be copied to no/copy.db: No such file" in capsys.readouterr().err
    (folder / "no.db").write_bytes(b"no database, and long enough to be seen as none" * 100)
    with pytest.raises(Exception, match="not a database"):
        copy_database(folder / "no.db", folder / "copy.db")
    assert not (folder / "copy.db").exists()


def test_a_copy_has_its_name_only_once_it_is_whole(folder):
    # Ends the process where a database is opened while the copy is there, as a kill would.
    killed = (
        "import os, sqlite3, sys\n"
        "from pathlib import Path\n"
        "from webqa.rating.store.copying import copy_database\n"
        "sys.addaudithook(lambda event, _: event == 'sqlite3.connect/handle' and "
        "Path('copy.db').exists() and os._exit(9))\n"
        "copy_database(Path('ratings.db'), Path('copy.db'))\n"
    )
    subprocess.run([sys.executable, "-c", killed], check=True)
    assert ratings("copy.db") == [f"Ann-{pair(1).id}-0"]
    with pytest.raises(FileExistsError):
        copy_database(folder / "ratings.db", folder / "copy.db")
    assert not list(folder.glob("*.tmp"))


def test_without_its_secret_nothing_is_left_of_a_copy(folder, capsys):
    (folder / "ratings.db.secret").mkdir()
    assert main(["rate", "backup", "copy.db"]) == 1
    assert "cannot be copied to copy.db: Is a directory" in capsys.readouterr().err
    assert not (folder / "copy.db").exists()


def test_both_secrets_are_told_where_there_are_two(folder, capsys, monkeypatch):
    (folder / "ratings.db.secret").write_text("x" * 32, encoding="utf-8")
    monkeypatch.setenv("WEBQA_SECRET", "y" * 32)
    assert main(["rate", "backup", "copy.db"]) == 0
    told = capsys.readouterr().out
    assert "its secret to copy.db.secret; keep the value of $WEBQA_SECRET, too" in told
