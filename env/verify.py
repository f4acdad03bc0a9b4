"""Re-checks recorded episodes: is every quote the text of a stored page, every mark a quote?

Anyone who has the episodes and the pages can do it; it needs no web and no policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from env.citations import cited_numbers
from env.records import Answer, Episode, Page, Quote, text_sha256


class Failure(NamedTuple):
    """Something in an episode that is not what it claims to be."""

    episode: str
    reason: str
    text: str
    """The beginning of the quote, or of the answer."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of checking episodes."""

    episodes: int = 0
    quotes: int = 0
    """Each once per episode."""
    verified: int = 0
    unverifiable: int = 0
    """Imported quotes that do not say where on which page they stand."""
    citations: int = 0
    """Marks in answers, each number once per answer."""
    failures: tuple[Failure, ...] = ()


def verify(episodes: Iterable[Episode], pages: Mapping[str, Page]) -> Verification:
    """Check all quotes and citations of episodes against the stored pages.

    Args:
        episodes: the recorded episodes.
        pages: the stored pages, by the hash they are stored under.
    """
    truly = _Pages(pages)
    counts = dict.fromkeys(("episodes", "quotes", "verified", "unverifiable", "citations"), 0)
    failures: list[Failure] = []
    for episode in episodes:
        counts["episodes"] += 1
        for quote in quotes_of(episode):
            counts["quotes"] += 1
            if not is_verifiable(quote):
                counts["unverifiable"] += 1
            elif reason := truly.fault(quote):
                failures.append(Failure(episode.id, reason, quote.text))
            else:
                counts["verified"] += 1
        if episode.answer:
            counts["citations"] += len(cited_numbers(episode.answer.text))
            failures.extend(_answer_faults(episode, episode.answer))
    return Verification(**counts, failures=tuple(failures))


def quotes_of(episode: Episode) -> Iterator[Quote]:
    """Yield every quote of an episode once: those observed, then those of the answer."""
    seen = [step.observation.quotes for step in episode.steps]
    if episode.answer:
        seen.append(episode.answer.quotes)
    yield from dict.fromkeys(quote for quotes in seen for quote in quotes)


def is_verifiable(quote: Quote) -> bool:
    """Tell whether a quote says where on which page it stands; an imported one may not."""
    return bool(quote.page_sha256) or quote.start >= 0 or quote.end >= 0


def verify_quote(quote: Quote, pages: Mapping[str, Page]) -> str:
    """Return why a quote does not verify, in a few words; empty when it does."""
    return _Pages(pages).fault(quote)


class _Pages:
    """Stored pages, each hashed once."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self._pages = pages
        self._sound: dict[str, bool] = {}

    def fault(self, quote: Quote) -> str:
        page = self._pages.get(quote.page_sha256)
        if page is None:
            return "its page is not stored"
        if not self._is_sound(quote.page_sha256, page):
            return "the stored page's text does not have the hash it is stored under"
        if not 0 <= quote.start < quote.end <= len(page.text):
            return f"its offsets {quote.start} to {quote.end} are not on the page"
        if page.text[quote.start : quote.end] != quote.text:
            return f"the page has another text at {quote.start} to {quote.end}"
        return ""

    def _is_sound(self, key: str, page: Page) -> bool:
        if key not in self._sound:
            self._sound[key] = text_sha256(page.text) == key == page.sha256
        return self._sound[key]


def _answer_faults(episode: Episode, answer: Answer) -> Iterator[Failure]:
    for number in cited_numbers(answer.text):
        if not 1 <= number <= len(answer.quotes):
            reason = f"the answer cites [{number}] of {len(answer.quotes)} quotes"
            yield Failure(episode.id, reason, answer.text)
    taken = {quote for step in episode.steps for quote in step.observation.quotes}
    for quote in answer.quotes:
        if quote not in taken:
            reason = "the answer has a quote that was not taken in the episode"
            yield Failure(episode.id, reason, quote.text)
