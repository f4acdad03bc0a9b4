"""The answer: the best sentences of the quotes, each with its citation, the best quote first.

Knows candidates and how they rank; nothing of commands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from env.answers import NOTHING_FOUND
from env.records import Quote
from env.view import plain_citations
from policies.extractive.candidates import (
    CELL,
    Candidate,
    Source,
    candidate,
    runs,
    split_sentences,
)
from policies.extractive.question import Asked
from policies.extractive.ranking import Ranked
from policies.extractive.words import stems

CITED = 3
"""Quotes that an answer cites at most."""
SHARE = 175
"""Characters that the second and the third quote get at least."""
MARK = 8
"""Characters kept free for a citation, the blank before it and the blank line behind it."""
SHORTEST = 60
"""Characters below which a piece of a quote is not worth a line."""

Rank = Callable[[Sequence[Candidate]], list[Ranked]]
"""Ranks candidates for the question at hand."""


def compose(
    asked: Asked,
    quotes: Sequence[Quote],
    seen: Sequence[Candidate],
    rank: Rank,
    *,
    limit: int,
    margin: float,
) -> str:
    """Write the answer from the quotes that were taken.

    Args:
        asked: the question.
        quotes: of the answering observation.
        seen: what was read on the way; it tells which quotes agree with the rest.
        rank: how candidates are ranked.
        limit: characters of the answer.
        margin: how far below the best a quote's score may be.
    """
    cited = _worth_citing(quotes, seen, rank, margin)[:CITED]
    if not cited:
        return NOTHING_FOUND

    def piece(number: int, room: int) -> str:
        row = _table_row(asked, quotes[number], room)
        return row or _shorten(quotes[number], seen, rank, room)

    # The best quote gets what the others, cut short, leave free; then they get what it leaves.
    pieces = [""] + [piece(number, SHARE) for number in cited[1:]]
    left = limit - sum(len(text) for text in pieces) - len(cited) * MARK
    for place, number in enumerate(cited):
        longer = piece(number, len(pieces[place]) + left)
        left -= len(longer) - len(pieces[place])
        pieces[place] = longer
    parts = [f"{text} [{number + 1}]" for number, text in zip(cited, pieces, strict=True) if text]
    return "\n\n".join(parts) or NOTHING_FOUND


def _worth_citing(
    quotes: Sequence[Quote], seen: Sequence[Candidate], rank: Rank, margin: float
) -> list[int]:
    """Return the numbers of the quotes that are worth citing, from 0, best first."""
    wholes = [_whole(quote, seen, number) for number, quote in enumerate(quotes)]
    scores = {id(one.candidate): one.score for one in reversed(rank([*seen, *wholes]))}
    own = [scores[id(whole)] for whole in wholes]
    good = [number for number, score in enumerate(own) if score >= max(own) - margin]
    return sorted(good, key=lambda number: -own[number])


def _whole(quote: Quote, seen: Sequence[Candidate], number: int) -> Candidate:
    """Return the candidate that was quoted, or one made of the quote if it was not seen."""
    text = " ".join(quote.text.split())
    for one in seen:
        if one.source.opened and one.text == text and one.source.title == quote.title:
            return one
    source = Source(quote.title, quote.domain, number)
    return candidate(split_sentences(text), source, first=True)


def _shorten(quote: Quote, seen: Sequence[Candidate], rank: Rank, room: int) -> str:
    """Return the best run of a quote's sentences that fits, or the beginning of its best one."""
    text = plain_citations(" ".join(quote.text.split()))
    if len(text) <= room:
        return text
    every = list(runs(split_sentences(text), Source(quote.title, quote.domain, 0)))
    best = [one.candidate.text for one in rank([*every, *seen]) if one.candidate in every]
    fitting = next((one for one in best if len(one) <= room), "")
    return fitting or _clip(min(best, key=len, default=text), room)


def _table_row(asked: Asked, quote: Quote, room: int) -> str:
    """Return what a table tells: the row that was asked for, or all that may be; else nothing."""
    header, *rows = quote.text.split("\n")
    if not rows or CELL not in header:
        return ""
    told = [sum(asked.weights.get(stem, 0.0) for stem in stems(row)) for row in rows]
    best = [row for row, value in zip(rows, told, strict=True) if value == max(told)]
    if len(best) > 1:
        text = f"{header}: {'; '.join(best)}"
    else:
        cells = list(zip(header.split(CELL), best[0].split(CELL), strict=False))
        wanted = [cell for cell in cells[1:] if not asked.stems.isdisjoint(stems(cell[0]))]
        text = "; ".join(f"{name}: {value}" for name, value in [cells[0], *(wanted or cells[1:])])
    return plain_citations(text) if len(text) <= room else ""


def _clip(text: str, room: int) -> str:
    """Cut a text between words and say so."""
    if room <= SHORTEST:
        return ""
    return text[: room - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"
