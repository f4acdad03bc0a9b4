"""What an answer cites, without judging whether it supports: real or not, verbatim, how many.

A mark that named no quote was taken out when the answer was made, and is remembered there. Knows
no judge.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from env.answers import normalise
from env.citations import cited_numbers
from env.records import Answer, Page, Quote
from env.verify import verify_quote
from reward.claims import claims_of

WORDS = 3
"""Words in a row by which two texts are compared."""
ALIKE = 0.5
"""Share of the shorter text's word triples, that stand in the other, from which both say the
same."""


def fabricated_share(answer: Answer) -> float | None:
    """Return the share of the numbers cited that name no quote; None where none is cited.

    Each number counts once. Marks that are still in the text of an imported answer count, too.
    """
    cited = cited_numbers(answer.text)
    # Where marks were taken out, those left were renumbered: the two sets have nothing in common.
    false = len(answer.removed) + sum(not 1 <= one <= len(answer.quotes) for one in cited)
    written = len(cited) + len(answer.removed)
    return false / written if written else None


def verbatim_share(quotes: Sequence[Quote], pages: Mapping[str, Page]) -> float | None:
    """Return the share of the quotes that are the text of a stored page; None without a quote.

    Args:
        quotes: of an answer.
        pages: those that were opened, by the hash they are stored under.
    """
    if not quotes:
        return None
    return sum(not verify_quote(quote, pages) for quote in quotes) / len(quotes)


def cited_share(answer: Answer) -> float | None:
    """Return the share of the sentences that cite a quote; None without a sentence.

    A sentence that repeats word for word what the next citation of its paragraph quotes cites it.
    """
    claims = [claim for claim in claims_of(answer) if claim.text]
    return sum(bool(claim.cited) for claim in claims) / len(claims) if claims else None


@dataclass(frozen=True, slots=True)
class Sources:
    """How many sources an answer has, counted more and more strictly."""

    quotes: int
    """Cited."""
    pages: int
    """Pages that they come from."""
    domains: int
    """Domains of these pages."""
    independent: int
    """Groups of quotes that share neither page, nor domain, nor nearly all of their words: a text
    that two sites copied from each other is one source."""


def sources_of(answer: Answer) -> Sources:
    """Count the sources that an answer cites."""
    numbers = cited_numbers(answer.text)
    quotes = [answer.quotes[one - 1] for one in numbers if 1 <= one <= len(answer.quotes)]
    return Sources(
        len(quotes),
        len(set(map(_page, quotes))),
        len(set(map(_domain, quotes))),
        _groups(quotes, _are_one),
    )


def _page(quote: Quote) -> Hashable:
    return quote.page_sha256 or quote.url or (quote.domain, quote.title)


def _domain(quote: Quote) -> str:
    return quote.domain.lower().removeprefix("www.")


def _are_one(one: Quote, other: Quote) -> bool:
    if _page(one) == _page(other) or (_domain(one) and _domain(one) == _domain(other)):
        return True
    return says_the_same(one.text, other.text)


def says_the_same(one: str, other: str) -> bool:
    """Tell whether two texts are nearly equal, or one is nearly all of it in the other."""
    left, right = _triples(one), _triples(other)
    shorter = min(len(left), len(right))
    return bool(shorter) and len(left & right) / shorter >= ALIKE


def _triples(text: str) -> set[tuple[str, ...]]:
    words = normalise(text).split()
    if len(words) < WORDS:
        return {tuple(words)} if words else set()
    return {tuple(words[place : place + WORDS]) for place in range(len(words) - WORDS + 1)}


def _groups(quotes: Sequence[Quote], are_one: Callable[[Quote, Quote], bool]) -> int:
    """Count the groups of quotes that are linked, directly or through others."""
    groups: list[list[Quote]] = []
    for quote in quotes:
        linked = [group for group in groups if any(are_one(quote, one) for one in group)]
        groups = [group for group in groups if group not in linked]
        groups.append([quote, *(one for group in linked for one in group)])
    return len(groups)
