"""The answer: the best sentences of the quotes, each with its citation, the best quote first."""

from __future__ import annotations

from collections.abc import Iterable

from env.answers import NOTHING_FOUND
from env.records import Observation, Quote
from env.view import plain_citations
from policies.extractive.candidates import Candidate, Source, candidate, runs, split_sentences
from policies.extractive.question import Asked, analyse
from policies.extractive.ranking import rank

CITED = 3
"""Quotes that an answer cites at most."""
SHORTEST = 60
"""Characters below which a further quote is not worth a line."""
SHARE = 150
"""Characters kept free for each quote that is still to come."""
MARK = 6
"""Characters kept free for a citation and the blank before it."""


def compose(
    observation: Observation, seen: Iterable[Candidate], *, limit: int, margin: float
) -> str:
    """Write the answer from the quotes of an answering observation.

    Args:
        observation: with the quotes.
        seen: what was read on the way; it tells which quotes agree with the rest.
        limit: characters of the answer.
        margin: how far below the best a quote's score may be.
    """
    asked = analyse(observation.question)
    known = list(seen)
    order = _order(asked, observation.quotes, known, margin)
    order = order[:CITED]
    parts: list[str] = []
    left = limit
    for place, number in enumerate(order):
        waiting = len(order) - place - 1
        room = left - MARK - waiting * SHARE
        text = _shorten(asked, observation.quotes[number], known, room)
        if text:
            parts.append(f"{text} [{number + 1}]")
            left -= len(parts[-1]) + 2
    return "\n\n".join(parts) or NOTHING_FOUND


def _order(
    asked: Asked, quotes: tuple[Quote, ...], known: list[Candidate], margin: float
) -> list[int]:
    """Return the numbers of the quotes that are worth citing, from 0, best first."""
    wholes = [_whole(quote, known, number) for number, quote in enumerate(quotes)]
    ranked = rank(asked, [*known, *wholes])
    scores = {id(one.candidate): one.score for one in reversed(ranked)}
    own = [scores[id(whole)] for whole in wholes]
    good = [number for number, score in enumerate(own) if score >= max(own) - margin]
    return sorted(good, key=lambda number: -own[number])


def _whole(quote: Quote, known: Iterable[Candidate], number: int) -> Candidate:
    """Return the candidate that was quoted, or one made of the quote if it is not known."""
    text = " ".join(quote.text.split())
    for one in known:
        if one.source.opened and one.text == text and one.source.title == quote.title:
            return one
    return candidate(split_sentences(text), _source(quote, number), first=True)


def _shorten(asked: Asked, quote: Quote, known: list[Candidate], room: int) -> str:
    """Return the best run of a quote's sentences that fits, or the beginning of its best one."""
    text = plain_citations(" ".join(quote.text.split()))
    if len(text) <= room:
        return text
    every = list(runs(split_sentences(text), _source(quote, 0)))
    best = [one.candidate for one in rank(asked, [*every, *known]) if one.candidate in every]
    fitting = next((one.text for one in best if len(one.text) <= room), "")
    return fitting or _clip(min((one.text for one in best), key=len, default=text), room)


def _clip(text: str, room: int) -> str:
    """Cut a text between words and say so."""
    return text[: room - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…" if room > SHORTEST else ""


def _source(quote: Quote, rank: int) -> Source:
    return Source(quote.title, quote.domain, rank)
