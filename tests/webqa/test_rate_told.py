"""What `webqa rate` says beside its results: of links, of gold items, of people at work."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from env.jsonl import append
from env.records import to_json
from reward.comparisons import Comparison
from tests.webqa.made_runs import add_episode, asked, make_run
from tests.webqa.rating.made_campaigns import collected, database, pair, said, submit
from webqa.cli import main
from webqa.cli.rate_told import tell_invited
from webqa.rating.config import CampaignConfig
from webqa.rating.store.queue import next_assignment
from webqa.rating.store.tables import Campaign, Person

PAIRS = [pair(number) for number in range(9)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store(folder):
    """A campaign with a gold item, for two people."""
    items = collected(PAIRS, gold=[(pair(99), 1)]).items
    with database(folder, items, raters=2) as opened:
        yield opened


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (14, "for 14 days"),
        (1, "for 1 day;"),
        (0.5, "for 12 hours"),
        (1.5, "for 1.5 days"),
        (0.001, "for 1.4 minutes"),
        (0.0001, "for 8.6 seconds"),
    ],
)
def test_how_long_a_link_is_valid(capsys, days, told):
    tell_invited(1, "rater", days, "https://rate.example")
    assert told in capsys.readouterr().err


def test_links_for_this_machine_alone_are_told_as_such(folder, store, capsys):
    assert main(["rate", "invite"]) == 0
    assert "on this machine alone: for others, give --at" in capsys.readouterr().err
    assert main(["rate", "invite", "--at", "https://rate.example"]) == 0
    assert "alone" not in capsys.readouterr().err


def test_an_invitation_to_no_database_leaves_no_secret(folder):
    assert main(["rate", "invite", "-d", "no2.db"]) == 1
    assert not list(folder.iterdir())


def test_what_is_not_understood_is_named(folder, capsys):
    assert main(["rate", "invite", "3"]) == 2
    assert capsys.readouterr().err == "webqa: 3 is not understood here (see webqa --help)\n"


def test_closing_tells_who_is_at_work(store, capsys):
    def begin(session):
        person = session.scalars(select(Person)).first()
        campaign = session.scalars(select(Campaign)).one()
        next_assignment(session, person, campaign, CampaignConfig(), datetime.now(UTC))

    store.write(begin)
    assert main(["rate", "close", "sky"]) == 0
    assert "1 person is at work: what they have begun can" in capsys.readouterr().out
    assert main(["rate", "close", "sky", "--reopen"]) == 0
    assert "at work" not in capsys.readouterr().out


def test_status_tells_who_had_no_gold_and_how_many_disagreements_are_not_shown(store, capsys):
    with store.writing() as session:
        for one in PAIRS[:7]:
            submit(session, "Ann", one.id, said(1))
            submit(session, "Bob", one.id, said(0))
        submit(session, "Ann", pair(99).id, said(1))
    assert main(["rate", "status"]) == 0
    told = capsys.readouterr().out
    assert "1 of 2 people had no gold item yet" in told
    assert "7 items on which people prefer different answers (+ the first, - the second):" in told
    assert told.count("Ann +1, Bob 0") == 5
    assert "  and 2 more, on the dashboard" in told
    assert "a tie as half" in told


def test_several_runs_after_one_flag(folder, capsys):
    runs = [make_run(folder / name) for name in "ab"]
    for run in runs:
        add_episode(run, asked("q1"), f"By {run.name}.")
        add_episode(run, asked("q2"), "By a." if run.name == "a" else None)
    assert main(["rate", "create", "first", "--run", "a", "b"]) == 0
    told = capsys.readouterr()
    assert "first: 1 item" in told.out
    assert "1 question left out: not answered in every run" in told.err


def test_a_flag_without_its_files_makes_no_campaign(folder, capsys):
    append(folder / "pairs.jsonl", PAIRS[0])
    assert main(["rate", "create", "sky", "--run", "--pairs", "pairs.jsonl"]) == 2
    assert "--run requires at least 1" in capsys.readouterr().err


def test_what_becomes_of_gold_is_told(folder, capsys):
    append(folder / "pairs.jsonl", PAIRS[0])
    append(folder / "pairs.jsonl", PAIRS[1])
    lines = [
        Comparison(one.id, one.question, one.first, one.second, preference)
        for one, preference in ((PAIRS[0], 1.0), (pair(50, first="Plain."), 1.0), (PAIRS[2], 0.0))
    ]
    (folder / "gold.jsonl").write_bytes(b"".join(to_json(one) + b"\n" for one in lines) + b"?\n")
    given = ["--pairs", "pairs.jsonl", "--gold", "gold.jsonl"]
    assert main(["rate", "create", "sky", *given]) == 0
    told = capsys.readouterr()
    assert "1 gold comparison left out: it is not JSON" in told.err
    assert "1 gold comparison left out: a tie" in told.err
    assert "1 item that --gold judges as well" in told.err
    assert "1 gold item without quotes" in told.err
    assert "sky: 1 item and 2 gold items" in told.out


def test_a_server_without_a_web_must_be_started_again(folder, capsys):
    (folder / "q.jsonl").write_text('{"question": "Why is the sky blue?"}\n', encoding="utf-8")
    assert main(["rate", "create", "demos", "--questions", "q.jsonl"]) == 0
    assert "A server that runs without --web must be started again" in capsys.readouterr().err
