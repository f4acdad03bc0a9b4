"""How the rating page holds up: many raters at once, and a server that is killed while they work.

    python -m benchmarks.rating load [--database postgresql://...] [--pause 2]
    python -m benchmarks.rating kill [--database postgresql://...] [--kills 20]

500 items, each to be rated by three of 50 raters who are programs and work at the same time, in
processes of their own (`benchmarks.raters`), against a server that was started as a user would.
Afterwards the database is looked into: exactly three ratings an item, nobody twice, every
judgement that was acknowledged there as it was sent, sides balanced. kill: the server is killed
with SIGKILL at random moments and started again. Answers are made of the sample web's pages.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socket import create_server
from typing import NamedTuple

import numpy as np
from sqlalchemy import select

from benchmarks.raters import Rater, Seen, axes_of
from env.documents import convert
from env.records import Answer, Page, Quote, from_json
from policies.extractive.candidates import split_sentences
from reward.comparisons import identifier
from reward.pairs import Pair
from reward.statistics import wilson
from webqa.rating.campaigns.creating import create
from webqa.rating.campaigns.sources import Collected
from webqa.rating.config import CampaignConfig
from webqa.rating.records import Judgement
from webqa.rating.store.database import Store, open_store
from webqa.rating.store.people import invite, read_secret
from webqa.rating.store.tables import Assignment, Item, Rating

SAMPLE = Path("webqa/sample/web")
SECRET = "of the benchmark alone, and of nothing else"


class Server:
    """The rating page in a process of its own, always at the same port."""

    def __init__(self, database: str) -> None:
        with create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._words = [sys.executable, "-m", "webqa", "rate", "serve", "--database", database,
                       "--accounts", "--port", str(self.port)]  # fmt: skip
        self._process = self._start()

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._words, env={**os.environ, "WEBQA_SECRET": SECRET}, stderr=sys.stderr
        )

    def kill(self) -> None:
        """Kill it as a power cut would, and start it again."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = self._start()

    def stop(self) -> int:
        """End it in order; return the most memory that it held, in bytes."""
        status = Path(f"/proc/{self._process.pid}/status")
        peak = 0
        if status.exists():
            lines = status.read_text().splitlines()
            peak = next((int(one.split()[1]) * 1024 for one in lines if "VmHWM" in one), 0)
        self._process.terminate()
        self._process.wait()
        return peak


class Finding(NamedTuple):
    """What the database holds in the end."""

    each: Counter[int]
    """How many items have how many ratings."""
    twice: int
    """People who rated an item twice."""
    lost: int
    """Judgements that were acknowledged and are not there as they were sent."""
    left: int
    """Turns in which the second answer stood left."""
    ratings: int


def pages() -> list[Page]:
    """Return the pages of the sample web that have something to quote."""
    found = [
        convert(path.read_bytes(), url=f"https://{path.relative_to(SAMPLE)}")
        for path in sorted(SAMPLE.rglob("*.html"))
    ]
    return [page for page in found if lines_of(page)]


def lines_of(page: Page) -> list[str]:
    """Return the paragraphs of a page."""
    return [line for line in page.text.split("\n") if len(line) > 120]


def pairs(known: list[Page], number: int) -> Iterator[Pair]:
    """Yield pairs of answers, each three sentences of a page and what they are quoted from."""
    draw = random.Random(0)
    for place in range(number):
        asked = f"What is there to know about it, number {place}?"
        first, second = (_answer(asked, draw.choice(known), draw) for _ in range(2))
        yield Pair(identifier(str(place), first, second), f"question {place}", first, second)


def _answer(asked: str, page: Page, draw: random.Random) -> Answer:
    line = draw.choice(lines_of(page))
    start = page.text.index(line)
    taken = [one.text for one in split_sentences(line)][:3]
    quotes = tuple(
        Quote(text, page.url, page.title, page.domain, at, at + len(text), page.sha256, "")
        for text in taken
        for at in (page.text.index(text, start),)
    )
    text = " ".join(f"{quote.text} [{number}]" for number, quote in enumerate(quotes, 1))
    return Answer(asked, text, quotes)


def campaign(store: Store, items: int, config: CampaignConfig, raters: int) -> list[str]:
    """Create a campaign and return an invitation for each rater."""
    known = pages()
    found = Collected(pages={page.sha256: page for page in known})
    for pair in pairs(known, items):
        found.pair(pair)
    now = datetime.now(UTC)
    secret = read_secret("", {"WEBQA_SECRET": SECRET})
    store.write(lambda session: create(session, "benchmark", found.items, config, now))
    return [
        "/join/" + store.write(lambda session: invite(session, secret, "rater", now))
        for _ in range(raters)
    ]


@contextmanager
def killing(server: Server, kills: int) -> Iterator[list[int]]:
    """Kill a server now and then while something else is done; tells how often it was."""
    ending, done, draw = threading.Event(), [0], random.Random(1)

    def work() -> None:
        while done[0] < kills and not ending.wait(draw.uniform(1.5, 4)):
            server.kill()
            done[0] += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        ending.set()
        thread.join()


async def rated(address: str, invitations: list[str], pause: float, seen: Seen) -> int:
    """Let the raters work until nothing is left; return how many ratings they gave."""
    raters = [Rater(address, seen, number, pause) for number in range(len(invitations))]
    return sum(await asyncio.gather(*(
        rater.work(invitation) for rater, invitation in zip(raters, invitations, strict=True)
    )))  # fmt: skip


def look(store: Store, seen: Seen) -> Finding:
    """Compare what the database holds with what the raters were told."""
    with store.reading() as session:
        rows = session.execute(
            select(Assignment, Rating).join(Rating, Rating.assignment_id == Assignment.id)
        ).all()
        each = Counter({item: 0 for item in session.scalars(select(Item.id))})
        people = Counter((turn.item_id, turn.person_id) for turn, _ in rows)
        each.update(turn.item_id for turn, _ in rows)
        there = {turn.id: (turn.swapped, from_json(one.judgement, Judgement)) for turn, one in rows}
    lost = sum(not _is_there(fields, there.get(turn)) for turn, fields in seen.acknowledged.items())
    left = sum(turn.swapped for turn, _ in rows)
    twice = sum(count > 1 for count in people.values())
    return Finding(Counter(each.values()), twice, lost, left, len(rows))


def _is_there(fields: dict[str, str], stored: tuple[bool, Judgement] | None) -> bool:
    if stored is None:
        return False
    swapped, said = stored
    told = {"overall": said.overall, **{f"axis-{name}": value for name, value in said.axes.items()}}
    sign = -1 if swapped else 1
    return all(told.get(name) == sign * value for name, value in axes_of(fields).items())


def main() -> None:
    """Measure, and fail where the database does not hold what it should."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("load", "kill"))
    parser.add_argument("--database", default="", help="postgresql://...; none: a SQLite file")
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--raters", type=int, default=50)
    parser.add_argument("--each", type=int, default=3, help="raters of an item")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two requests")
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where = options.database or str(Path(folder) / "ratings.db")
        with open_store(where) as store:
            finding = measure(store, where, options)
    wanted = Counter({options.each: options.items})
    if finding.each != wanted or finding.twice or finding.lost:
        sys.exit("benchmarks.rating: the database does not hold what was rated")


def measure(store: Store, where: str, options: argparse.Namespace) -> Finding:
    """Run the raters against a server and print what became of it."""
    config = CampaignConfig(raters=options.each, gold_share=0.0)
    invitations = campaign(store, options.items, config, options.raters)
    server, seen = Server(where), Seen()
    begin = time.perf_counter()
    with killing(server, options.kills if options.what == "kill" else 0) as kills:
        done = asyncio.run(rated(server.address, invitations, options.pause, seen))
    seconds = time.perf_counter() - begin
    peak = server.stop()
    finding = look(store, seen)
    print(
        f"{done:,} ratings by {options.raters} raters in {seconds:.0f} s, {kills[0]} kills, "
        f"{seen.retried} requests sent again; the server held {peak / 1e6:.0f} MB at the most"
    )
    for kind, times in seen.seconds.items():
        p50, p95, p99 = (1000 * float(np.quantile(times, one)) for one in (0.5, 0.95, 0.99))
        print(
            f"  {kind:<11} {len(times):>6,} times: p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f} ms"
        )
    low, high = wilson(finding.left, finding.ratings)
    print(
        f"ratings an item: {dict(finding.each)}; somebody twice: {finding.twice}; "
        f"acknowledged {len(seen.acknowledged):,}, lost {finding.lost}; the second answer left "
        f"in {finding.left / max(1, finding.ratings):.1%} ({low:.1%} to {high:.1%})"
    )
    return finding


if __name__ == "__main__":
    main()
