"""The command `webqa rate` as people type it: create, invite, status, export, close."""

import json
import re
import sqlite3
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from env.jsonl import append
from env.records import WebIdentity, to_json
from reward.comparisons import read_comparisons
from tests.webqa.rating.made_campaigns import NOW, PAGE, empty, pair, said, submit
from webqa.cli import COMMANDS, main, make_app
from webqa.cli.needing import RATING, need_rating
from webqa.rating.store.database import open_store, stamp
from webqa.rating.store.people import accept, read_secret
from webqa.rating.store.tables import Person
from webqa.run import RunConfig, Settings, configuration


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with two pairs and the page that they quote."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ratings.db").write_bytes(empty())
    (tmp_path / "run").mkdir()
    append(tmp_path / "run" / "pages.jsonl", PAGE)
    (tmp_path / "run" / "config.json").write_bytes(config())
    lines = [to_json(pair(number)) + b"\n" for number in range(2)]
    (tmp_path / "pairs.jsonl").write_bytes(b"".join(lines))
    return tmp_path


def config():
    settings = Settings("typed", "extractive", WebIdentity("memory"))
    return to_json(RunConfig(settings, configuration(settings)))


CREATE = ("rate", "create", "sky", "--pairs", "pairs.jsonl", "--pages", "run")


def test_nobody_can_foretell_what_a_campaign_draws(folder, capsys):
    """Fails when all campaigns have the same seed, so that its checks of raters can be computed."""
    seeds = []
    for name in ("one", "two"):
        assert main([*CREATE[:2], name, *CREATE[3:]]) == 0
        with sqlite3.connect("ratings.db") as database:
            found = database.execute("SELECT settings FROM campaign WHERE name = ?", (name,))
            seeds.append(json.loads(found.fetchone()[0])["seed"])
    assert 0 not in seeds
    assert seeds[0] != seeds[1]


def test_from_pairs_to_comparisons(folder, capsys):
    assert main([*CREATE, "--raters", "2", "--seed", "3"]) == 0
    told = capsys.readouterr()
    assert "sky: 2 items, each for 2 people" in told.out
    assert told.out.endswith("Next: webqa rate serve\n")
    assert told.err == ""
    with open_store("ratings.db") as store, store.writing() as session:
        for name in ("Ann", "Bob"):
            session.add(Person(name=name, role="rater", created=stamp(NOW)))
        session.flush()
        submit(session, "Ann", pair(0).id, said(2))
        submit(session, "Bob", pair(0).id, said(-1))
    assert main(["rate", "status", "--json", "status.json"]) == 0
    told = capsys.readouterr().out
    assert "2 of 4 ratings (50%)" in told
    assert "Ann +2, Bob -1" in told
    figures = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    assert figures[0]["progress"]["submitted"] == 2
    assert main(["rate", "export", "sky", "-o", "out.jsonl"]) == 0
    assert [one.preference for one in read_comparisons(folder / "out.jsonl")] == [1.0, -0.5]
    rows = sqlite3.connect("ratings.db").execute("SELECT content FROM event WHERE kind='exported'")
    assert json.loads(rows.fetchone()[0]) == {"campaign": "sky", "form": "webqa", "rows": 2}


def test_questions_make_a_demonstrating_campaign(folder, capsys):
    (folder / "q.jsonl").write_text('{"question": "Why is the sky blue?"}\n', encoding="utf-8")
    assert main(["rate", "create", "demos", "--questions", "q.jsonl"]) == 0
    assert main(["rate", "status", "demos"]) == 0
    assert "demos (demonstrate, Answering a question by browsing" in capsys.readouterr().out
    assert main(["rate", "export", "-o", "run2", "--form", "run"]) == 1
    assert "no demonstration to write" in capsys.readouterr().err


def test_quotes_without_context_and_leaks_are_told(folder, capsys):
    leaking = pair(5, second="As an AI, I cannot say.")
    append(folder / "pairs.jsonl", leaking)
    assert main(["rate", "create", "sky", "--pairs", "pairs.jsonl", "--without-leaks"]) == 0
    told = capsys.readouterr()
    assert "2 quotes of 2 without context: its page is not stored" in told.err
    assert f"the second answer of {leaking.id}: 'As an AI'" in told.err
    assert "sky: 2 items" in told.out


def test_an_invitation_lets_one_person_in(folder, capsys):
    assert main(["rate", "invite", "--number", "2", "--at", "https://rate.example/"]) == 0
    links = capsys.readouterr().out.split()
    assert len(set(links)) == 2
    assert all(link.startswith("https://rate.example/join/") for link in links)
    secret = read_secret("ratings.db")
    with open_store("ratings.db") as store, store.writing() as session:
        token = links[0].rsplit("/", 1)[1]
        assert accept(session, secret, token, "Ann", datetime.now(UTC)).role == "rater"
    for name in ("Ann", " ANN"):
        assert main(["rate", "invite", "--again", name]) == 0
    assert main(["rate", "invite", "--again", "Cem"]) == 1
    assert "nobody is called 'Cem'; there are: Ann\n" in capsys.readouterr().err


def test_closing_and_reopening(folder, capsys):
    assert main([*CREATE]) == 0
    assert main(["rate", "close", "sky"]) == 0
    main(["rate", "status"])
    assert ", closed)" in capsys.readouterr().out
    assert main(["rate", "close", "sky", "--reopen"]) == 0
    main(["rate", "status"])
    assert ", closed)" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["create", "sky"], "nothing to be compared"),
        (["create", "sky", "--pairs", "none.jsonl"], "cannot read none.jsonl"),
        (["create", "sky", "--run", "nowhere"], "not a run folder"),
        (["status"], "none yet"),
        (["status", "--database", "other.db"], "there is no database other.db"),
        (["export", "sky", "-o", "x"], "no campaign is called 'sky'"),
        (["export", "-o", "run"], "is a folder"),
        (["export", "-o", "x.jsonl", "--form", "inspect"], "needs --run"),
        (["export", "-o", "x.csv", "--form", "csv", "--mean"], "not for --form csv"),
        (["create", "sky", "--pairs", "none.jsonl", "-d", "no/x.db"], "no is no folder to write"),
        (["create", "sky", "--questions", "q", "--profile", "minimal"], "--profile is of answers"),
        (["backup", "run"], "run is there already"),
        (["backup", "new.db", "-d", "no.db"], "there is no database no.db"),
        (["backup", "new.db", "-d", "postgresql://host/name"], "pg_dump"),
        (["invite", "--number", "0"], "--number"),
        (["invite", "--days", "0"], "--days"),
        (["invite", "--days", "inf"], "--days"),
        (["invite", "--days", "1e12"], "--days"),
        (["close", "sea"], "no campaign is called 'sea'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(folder, capsys, arguments, told):
    assert main(["rate", *arguments]) == 1
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_nothing_is_made_where_a_campaign_cannot_be(folder):
    assert main(
        ["rate", "create", "sky", "--pairs", "pairs.jsonl", "-d", "new.db", "--raters", "0"]
    )
    assert not (folder / "new.db").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["new", "--raters", "0"], "--raters"),
        (["new", "--complete", "nan"], "--complete"),
        (["new", "--lease-minutes", "inf"], "--lease-minutes"),
        ([" "], "needs a name"),
        (["SKY "], "there is a campaign 'sky' already"),
        (["new", "--tasks", "none.jsonl", "--profile", "minimal"], "--profile detailed"),
    ],
)
def test_what_can_be_refused_is_refused_before_items_are_read(folder, capsys, given, told):
    assert main([*CREATE]) == 0
    capsys.readouterr()
    assert main(["rate", "create", *given, "--pairs", "none.jsonl"]) == 1
    err = capsys.readouterr().err
    assert told in err
    assert "cannot read" not in err


def test_damaged_rules_are_told_in_one_line(folder, capsys):
    assert main([*CREATE]) == 0
    with sqlite3.connect("ratings.db") as database:
        database.execute("UPDATE campaign SET settings = '{\"lease_minutes\": null}'")
    database.close()
    capsys.readouterr()
    assert main(["rate", "status"]) == 1
    err = capsys.readouterr().err
    assert "the rules of the campaign 'sky' are damaged" in err
    assert err.count("\n") == 1


def test_every_package_of_the_extra_is_looked_for():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    named = (re.match(r"[\w-]+", one)[0] for one in extras["rating"])
    assert sorted(RATING) == sorted(name.replace("-", "_") for name in named)
    need_rating()


def test_a_command_with_commands_stands_among_the_others(capsys):
    assert "rate" in COMMANDS
    assert main(["rate", "--help"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in ("create", "invite", "serve", "status", "export", "close"))
    assert main(["rate", "nonsense"]) == 2
    text = make_app("rate").generate_docs()
    assert "webqa rate create" in text
    assert "--best-by" in text
