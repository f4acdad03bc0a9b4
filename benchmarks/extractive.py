"""How often an accepted answer stands in the quotes and in the answer of the default policy.

    python -m benchmarks.extractive --web DIR --questions FILE [--half report] [--encoder NAME]

`--encoder` reranks by a model even if the index has none; `--set pages=2` changes a setting of the
policy. A hit: lower-cased, punctuation turned into spaces, white space collapsed, an accepted
answer occurs as whole words. Only the first three quotes count, each cut at 400 characters; the
answer is cut at 600.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.questions import read_questions
from env.answers import NOTHING_FOUND, stands_in
from env.records import Page, Question
from env.verify import verify_quote
from policies.base import Rollout, Setup, run_episodes
from policies.extractive import ExtractiveConfig, ExtractivePolicy

QUOTES, QUOTE_CHARACTERS, ANSWER_CHARACTERS = 3, 400, 600


@dataclass(frozen=True, slots=True)
class Row:
    """What one episode gave."""

    question: Question
    first: bool
    three: bool
    answer: bool
    nothing: bool
    actions: int
    failed_actions: int
    invalid: int
    faults: int
    characters: int
    seconds: float

    @property
    def right(self) -> bool:
        """An unanswerable question is answered rightly by saying so."""
        return self.answer if self.question.accepted else self.nothing


def measure(rollout: Rollout) -> Row:
    """Score one episode."""
    episode = rollout.episode
    if episode.ended == "failed":
        raise SystemExit(f"episode {episode.question.id} failed: {episode.error}")
    accepted = episode.question.accepted
    quotes = episode.answer.quotes if episode.answer else ()
    text = episode.answer.text if episode.answer else NOTHING_FOUND
    cut = [quote.text[:QUOTE_CHARACTERS] for quote in quotes[:QUOTES]]
    past = _past_actions(rollout)
    pages = {page.sha256: page for page in rollout.pages}
    return Row(
        episode.question,
        any(stands_in(accepted, quote) for quote in cut[:1]),
        any(stands_in(accepted, quote) for quote in cut),
        stands_in(accepted, text[:ANSWER_CHARACTERS]),
        episode.ended == "unanswered",
        len(past),
        sum(action.endswith("(failed)") for action in past),
        sum(action.startswith("Invalid") for action in past),
        sum(_is_faulty(quote, pages) for quote in quotes),
        len(text) if quotes else 0,
        episode.seconds,
    )


def _past_actions(rollout: Rollout) -> list[str]:
    """Return the past actions at the end, the ending command included."""
    steps = rollout.episode.steps
    past = list(steps[-1].observation.past_actions)
    return past if steps[-1].observation.answering else [*past, steps[-1].completion.text]


def _is_faulty(quote: object, pages: dict[str, Page]) -> bool:
    return verify_quote(quote, pages) != ""  # type: ignore[arg-type]


async def _run(
    web: Path, questions: Sequence[Question], config: ExtractiveConfig, name: str
) -> list[Row]:
    from env.web.corpus import open_corpus
    from env.web.encoding import load_encoder

    opened = open_corpus(web)
    encoder = load_encoder(name) if name else opened.encoder
    setup = Setup(opened)

    def make(_seed: int) -> ExtractivePolicy:
        return ExtractivePolicy(config, encoder)

    return [measure(one) async for one in run_episodes(make, questions, setup, concurrency=1)]


def _share(
    web: Path, config: ExtractiveConfig, name: str, questions: Sequence[Question]
) -> list[Row]:
    """Run a share of the questions in this process."""
    return asyncio.run(_run(web, questions, config, name))


def main() -> None:
    """Run the questions and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--web", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--half", default="report", choices=["tune", "report", "all"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER")
    parser.add_argument("--encoder", default="", metavar="NAME")
    parser.add_argument("--misses", action="store_true", help="list what was not right")
    given = parser.parse_args()
    questions = read_questions(given.questions, given.half)
    config = _config(given.set)
    begin = time.perf_counter()
    shares = [questions[number :: given.workers] for number in range(given.workers)]
    with ProcessPoolExecutor(given.workers) as workers:
        share = partial(_share, given.web, config, given.encoder)
        parts = workers.map(share, shares)
        rows = [row for part in parts for row in part]
    report(rows, time.perf_counter() - begin)
    if given.misses:
        for row in rows:
            if not row.right:
                print(f"miss  {row.question.id}  {row.question.text}")


def _config(settings: Sequence[str]) -> ExtractiveConfig:
    """Read `name=number` settings."""
    changes = {name: float(value) for name, _, value in (one.partition("=") for one in settings)}
    base = ExtractiveConfig()
    return replace(base, **{name: type(getattr(base, name))(v) for name, v in changes.items()})


def report(rows: Sequence[Row], seconds: float) -> None:
    """Print a line for each source and one for all."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.question.dataset].append(row)
    head = "questions  first  three  answer  right  nothing  actions  failed  invalid  faults"
    print(f"{'source':<14}{head}")
    for name, group in [*sorted(groups.items()), ("all", list(rows))]:
        print(f"{name:<14}{_line(group)}")
    answered = [row.characters for row in rows if row.characters]
    times = sorted(row.seconds for row in rows)
    print(
        f"answer: {sum(answered) / (len(answered) or 1):.0f} characters on average, at most "
        f"{max(answered, default=0)}; seconds per question: median {times[len(times) // 2]:.3f}, "
        f"largest {times[-1]:.3f}; {seconds:.0f} s in all"
    )


def _line(group: Sequence[Row]) -> str:
    count = len(group)

    def percent(values: list[bool]) -> float:
        return 100 * sum(values) / count

    return (
        f"{count:>9}{percent([row.first for row in group]):>7.1f}"
        f"{percent([row.three for row in group]):>7.1f}"
        f"{percent([row.answer for row in group]):>8.1f}"
        f"{percent([row.right for row in group]):>7.1f}"
        f"{percent([row.nothing for row in group]):>9.1f}"
        f"{sum(row.actions for row in group) / count:>9.2f}"
        f"{sum(row.failed_actions for row in group):>8}{sum(row.invalid for row in group):>9}"
        f"{sum(row.faults for row in group):>8}"
    )


if __name__ == "__main__":
    main()
