"""Whether a trial finds the effect that is there, and what the critic by rules names.

    python -m benchmarks.trial [--trials N] [--run RUN] [--claims FILE.jsonl.gz] [--tasks TASKS]

Simulated raters, of known skill and helped by a known amount, rate many trials; told is how often
the 95 % interval of each difference holds the true one, by how the arms are drawn. With a run
folder of real answers, one flaw of each kind is planted in every answer that allows it: told is how
many the critic names, and how many unspoilt answers it criticises. Those answers may be sentences
of their quotes word for word, which the critic never criticises; so with claims that people judged
(as those of benchmarks/support.py) it is told how often it criticises claims that are supported.
With tasks of `webqa trial make` it is told what gives the answer on trial away without reading.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random

from benchmarks.support import read_claims
from env.citations import strip_citations
from env.jsonl import read
from env.records import Answer, Quote
from reward.critiques import RuleCritic, names
from reward.support import RuleJudge
from webqa.rating.records import Task
from webqa.run import read_episodes, read_pages
from webqa.trial.analysing import analyse
from webqa.trial.config import FLAWS, SimulationConfig
from webqa.trial.critics import share_of
from webqa.trial.naming import kinds_of
from webqa.trial.planting import Sources, names_of, plant
from webqa.trial.simulating import expected, made_up, simulate
from webqa.trial.turns import turns_of

TASKS = 100


def cover(trials: int) -> None:
    """Simulate trials and print how often the true differences are within their intervals."""
    print("| arms | raters | each | flaws found | false alarms | found less false alarms |")
    print("|---" * 6 + "|")
    for arms in ("by-item", "by-rater"):
        for raters, each in ((8, 3), (20, 3), (20, 6)):
            inside = [_inside(SimulationConfig(raters, each, arms, seed=one))
                      for one in range(trials)]  # fmt: skip
            shares = [_told(row[place] for row in inside) for place in range(3)]
            print(f"| {arms} | {raters} | {each} | {' | '.join(shares)} |", flush=True)


def _inside(config: SimulationConfig) -> list[bool]:
    tasks = made_up(TASKS, seed=config.seed)
    flaws, alarms = expected(tasks, config)
    found = analyse(turns_of(simulate(tasks, config)).turns).measures
    return [
        one.difference is not None and one.difference.low <= truth <= one.difference.high
        for one, truth in zip(found, (flaws, alarms, flaws - alarms), strict=False)
    ]


async def name_flaws(run: Path) -> None:
    """Plant flaws of each kind in real answers and print how many the critic names."""
    answers = [one.answer for one in read_episodes(run) if one.answer and one.answer.quotes]
    quotes = [quote.text for answer in answers for quote in answer.quotes]
    pages = read_pages(run)
    kinds = kinds_of(page.text for page in pages.values())
    sources = Sources(RuleJudge(), names_of(quotes), pages, kinds)
    critic = RuleCritic()
    print("| planted | answers | named | also of other places |")
    print("|---" * 4 + "|")
    for kind in FLAWS:
        tried = [await plant(one, kind, sources, Random(f"{kind} {one.text}")) for one in answers]
        flawed = [one for one in tried if one]
        found = await critic.criticise([one.answer for one in flawed])
        named, other = (
            _told(
                any(names(each, one.start, one.end) == wanted for each in critiques)
                for one, critiques in zip(flawed, found, strict=True)
            )
            for wanted in (True, False)
        )
        print(f"| {kind} | {len(flawed)} | {named} | {other} |", flush=True)
    plain = await critic.criticise(answers)
    print(f"| nothing | {len(answers)} | {_told(map(bool, plain))} | |")


async def criticise_claims(path: Path) -> None:
    """Criticise claims that people judged and print how many of each label."""
    claims = read_claims(path)
    answers = [
        Answer("", f"{one.case.claim} [1]", (Quote(one.case.evidence[0], "", ""),))
        for one in claims
    ]
    found = await RuleCritic().criticise(answers)
    print("| label | claims | criticised |")
    print("|---" * 3 + "|")
    for label in sorted({one.label for one in claims}):
        told = [bool(each) for one, each in zip(claims, found, strict=True) if one.label == label]
        print(f"| {label} | {len(told)} | {_told(told)} |")


CUES: dict[str, Callable[[Answer], float]] = {
    "length": lambda answer: len(strip_citations(answer.text)),
    "quotes": lambda answer: len(answer.quotes),
    "length of the quotes": lambda answer: sum(len(quote.text) for quote in answer.quotes),
    "marks": lambda answer: answer.text.count("["),
    "paragraphs": lambda answer: answer.text.count("\n\n"),
}


def tell_cues(path: Path) -> None:
    """Print how often the answer on trial has more of something; half of the ties count."""
    tasks = [task for task in read(path, Task) if task.planted]
    print("| the answer on trial has more | all tasks | with a flaw |")
    print("|---" * 3 + "|")
    flawed = [task for task in tasks if task.planted and task.planted.kind]
    for name, cue in CUES.items():
        print(f"| {name} | {_more(tasks, cue):.1%} | {_more(flawed, cue):.1%} |")
    first = [bool(task.planted and task.planted.answer == "first") for task in tasks]
    print(f"| (stands first) | {_told(first)} | |")


def _more(tasks: Sequence[Task], cue: Callable[[Answer], float]) -> float:
    found = 0.0
    for task in tasks:
        sides = [cue(task.pair.first), cue(task.pair.second)]
        if task.planted and task.planted.answer == "second":
            sides.reverse()
        found += 1 if sides[0] > sides[1] else 0.5 if sides[0] == sides[1] else 0
    return found / len(tasks)


def _told(values: Iterable[bool]) -> str:
    share = share_of(values)
    return f"{share.mean:.1%} ({share.low:.1%} to {share.high:.1%})"


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--claims", type=Path)
    parser.add_argument("--tasks", type=Path)
    given = parser.parse_args()
    if given.run:
        asyncio.run(name_flaws(given.run))
    if given.claims:
        asyncio.run(criticise_claims(given.claims))
    if given.tasks:
        tell_cues(given.tasks)
    if given.trials:
        cover(given.trials)


if __name__ == "__main__":
    main()
