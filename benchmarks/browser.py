"""Browser steps a second in one process, with a policy that costs nothing.

    python benchmarks/browser.py [--web DIR] [--episodes 300] [--filter]

Without `--web`, over a web of made pages in memory; with it, over an index, whose searches are then
part of the time. `--filter` turns the leakage filter on. Every command is used; the share of failed
ones is printed, since they cost less.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from dataclasses import replace
from pathlib import Path

from env.config import DEFAULT
from env.records import Completion, Link, Observation, Page, Question, make_page
from env.view import unmark
from env.web.base import Web
from env.web.corpus import Corpus
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode

TURN = (
    "click",
    "down",
    "quote",
    "find",
    "click",
    "down",
    "down",
    "quote",
    "up",
    "find",
    "top",
    "back",
)
SENTENCE = "the sky is blue – because “air” scatters light of short waves more than naïve red"
WORDS = SENTENCE.split()


class Busy:
    """Searches, then uses every command in turn, with arguments from what it sees."""

    name = "busy"

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._turn = 0

    async def act(self, observation: Observation) -> Completion:
        """Write the next command, a search where it cannot be carried out."""
        if observation.answering:
            return Completion("It is so [1].")
        name = TURN[self._turn % len(TURN)]
        self._turn += 1
        if self._turn > 3 * len(TURN):
            return Completion("End: Answer")
        return Completion(self._line(name, observation))

    def _line(self, name: str, observation: Observation) -> str:
        words = unmark(observation.text).split()
        start = self._draw.randrange(max(1, len(words) - 6))
        phrase = " ".join(words[start : start + 6])
        if name not in observation.commands or (name == "click" and not observation.links):
            return f"Search {self._draw.choice(words or WORDS)} {self._draw.choice(WORDS)}"
        link = self._draw.choice(observation.links or (0,))
        return {
            "click": f"Clicked on link {link}",
            "find": f"Find in page: {phrase}",
            "quote": f"Quote: {phrase}",
            "down": "Scrolled down 1",
            "up": "Scrolled up 1",
        }.get(name, name.capitalize())


def made_page(number: int, pages: int, draw: random.Random) -> Page:
    """Make a page of about 12,000 characters with 60 links."""
    lines = [" ".join(draw.choices(WORDS, k=60)) for _ in range(40)]
    text = "\n\n".join(lines)
    starts = sorted(draw.sample(range(0, len(text) - 20, 40), 60))
    links = [
        Link(n, start, start + 12, f"https://p{draw.randrange(pages)}.example/", "other.example")
        for n, start in enumerate(starts)
    ]
    domain = f"p{number}.example"
    return make_page(f"https://{domain}/", f"Page {number}", text, domain=domain, links=links)


async def measure(web: Web, episodes: int, leakage_filter: bool) -> str:
    """Run episodes one after the other and tell how fast they went."""
    setup = Setup(web, replace(DEFAULT, leakage_filter=leakage_filter))
    question = "Why is the sky blue by day and red in the evening, and black on the Moon?"
    steps = failed = 0
    begin, worked = time.perf_counter(), time.process_time()
    for number in range(episodes):
        rollout = await run_episode(Busy(number), Question(str(number), question), setup)
        steps += len(rollout.episode.steps)
        failed += sum(bool(step.observation.notice) for step in rollout.episode.steps)
    seconds, worked = time.perf_counter() - begin, time.process_time() - worked
    return (
        f"{steps / seconds:.0f} steps/s, {steps / worked:.0f} a second of processor time "
        f"({steps} steps, {failed / steps:.1%} failed)"
    )


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--web", type=Path, help="an index folder")
    parser.add_argument("--episodes", type=int, default=300)
    parser.add_argument("--filter", action="store_true", help="turn the leakage filter on")
    options = parser.parse_args()
    if options.web:
        web: Web = Corpus(options.web)
    else:
        draw = random.Random(0)
        web = MemoryWeb([made_page(number, 30, draw) for number in range(30)])
    print(await measure(web, options.episodes, options.filter))


if __name__ == "__main__":
    asyncio.run(main())
