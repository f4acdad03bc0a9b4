"""Does find never miss a phrase that is on the page, and how long does any find or quote take?

    python benchmarks/find.py --web DIR [--pages 200] [--seed 0]

Recall: phrases of 5 and 8 words from pages of an index, typed plainly and in other ways, sought and
quoted through the browser. A hit counts when the phrase is on the screen, or is what was quoted.
Time: on made pages of one million characters, from the line that a policy writes to the next
observation. Without `--web` only the time is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from env.browser import Browser
from env.config import BrowserConfig
from env.records import Page, Question, make_page
from env.text import Span, fold
from env.view import PageView, unmark
from env.web.memory import MemoryWeb
from env.web.results import Result, results_page
from env.web.store import Store

UNBOUND = BrowserConfig(actions=10**9, quote=10**9, quotes=10**9)
MILLION = 1_000_000


class Phrase(NamedTuple):
    """A phrase of a page and the way it is typed."""

    kind: str
    typed: str


class OnePage:
    """A web of one page, whatever is sought."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.identity = MemoryWeb([page]).identity

    async def search(self, query: str) -> Page:
        """Return the page as the only result."""
        return results_page(query, [Result(self.page.url, "The page", self.page.domain, "")])

    async def open(self, url: str) -> Page:
        """Return the page."""
        return self.page


async def opened(page: Page) -> Browser:
    """Return a browser that shows the page."""
    browser = Browser(OnePage(page), UNBOUND)
    browser.start(Question("q", "Where is it?"))
    await browser.step("Search it")
    await browser.step("Clicked on link 0")
    return browser


def sampled_pages(folder: Path, count: int, seed: int) -> list[Page]:
    """Return some pages of an index."""
    store = Store(folder)
    numbers = random.Random(seed).sample(range(1, store.counts()[0] + 1), count)
    urls = [found.url for _, found in sorted(store.find(dict.fromkeys(numbers, 0)).items())]
    return [page for page in map(store.page, urls) if page]


def phrases(page: Page, words: int, draw: random.Random) -> Iterator[Phrase]:
    """Yield phrases of a page, a few of each kind that it has."""
    spans = [Span(*match.span()) for match in re.finditer(r"\S+", page.text)]
    runs = [Span(a.start, b.end) for a, b in zip(spans, spans[words - 1 :], strict=False)]
    view = PageView(page)
    ways: dict[str, tuple[Callable[[Span], bool], Callable[[str], str]]] = {
        "plain": (lambda run: True, str),
        "across a line break": (lambda run: "\n" in page.text[run.start : run.end], str),
        "at a link": (lambda run: bool(view.links_in(run)), str),
        "upper case": (lambda run: True, str.upper),
        "odd spacing": (lambda run: True, lambda text: re.sub(" ", " \t  ", text)),
        "other Unicode form": (
            lambda run: not page.text[run.start : run.end].isascii(),
            lambda text: unicodedata.normalize("NFKD", text),
        ),
    }
    for kind, (fits, typed) in ways.items():
        chosen = [run for run in runs if fits(run)]
        for run in draw.sample(chosen, min(3, len(chosen))):
            yield Phrase(kind, typed(" ".join(page.text[run.start : run.end].split())))
            if kind == "at a link":
                yield Phrase("with link marks", " ".join(view.show(run).split()))


async def recall(pages: list[Page], words: int, seed: int) -> dict[str, tuple[int, int, int]]:
    """Return for each kind how many phrases were sought, found and quoted."""
    sought, found, quoted = Counter[str](), Counter[str](), Counter[str]()
    draw = random.Random(seed)
    for page in pages:
        for kind, typed in phrases(page, words, draw):
            wanted = fold(unmark(typed))
            browser = await opened(page)
            seen = await browser.step(f"Find in page: {typed}")
            sought[kind] += 1
            found[kind] += not seen.notice and wanted in fold(unmark(seen.text))
            seen = await (await opened(page)).step(f"Quote: {typed}")
            right = [wanted in fold(quote.text) for quote in seen.quotes]
            exact = [page.text[quote.start : quote.end] == quote.text for quote in seen.quotes]
            quoted[kind] += right == exact == [True]
    return {kind: (sought[kind], found[kind], quoted[kind]) for kind in sought}


def made_texts(draw: random.Random) -> dict[str, str]:
    """Return texts of a million characters, each with one needle at its end."""
    letters = {
        "ASCII": "abcdefghijklmnopqrstuvwxyz",
        "Latin with accents": "abcdefghiéüßøñ“’—",
        "Greek": "αβγδεζηθάέήίόύώς",
        "Chinese": "".join(map(chr, range(0x4E00, 0x9000))),
        "Korean": "".join(map(chr, range(0xAC00, 0xD7A0))),
    }
    return {name: _made(drawn, draw) for name, drawn in letters.items()}


def _made(letters: str, draw: random.Random) -> str:
    words = ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(20_000)]
    lines = []
    size = 0
    while size < MILLION:
        lines.append(" ".join(draw.choices(words, k=12)))
        size += len(lines[-1]) + 1
    return unicodedata.normalize(
        "NFC", "\n".join(lines)[: MILLION - 30] + "\nthe needle at the end"
    )


async def times(text: str) -> dict[str, float]:
    """Return milliseconds: of opening, of the first find, and the worst of each kind after it."""
    page = make_page("https://a.example/", "Made", text, domain="a.example")
    begin = time.perf_counter()
    browser = await opened(page)
    took = {"opening": time.perf_counter() - begin}
    early, late = text[200:240], "the needle at the end"
    lines = {
        "first find": [f"Find in page: {late}"],
        "early": ["Top", f"Find in page: {early}"] * 5,
        "end": ["Top", f"Find in page: {late}"] * 5,
        "wrapped": [f"Find in page: {early}", f"Find in page: {late}"] * 5,
        "miss": [f"Find in page: {early} absent"] * 5,
        "quote": [f"Quote: {text[n : n + 60]}" for n in range(500_000, 500_600, 61)],
        "quote first━last": [f"Quote: {text[n : n + 9]}━{late}" for n in range(300, 400, 11)],
        "quote miss": [f"Quote: {early}━absent from the page"] * 5,
    }
    for kind, written in lines.items():
        took[kind] = max([await _timed(browser, line) for line in written])
    return {kind: 1000 * seconds for kind, seconds in took.items()}


async def _timed(browser: Browser, line: str) -> float:
    line = " ".join(line.split())
    begin = time.perf_counter()
    await browser.step(line)
    return time.perf_counter() - begin


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--web", type=Path, help="an index folder")
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name, text in made_texts(random.Random(options.seed)).items():
        took = await times(text)
        print(f"{name}, ms: " + ", ".join(f"{kind} {spent:.1f}" for kind, spent in took.items()))
    if options.web is None:
        return
    pages = sampled_pages(options.web, options.pages, options.seed)
    for words in (5, 8):
        for kind, (sought, found, quoted) in (await recall(pages, words, options.seed)).items():
            print(
                f"{words} words, {kind}: {sought} sought, "
                f"find {found / sought:.4f}, quote {quoted / sought:.4f}"
            )


if __name__ == "__main__":
    asyncio.run(main())
