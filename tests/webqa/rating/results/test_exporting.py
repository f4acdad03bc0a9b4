"""Ratings as files: every form, what is left out, revisions, settled items, and hostile texts."""

import csv
import json
from datetime import timedelta
from io import StringIO

import pytest
from sqlalchemy import select

from env.errors import ConfigError
from env.records import (
    Answer,
    from_json,
)
from reward.comparisons import read_comparisons
from reward.formats.reading import load
from reward.pairs import Pair
from tests.webqa.made_runs import add_episode, asked, make_run
from tests.webqa.rating.made_campaigns import (
    NOW,
    PAGE,
    collected,
    database,
    pair,
    said,
    submit,
)
from webqa.rating.campaigns.creating import campaign_named
from webqa.rating.campaigns.settling import settle, withdraw
from webqa.rating.campaigns.sources import NewItem
from webqa.rating.config import WhichConfig
from webqa.rating.records import Mark, Planted, Task, Trusted, Verdict
from webqa.rating.results.exporting import export, json_line
from webqa.rating.results.lines import RatingLine, comparison
from webqa.rating.results.reading import Read, rating_lines
from webqa.rating.results.tabular import COLUMNS, write_csv
from webqa.rating.store.database import stamp
from webqa.rating.store.tables import Item, Person

PAIRS = [pair(number, first_episode=f"a{number}", second_episode=f"b{number}")
         for number in range(4)]  # fmt: skip


def exported(store, form, out, which=WhichConfig(), **more):  # noqa: B008
    with store.reading() as session:
        return export(session, campaign_named(session, "sky"), form, out, which, **more)


@pytest.fixture
def store(tmp_path):
    """Two people rated some of four pairs; Bob changed his mind about one."""
    items = collected(PAIRS, gold=[(pair(9), 1)]).items
    planted = Planted("first", "number", 0, 3, "Air scatters it [1].")
    items.append(NewItem(pair(7).id, Task(pair(7), planted=planted)))
    with database(tmp_path, items, raters=2) as store:
        with store.writing() as session:
            submit(session, "Ann", PAIRS[0].id, said(2, axes={"coherence": -1}), swapped=True)
            submit(session, "Bob", PAIRS[0].id, said(1))
            submit(session, "Bob", PAIRS[0].id, said(-1, note="on reflection"), revision=1)
            submit(session, "Ann", PAIRS[1].id, said(0))
            submit(session, "Bob", PAIRS[1].id, said(None, flags=("nonsense",)))
            submit(session, "Ann", PAIRS[2].id, said(1, flags=("knows-source",)))
            submit(session, "Ann", pair(9).id, said(1))
            submit(session, "Ann", pair(7).id, said(-2, flawed=("first",)))
        yield store


def test_comparisons_are_the_latest_of_each_rater(store, tmp_path):
    done = exported(store, "webqa", tmp_path / "c.jsonl")
    found = read_comparisons(tmp_path / "c.jsonl")
    assert [(one.question, one.rater, one.preference) for one in found] == [
        ("q0", "Ann", 1.0),
        ("q0", "Bob", -0.5),
        ("q1", "Ann", 0.0),
        ("q2", "Ann", 0.5),
    ]
    assert found[0].axes == {"coherence": -0.5}
    assert found[0].first_episode == "a0"
    assert found[0].guideline == "guide 1"
    assert found[0].created.startswith("2026-03-01T12")
    assert len({one.id for one in found}) == 4
    assert not any(one.simulated for one in found)
    assert done.written == 4
    assert done.left_out == {"gold item": 1, "item of a trial": 1, "flagged as nonsense": 1}


def test_gold_and_planted_are_written_where_asked_for(store, tmp_path):
    exported(store, "webqa", tmp_path / "c.jsonl", WhichConfig(gold=True, planted=True))
    assert {one.question for one in read_comparisons(tmp_path / "c.jsonl")} == {
        "q0", "q1", "q2", "q9", "q7",
    }  # fmt: skip


def test_raters_are_called_otherwise_where_asked_for(store, tmp_path):
    exported(store, "webqa", tmp_path / "c.jsonl", WhichConfig(nameless=True))
    text = (tmp_path / "c.jsonl").read_text(encoding="utf-8")
    assert "Ann" not in text
    assert {one.rater for one in read_comparisons(tmp_path / "c.jsonl")} == {"rater-1", "rater-2"}


def test_the_mean_of_a_pair_has_the_pair_s_own_id(store, tmp_path):
    done = exported(store, "webqa", tmp_path / "c.jsonl", mean=True)
    found = {one.id: one for one in read_comparisons(tmp_path / "c.jsonl")}
    assert set(found) == {one.id for one in PAIRS[:3]}
    both = found[PAIRS[0].id]
    assert (both.preference, both.rater, both.axes) == (0.25, "Ann, Bob", {"coherence": -0.5})
    assert done.left_out["merged with another of its pair"] == 1


def test_what_one_person_rates_has_the_pair_s_own_id():
    line = RatingLine("sky", pair(), said(1), "Ann", "detailed", "g", "", "a1")
    assert comparison(line).id == pair().id


def test_a_settled_item_is_the_reviewer_s(store, tmp_path):
    with store.writing() as session:
        item = session.scalars(select(Item).where(Item.key == PAIRS[0].id)).one()
        later = NOW + timedelta(days=3)
        settle(session, item, said(2), session.get_one(Person, 2), later)
    done = exported(store, "webqa", tmp_path / "c.jsonl")
    found = [one for one in read_comparisons(tmp_path / "c.jsonl") if one.question == "q0"]
    assert [(one.id, one.rater, one.preference) for one in found] == [(PAIRS[0].id, "Bob", 1.0)]
    assert [one.created for one in found] == [stamp(later)]
    assert done.left_out["settled by a reviewer"] == 2
    exported(store, "webqa", tmp_path / "d.jsonl", WhichConfig(unsettled=True))
    assert len(read_comparisons(tmp_path / "d.jsonl")) == 4


def test_what_a_reviewer_says_before_anybody_rates_is_not_lost(store, tmp_path):
    with store.writing() as session:
        item = session.scalars(select(Item).where(Item.key == PAIRS[3].id)).one()
        settle(session, item, said(2), session.get_one(Person, 2), NOW)
    exported(store, "webqa", tmp_path / "c.jsonl")
    found = read_comparisons(tmp_path / "c.jsonl")
    assert [(one.rater, one.preference) for one in found if one.question == "q3"] == [("Bob", 1.0)]
    exported(store, "webqa", tmp_path / "d.jsonl", WhichConfig(unsettled=True))
    assert len(read_comparisons(tmp_path / "d.jsonl")) == len(found) - 1


def test_what_was_withdrawn_is_the_raters_again(store, tmp_path):
    with store.writing() as session:
        item = session.scalars(select(Item).where(Item.key == PAIRS[0].id)).one()
        bob = session.get_one(Person, 2)
        settle(session, item, said(2), bob, NOW)
        withdraw(session, item, bob, NOW)
    done = exported(store, "webqa", tmp_path / "c.jsonl")
    found = [one for one in read_comparisons(tmp_path / "c.jsonl") if one.question == "q0"]
    assert [(one.rater, one.preference) for one in found] == [("Ann", 1.0), ("Bob", -0.5)]
    assert "settled by a reviewer" not in done.left_out


@pytest.mark.parametrize("form", ["webgpt", "hugging-face"])
def test_other_tools_forms_are_read_back(store, tmp_path, form):
    exported(store, form, tmp_path / "c.jsonl")
    found = load([tmp_path / "c.jsonl"]).comparisons
    assert [one.preference for one in found] == [1.0, -0.5, 0.0, 0.5]
    assert found[0].first.quotes[0].text == PAIRS[0].first.quotes[0].text


def test_chosen_and_rejected_have_no_ties(store, tmp_path):
    done = exported(store, "trl", tmp_path / "c.jsonl")
    assert [one.preference for one in load([tmp_path / "c.jsonl"]).comparisons] == [1.0, -0.5, 0.5]
    assert done.left_out["a tie has no place in this form"] == 1


def test_mean_ratings_of_a_run_for_inspect(tmp_path):
    run = make_run(tmp_path / "run")
    made = [add_episode(run, asked(f"q{number}"), f"One {number}.") for number in range(2)]
    pairs = [
        Pair(f"p{number}", one.question.id, one.answer, Answer(one.question.text, "No."), one.id)
        for number, one in enumerate(made)
    ]
    with database(tmp_path, collected(pairs).items) as store:
        with store.writing() as session:
            submit(session, "Ann", "p0", said(2))
            submit(session, "Ann", "p1", said(-1))
        exported(store, "inspect", tmp_path / "scores.jsonl", runs=[run])
    lines = (tmp_path / "scores.jsonl").read_text(encoding="utf-8").splitlines()
    assert [(line["id"], line["value"]) for line in map(json.loads, lines)] == [
        ("q0", 1.0),
        ("q1", 0.25),
    ]


def test_whole_ratings_come_back_byte_by_byte(store, tmp_path):
    whole = said(
        1,
        axes={"usefulness": 2},
        marks=(Mark("first", 0, 3, "strong", "core", True),),
        trusted=(Trusted("first", 1, "suspicious"),),
        verdicts=(Verdict("second", 0, True, "grave"),),
        note="a\u2028b\nc\u0085 =1+1",
    )
    with store.writing() as session:
        submit(session, "Bob", PAIRS[2].id, whole)
    done = exported(store, "ratings", tmp_path / "r.jsonl", WhichConfig(planted=True, gold=True))
    text = (tmp_path / "r.jsonl").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) == done.written == 8
    found = [from_json(line, RatingLine) for line in lines]
    assert [json_line(one) for one in found] == lines
    assert whole in [one.judgement for one in found]
    assert [one.planted.kind for one in found if one.planted] == ["number"]
    assert [one.expected for one in found if one.expected is not None] == [1]
    assert [one.rater for one in found if one.swapped] == ["Ann"]
    assert (found[0].active_ms, found[0].wall_ms) == (60_000, 120_000)
    assert {one.revision for one in found if one.rater == "Bob" and one.pair == PAIRS[0]} == {1}


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1+1", "@x", "\t=1", "  =1", 'a,b\n"c"\u2028d'])
def test_no_cell_is_a_formula_and_every_row_stays_one(text):
    line = RatingLine("sky", pair(second=text), said(-1, note=text), text, "detailed", "g", "", "a")
    file = StringIO()
    assert write_csv(file, [line, line]) == 2
    heads, *found = csv.reader(StringIO(file.getvalue(), newline=""))
    assert tuple(heads) == COLUMNS
    assert len(found) == 2
    for cell in found[0]:
        number = cell.removeprefix("-").isdigit()
        assert number or not cell.strip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    row = dict(zip(heads, found[0], strict=True))
    assert row["note"].removeprefix("'") == text
    assert row["overall"] == "-1"


def test_a_csv_file_tells_what_was_said(store, tmp_path):
    exported(store, "csv", tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [(row["rater"], row["overall"], row["coherence"]) for row in found[:2]] == [
        ("Ann", "2", "-1"),
        ("Bob", "-1", ""),
    ]
    assert found[3]["flags"] == "nonsense"


def test_a_parquet_file_has_types(store, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    marked = said(1, marks=(Mark("second", 0, 2, None, "side"),), flags=("unreadable",))
    with store.writing() as session:
        submit(session, "Bob", PAIRS[2].id, marked)
    exported(store, "parquet", tmp_path / "r.parquet")
    found = parquet.read_table(tmp_path / "r.parquet").to_pylist()
    assert [row["overall"] for row in found] == [2, -1, 0, None, 1, 1]
    assert found[-1]["marks"] == [{"answer": "second", "start": 0, "end": 2, "support": None,
                                   "relevance": "side", "citation_error": False}]  # fmt: skip
    assert found[-1]["flags"] == ["unreadable"]
    assert found[0]["first_quotes"][0]["page_sha256"] == PAGE.sha256
    assert found[0]["coherence"] == -1
    assert found[0]["swapped"] is True


@pytest.mark.parametrize("form", ["webqa", "ratings", "csv", "parquet", "trl"])
def test_nothing_to_write_writes_nothing(tmp_path, form):
    with database(tmp_path, collected(PAIRS).items) as store:
        (tmp_path / "out").write_text("kept", encoding="utf-8")
        with pytest.raises(ConfigError, match="nothing to write yet"):
            exported(store, form, tmp_path / "out")
        assert (tmp_path / "out").read_text(encoding="utf-8") == "kept"
        assert not list(tmp_path.glob("out.*"))


def test_a_failure_midway_leaves_what_was_there(store, tmp_path):
    with store.writing() as session:
        item = session.scalars(select(Item).where(Item.key == PAIRS[1].id)).one()
        item.content = "{"
    (tmp_path / "out").write_text("kept", encoding="utf-8")
    with pytest.raises(Exception, match="not a record"):
        exported(store, "ratings", tmp_path / "out")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "kept"
    assert not list(tmp_path.glob("out.*"))


def test_a_folder_that_cannot_be_written_is_told(store, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot write"):
        exported(store, "webqa", tmp_path / "file" / "c.jsonl")


def test_reading_counts_what_it_leaves_out(store):
    read = Read()
    with store.reading() as session:
        found = list(rating_lines(session, campaign_named(session), WhichConfig(), read))
    assert len(found) == read.lines == 5
    assert read.left_out == {"gold item": 1, "item of a trial": 1}
