"""How well and how fast an offline web finds answers: recall of results pages, and latencies.

    python -m benchmarks.search --web DIR --questions FILE [--half odd|even|both] [--words]

Recall counts questions with an accepted answer (a) in the text of a page among the results, (b) in
a snippet, (c) in the first snippet, (d) in the first three; for questions of one half only, split
by the parity of SHA-256 of the id: tune on even, report odd.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from env.answers import stands_in
from env.records import Page
from env.web.corpus import Corpus, open_corpus


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one question."""

    dataset: str
    page: bool
    snippet: bool
    first: bool
    top: bool
    seconds: float


def questions(path: Path, half: str) -> list[dict[str, object]]:
    """Return the questions of one half."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wanted = {"even": (0,), "odd": (1,), "both": (0, 1)}[half]
    return [line for line in lines if sha256(line["id"].encode()).digest()[-1] % 2 in wanted]


def snippets(page: Page) -> list[str]:
    """Return the snippets of a results page, in order."""
    ends = [*(link.start for link in page.links[1:]), len(page.text)][: len(page.links)]
    return [page.text[link.end : end].strip() for link, end in zip(page.links, ends, strict=True)]


async def ask(web: Corpus, question: dict[str, object]) -> Asked:
    """Search for a question and look for its answers."""
    began = time.perf_counter()
    found = await web.search(str(question["question"]))
    seconds = time.perf_counter() - began
    answers = question["answers"]
    assert isinstance(answers, list)
    hits = [stands_in(answers, text) for text in snippets(found)]
    # A snippet is part of its page: pages are only opened when no snippet has the answer.
    page = any(hits)
    for link in found.links:
        page = page or stands_in(answers, (await web.open(link.url)).text)
    return Asked(str(question["dataset"]), page, any(hits), any(hits[:1]), any(hits[:3]), seconds)


def recall_line(name: str, asked: list[Asked]) -> str:
    """Return one line of figures in percent."""

    def share(values: Iterable[bool]) -> str:
        return f"{100 * statistics.mean(values):5.1f}"

    figures = [
        f"page {share(a.page for a in asked)}",
        f"snippet {share(a.snippet for a in asked)}",
        f"first {share(a.first for a in asked)}",
        f"top three {share(a.top for a in asked)}",
    ]
    return f"{name:14} {len(asked):5} questions   " + "   ".join(figures)


async def measure(web: Corpus, asked: list[dict[str, object]]) -> list[Asked]:
    """Ask everything, after a few searches that do not count."""
    for question in asked[:20]:
        await web.search(str(question["question"]))
    return [await ask(web, question) for question in asked]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--web", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--half", choices=("odd", "even", "both"), default="odd")
    parser.add_argument("--words", action="store_true", help="leave the vectors of an index aside")
    options = parser.parse_args()
    began = time.perf_counter()
    web = open_corpus(options.web, dense=False if options.words else None)
    how = f"with {web.encoder.name}" if web.encoder else "by words alone"
    print(f"opened in {1000 * (time.perf_counter() - began):.1f} ms, search {how}")
    asked = asyncio.run(measure(web, questions(options.questions, options.half)))
    for dataset in sorted({one.dataset for one in asked}):
        print(recall_line(dataset, [one for one in asked if one.dataset == dataset]))
    print(recall_line("all", asked))
    cuts = statistics.quantiles([1000 * one.seconds for one in asked], n=100)
    print(f"search: p50 {cuts[49]:.2f} ms, p95 {cuts[94]:.2f} ms, p99 {cuts[98]:.2f} ms")


if __name__ == "__main__":
    main()
