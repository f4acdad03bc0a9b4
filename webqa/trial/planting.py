"""Plants one flaw in an answer that was supported: a number, a name, a negation, a mark, a quote.

Only sentences that a judge calls supported by their quotes are touched, so that what is planted is
a flaw and what was there before was none. Where a flaw lies is recorded to the code point. Knows no
rater and no file.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations_with_replacement
from random import Random
from typing import NamedTuple

from env.answers import normalise
from env.citations import MARK, make_answer
from env.records import Answer, Page, Quote
from policies.extractive.candidates import split_sentences
from reward.rules import overlap
from reward.spans import Placed, masked, placed_claims
from reward.support import Case, SupportJudge, evidence
from webqa.trial.config import FlawKind
from webqa.trial.naming import NameKind
from webqa.trial.wording import Change, name_changes, names_in, negation_changes, number_changes

SUPPORTED = 0.6
"""Probability of support from which a sentence may be spoilt."""
UNSUPPORTED = 0.3
"""Probability below which another quote does not say what a sentence says."""
ALIKE = 1.5
"""Times that a quote put in the place of another may be as long, or as short."""
TRIED = 12
"""Other quotes, at the most, that the judge is asked about: those with most words in common."""

Names = Mapping[tuple[bool, int], Sequence[str]]
"""Names by how they stand (webqa.trial.wording.Name.place)."""


class Flawed(NamedTuple):
    """An answer with a flaw, and where it is."""

    answer: Answer
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sources:
    """What flaws are made of."""

    judge: SupportJudge
    names: Names
    """Names of the run, for those that an answer's own quotes do not have."""
    pages: Mapping[str, Page]
    """Stored pages by their hash, for other quotes."""
    kinds: Mapping[str, NameKind]
    """Of which kind names are: one is replaced only by one of its kind."""
    spare: tuple[Quote, ...] = ()
    """Quotes that a wrong mark may name besides the answer's own."""


async def supported(answer: Answer, judge: SupportJudge) -> list[Placed]:
    """Return the sentences of an answer that their quotes support.

    Raises:
        ModelError: the judge failed.
    """
    placed = [one for one in placed_claims(answer) if one.claim.quotes]
    values = await judge.judge([_case(one, one.claim.quotes) for one in placed])
    return [
        one
        for one, value in zip(placed, values, strict=True)
        if _verbatim(one) or (value is not None and value >= SUPPORTED)
    ]


async def plant(
    answer: Answer, kind: FlawKind, sources: Sources, draw: Random, *, beside: Answer | None = None
) -> Flawed | None:
    """Plant one flaw of a kind; None where the answer gives no occasion for it.

    Args:
        answer: what is to be spoilt.
        kind: of the flaw.
        sources: what it is made of.
        draw: what chooses.
        beside: the answer that a rater sees, too. No sentence is touched that stands there, for
            comparing the two would show the flaw; and a wrong mark names one of its quotes where
            it can, for then the answer does not lose a quote.

    Raises:
        ModelError: the judge failed.
    """
    there = {one.claim.text for one in placed_claims(beside)} if beside else set()
    places = await supported(answer, sources.judge)
    shared = {number for one in places if one.claim.text in there for number in one.claim.cited}
    places = [one for one in places if one.claim.text not in there]
    if kind == "quote":
        places = [one for one in places if shared.isdisjoint(one.claim.cited)]
    if kind == "citation" and beside:
        sources = replace(sources, spare=beside.quotes)
    draw.shuffle(places)
    for place in places:
        if found := await _PLANTERS[kind](answer, place, sources, draw):
            return found
    return None


def names_of(texts: Iterable[str]) -> Names:
    """Return the names in texts by how they stand."""
    found: dict[tuple[bool, int], dict[str, None]] = {}
    for text in texts:
        named = {
            (name.place, name.text)
            for line in text.split("\n")
            for sentence in split_sentences(line)
            for name in names_in(sentence.text)
        }
        for place, name in sorted(named):
            found.setdefault(place, {})[name] = None
    return {place: tuple(names) for place, names in found.items()}


@lru_cache(maxsize=200)
def _names_near(texts: tuple[str, ...]) -> Names:
    """Return the names in a sentence's pages, which its neighbours have, too."""
    return names_of(texts)


async def _number(answer: Answer, place: Placed, _: Sources, draw: Random) -> Flawed | None:
    sentence, there = _sentence(answer, place), _texts(place)
    known = set(re.findall(r"\w[\w,.]*\w|\w", " ".join((there, answer.question))))
    found = number_changes(sentence, known, draw)
    return _drawn(answer, place, [one for one in found if _stands(sentence, one, there)], draw)


async def _name(answer: Answer, place: Placed, sources: Sources, draw: Random) -> Flawed | None:
    sentence, there = _sentence(answer, place), _texts(place)
    known = f"{there} {answer.question}"
    own = names_of([quote.text for quote in answer.quotes])
    pages = (sources.pages.get(quote.page_sha256) for quote in place.claim.quotes)
    near = _names_near(tuple(page.text for page in pages if page))
    others = {
        # The same few of the run in many answers would soon be known to raters.
        key: (*own.get(key, ()), *near.get(key, ()), *draw.sample(far, len(far)))
        for key in sorted({*own, *near, *sources.names})
        for far in [sources.names.get(key, ())]
    }
    found = name_changes(sentence, others, sources.kinds, known, draw)
    return _drawn(answer, place, [one for one in found if _stands(sentence, one, there)], draw)


async def _negation(answer: Answer, place: Placed, _: Sources, draw: Random) -> Flawed | None:
    return _drawn(answer, place, list(negation_changes(_sentence(answer, place))), draw)


async def _citation(answer: Answer, place: Placed, sources: Sources, draw: Random) -> Flawed | None:
    """Let a mark name another quote; a quote that is then cited no more goes, as it always does."""
    marks = list(MARK.finditer(answer.text))
    own = [at for at, mark in enumerate(marks) if place.start <= mark.start() < place.end]
    if len(own) != 1 or any(not mark[1].isdigit() for mark in marks):
        return None
    quotes = (*answer.quotes, *(one for one in sources.spare if one not in answer.quotes))
    others = [one for one in range(1, len(quotes) + 1) if one not in place.claim.cited]
    values = await sources.judge.judge([_case(place, [quotes[other - 1]]) for other in others])
    wrong = [other for other, value in zip(others, values, strict=True) if _unsaid(value)]
    if not wrong:
        return None
    spare = [other for other in wrong if other > len(answer.quotes)]
    mark = marks[own[0]]
    text = (
        f"{answer.text[: mark.start()]}[{draw.choice(spare or wrong)}]{answer.text[mark.end() :]}"
    )
    made = replace(make_answer(answer.question, text, quotes), removed=answer.removed)
    span = list(MARK.finditer(made.text))[own[0]].span()
    return Flawed(made, *span)


async def _quote(answer: Answer, place: Placed, sources: Sources, draw: Random) -> Flawed | None:
    """Put another quote of the same page, about the same but not saying it, in a quote's place."""
    if len(place.claim.cited) != 1:
        return None
    number = place.claim.cited[0]
    spoilt = [one for one in placed_claims(answer) if number in one.claim.cited]
    text = " ".join(one.claim.text for one in spoilt)
    found = sorted(
        _others(answer.quotes[number - 1], answer.quotes, sources.pages),
        key=lambda other: -overlap(text, [other]),
    )[:TRIED]
    fitting = [other for other in found if await _says_none(spoilt, other, sources.judge)]
    if not fitting:
        return None
    quotes = list(answer.quotes)
    quotes[number - 1] = fitting[0]
    start, end = min(one.start for one in spoilt), max(one.end for one in spoilt)
    return Flawed(replace(answer, quotes=tuple(quotes)), start, end)


_PLANTERS: Mapping[
    FlawKind, Callable[[Answer, Placed, Sources, Random], Awaitable[Flawed | None]]
] = {
    "number": _number,
    "name": _name,
    "negation": _negation,
    "citation": _citation,
    "quote": _quote,
}


def _drawn(answer: Answer, place: Placed, changes: Sequence[Change], draw: Random) -> Flawed | None:
    if not changes:
        return None
    change = draw.choice(changes)
    start, end = place.start + change.start, place.start + change.end
    text = f"{answer.text[:start]}{change.text}{answer.text[end:]}"
    return Flawed(replace(answer, text=text), start, start + len(change.text))


def _sentence(answer: Answer, place: Placed) -> str:
    return masked(answer.text[place.start : place.end])


def _texts(place: Placed) -> str:
    return " ".join(f"{quote.title} {quote.text}" for quote in place.claim.quotes)


def _stands(sentence: str, change: Change, there: str) -> bool:
    """Tell whether what is to be changed is told by the quotes."""
    return f" {normalise(sentence[change.start : change.end])} " in f" {normalise(there)} "


def _verbatim(place: Placed) -> bool:
    wanted = f" {normalise(place.claim.text)} "
    return any(wanted in f" {normalise(quote.text)} " for quote in place.claim.quotes)


def _case(place: Placed, quotes: Sequence[Quote]) -> Case:
    return Case(place.claim.text, tuple(map(evidence, quotes)))


def _unsaid(value: float | None) -> bool:
    return value is not None and value < UNSUPPORTED


async def _says_none(spoilt: Sequence[Placed], other: Quote, judge: SupportJudge) -> bool:
    return all(map(_unsaid, await judge.judge([_case(one, [other]) for one in spoilt])))


def _others(quote: Quote, taken: Sequence[Quote], pages: Mapping[str, Page]) -> Iterator[Quote]:
    """Yield sentences that follow one another on a quote's page, as long as it and not taken."""
    page = pages.get(quote.page_sha256)
    if page is None:
        return
    spans = [(one.start, one.end) for one in taken if one.page_sha256 == quote.page_sha256]
    least, most = len(quote.text) / ALIKE, len(quote.text) * ALIKE
    for begin, line in _lines(page.text):
        for (start, _), (_, end) in combinations_with_replacement(_sentences(begin, line), 2):
            if least <= end - start <= most and not any(
                start < high and low < end for low, high in spans
            ):
                yield replace(quote, text=page.text[start:end], start=start, end=end)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    begin = 0
    for line in text.split("\n"):
        yield begin, line
        begin += len(line) + 1


def _sentences(begin: int, line: str) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    at = 0
    for sentence in split_sentences(line):
        start = line.find(sentence.text, at)
        if start >= 0:
            at = start + len(sentence.text)
            places.append((begin + start, begin + at))
    return places
