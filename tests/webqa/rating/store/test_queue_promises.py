"""What the queue promises, whatever happens: in any order, by many at once, killed halfway."""

import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import select

from tests.webqa.rating.store.queue_desk import Desk, quick_store
from tests.webqa.rating.store.queue_machine import QueueMachine
from webqa.rating.config import CampaignConfig
from webqa.rating.store.database import open_store
from webqa.rating.store.tables import Item, Rating


@pytest.fixture
def store():
    with quick_store() as opened:
        yield opened


def play(store, examples):
    rules = settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],  # each step is a transaction
    )
    run_state_machine_as_test(lambda: QueueMachine(store), settings=rules)


def test_the_promises_hold_on_sqlite(store):
    play(store, 12)


@pytest.mark.slow
def test_the_promises_hold_on_sqlite_for_long(store):
    play(store, 60)


@pytest.mark.slow
def test_the_promises_hold_on_postgresql(postgresql):
    with open_store(postgresql()) as store:
        play(store, 25)


def rate_all_at_once(store, raters, people, items):
    desk = Desk(store, CampaignConfig(raters=raters, gold_share=0.1), people, items=items, gold=3)
    with ThreadPoolExecutor(people) as pool:
        list(pool.map(desk.work_through, range(people)))
    assert desk.counts() == {raters: items}


def test_many_threads_never_rate_an_item_too_often_and_leave_none_out(store):
    rate_all_at_once(store, raters=3, people=6, items=10)


@pytest.mark.slow
def test_many_threads_on_postgresql_never_rate_an_item_too_often_and_leave_none_out(postgresql):
    with open_store(postgresql()) as store:
        rate_all_at_once(store, raters=3, people=20, items=30)


def rate_in_a_process(where, campaign, config, person):
    with open_store(where) as store:
        desk = Desk.__new__(Desk)
        desk.store, desk.campaign, desk.config, desk.people = store, campaign, config, [person]
        desk.work_through(0)


def rate_in_processes(where, people):
    with open_store(where) as store:
        desk = Desk(store, CampaignConfig(raters=2, gold_share=0), people, items=20)
        context = multiprocessing.get_context("spawn")
        started = [
            context.Process(
                target=rate_in_a_process, args=(where, desk.campaign, desk.config, person)
            )
            for person in desk.people
        ]
        for process in started:
            process.start()
        for process in started:
            process.join(120)
        assert [process.exitcode for process in started] == [0] * people
        assert desk.counts() == {2: 20}


@pytest.mark.slow
def test_several_processes_share_a_file(tmp_path):
    rate_in_processes(tmp_path / "ratings.db", 4)


@pytest.mark.slow
def test_several_processes_share_a_postgresql(postgresql):
    rate_in_processes(postgresql(), 4)


RATE_FOR_EVER = """
import sys
from tests.webqa.rating.store.queue_desk import Desk
from webqa.rating.config import CampaignConfig
from webqa.rating.store.database import open_store
with open_store(sys.argv[1]) as store:
    desk = Desk(store, CampaignConfig(gold_share=0), 1, items=2000)
    while turn := desk.ask(0):
        print(desk.submit(turn, turn.id).key, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("acknowledged", [1, 7, 40])
def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path, acknowledged):
    path = tmp_path / "ratings.db"
    process = subprocess.Popen(
        [sys.executable, "-c", RATE_FOR_EVER, path],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[4],
        env=os.environ | {"PYTHONPATH": "."},
    )
    keys = {process.stdout.readline().strip() for _ in range(acknowledged)}
    process.send_signal(signal.SIGKILL)
    keys |= {
        line.strip() for line in process.stdout.read().splitlines(keepends=True) if "\n" in line
    }
    process.wait()
    process.stdout.close()
    with open_store(path) as store, store.reading() as session:
        kept = set(session.scalars(select(Rating.key)))
        assert keys <= kept
        assert len(kept) <= len(keys) + 1
        states = select(Item.taken).where(Item.taken > 0)
        assert len(session.scalars(states).all()) in (len(kept), len(kept) + 1)
