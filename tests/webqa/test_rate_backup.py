"""`webqa rate backup`: what is being rated is copied whole, and people are still known."""

import shutil
import stat

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
