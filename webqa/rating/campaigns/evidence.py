"""An answer's quotes as raters see them: within the stored page, and checked against it.

Nothing is fetched: a page that was not stored is not shown, and it is said so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from env.citations import strip_citations
from env.jsonl import read
from env.records import Answer, Page, Quote
from env.verify import is_verifiable, verify_quote
from reward.comparisons import identifier
from reward.pairs import Pair
from webqa.rating.records import Evidence, Task
from webqa.run import PAGES, read_config

AROUND = 400
"""Characters of the page that are shown on each side of a quote, at the most."""


def evidence(answer: Answer, pages: Mapping[str, Page]) -> tuple[Evidence, ...]:
    """Return the quotes of an answer with what stands around them.

    Args:
        answer: its quotes may lack a page, as imported ones do.
        pages: the stored pages, by the hash they are stored under.
    """
    return tuple(_shown(quote, pages) for quote in answer.quotes)


def with_evidence(task: Task, pages: Mapping[str, Page]) -> Task:
    """Return a task with the evidence that it does not have yet."""
    return replace(
        task,
        first=task.first or evidence(task.pair.first, pages),
        second=task.second or evidence(task.pair.second, pages),
    )


def without_sources(pair: Pair) -> Pair:
    """Return a pair without citations and quotes, for the minimal profile."""
    first, second = (
        Answer(one.question, strip_citations(one.text).strip()) for one in pair.answers
    )
    made = identifier(pair.question, first, second)
    return replace(pair, id=made, first=first, second=second)


def needed(pairs: Iterable[Pair]) -> set[str]:
    """Return the hashes of the pages that the quotes of pairs stand on."""
    answers = (answer for pair in pairs for answer in pair.answers)
    return {quote.page_sha256 for answer in answers for quote in answer.quotes} - {""}


def stored_pages(folders: Iterable[Path], wanted: Collection[str]) -> dict[str, Page]:
    """Read those pages of run folders that are wanted; the others are not kept in memory.

    Raises:
        ConfigError: a folder is no run folder, or a file cannot be read.
        RecordError: a line is no page.
    """
    found: dict[str, Page] = {}
    for folder in folders:
        read_config(folder)
        path = folder / PAGES
        for page in read(path, Page) if path.exists() else ():
            if page.sha256 in wanted:
                found.setdefault(page.sha256, page)
    return found


def _shown(quote: Quote, pages: Mapping[str, Page]) -> Evidence:
    if not is_verifiable(quote):
        return Evidence(quote, fault="it does not say on which page it stands")
    if fault := verify_quote(quote, pages):
        return Evidence(quote, fault=fault)
    text = pages[quote.page_sha256].text
    before = text[max(0, quote.start - AROUND) : quote.start]
    after = text[quote.end : quote.end + AROUND]
    return Evidence(
        quote,
        before if quote.start <= AROUND else _from_word(before),
        after if quote.end + AROUND >= len(text) else _from_word(after[::-1])[::-1],
    )


def _from_word(text: str) -> str:
    """Return a text without the word that was cut at its beginning."""
    place = next((place for place, character in enumerate(text) if character.isspace()), -1)
    return text[place + 1 :] if place >= 0 else text
