"""A trial from answers to its report, rated over HTTP by several people in both arms."""

import asyncio
import json

import pytest
from sqlalchemy import select

from env.jsonl import read
from policies.base import Rollout
from tests.webqa.rating.served_pages import Served, address, begin, names, submit
from tests.webqa.trial.test_trial_making import ANSWER, PAGES, episode
from webqa.cli import main
from webqa.rating.config import ServeConfig
from webqa.rating.results.lines import RatingLine
from webqa.rating.store.tables import Assignment, Item
from webqa.run import Run, Settings

QUESTIONS = 4
RATERS = ("Ann", "Bob", "Cem")


def made(folder):
    """Return the path of a database with a campaign of a trial."""
    run, tasks, database = (str(folder / name) for name in ("run", "tasks.jsonl", "ratings.db"))
    first = episode(0)
    with Run(folder / "run", Settings("typed", "p", first.web)) as one:
        for number in range(QUESTIONS):
            one.add(Rollout(episode(number, ANSWER, f"q{number}"), tuple(PAGES.values())))
    assert main(["trial", "make", run, "-o", tasks, "--seed", "2"]) == 0
    create = ["rate", "create", "tried", "--tasks", tasks, "--pages", run, "-d", database]
    assert main([*create, "--raters", "3", "--assisted", "by-item", "--complete", "0"]) == 0
    return database


def truth(served, page):
    """Return on which side the answer on trial stands, whether it is flawed, and the arm."""
    turn = served.all(select(Assignment).where(Assignment.id == address(page).split("/")[-1]))[0]
    content = served.all(select(Item.content).where(Item.id == turn.item_id))[0]
    planted = json.loads(content)["planted"]
    left = (planted["answer"] == "first") != turn.swapped
    return ("left" if left else "right"), bool(planted.get("kind")), turn.assisted


async def rate_all(served, person):
    """Rate all there is as somebody who finds each flaw with critiques, and none without."""
    async with served.client(person) as client:
        page = await begin(client)
        turns = 0
        while address(page).startswith("/task/"):
            side, flawed, assisted = truth(served, page)
            other = "right" if side == "left" else "left"
            found = flawed and assisted
            remarks = {name: "yes" for name in names(page, "valid-")}
            assert assisted or not remarks
            served.clock.wait(seconds=60)
            said = {f"flaw-{side}": "yes" if found else "no", f"flaw-{other}": "no"}
            page = await submit(client, page, overall="0", active_ms="30000", **said, **remarks)
            turns += 1
    return turns


def reported(where, folder, capsys):
    """Return what the report prints and its page."""
    capsys.readouterr()
    page = folder / "report.html"
    assert main(["trial", "report", str(where), "--campaign", "tried", "-o", str(page)]) == 0
    return capsys.readouterr().out, page.read_text(encoding="utf-8")


@pytest.fixture
def rated(tmp_path):
    """The path of a database with a trial that everybody has rated."""
    database = made(tmp_path)
    served = Served(tmp_path, serving=ServeConfig(accounts=True))
    assert [asyncio.run(rate_all(served, one)) for one in RATERS] == [QUESTIONS] * len(RATERS)
    served.store.close()
    return database


def test_what_people_found_is_told_by_database_and_exported_file_alike(rated, tmp_path, capsys):
    told = reported(rated, tmp_path, capsys)
    ratings = tmp_path / "ratings.jsonl"
    export = ["rate", "export", "-d", rated, "-o", str(ratings), "--form", "ratings"]
    assert main([*export, "--planted", "--unsettled"]) == 0
    assert reported(ratings, tmp_path, capsys) == told
    lines = list(read(ratings, RatingLine))
    assert not any(line.simulated for line in lines)
    assert {line.active_ms for line in lines} == {30_000}
    flaws, alarms = (
        next(line.split() for line in told[0].splitlines() if line.startswith(name))
        for name in ("flaws found", "false alarms")
    )
    counts = [
        [sum(bool(line.planted.kind) == flawed and line.assisted == arm for line in lines)
         for arm in (False, True)]
        for flawed in (True, False)
    ]  # fmt: skip
    assert all(map(all, counts))  # both arms, of flaws and of controls
    assert [flaws[-2:], alarms[-2:]] == [list(map(str, row)) for row in counts]
    assert (flaws[2], alarms[2]) == ("0.0", "0.0")
    assert "  100.0 (" in told[0]
    assert "Programs judged" not in "".join(told)
    assert main(["rate", "export", "-d", rated, "-o", str(tmp_path / "comparisons.jsonl")]) == 1
    assert "item of a trial: 12" in capsys.readouterr().err  # nobody learns from a planted flaw
