"""What a demonstrator searches for: words of the question, in their order. Knows no answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from random import Random

from policies.extractive.words import STOP, plain, weight, words
from policies.grammar.legal import Line

FEW = 3
"""Telling words from which on one may be left out."""


def telling(choices: Sequence[str]) -> list[str]:
    """Return the words that tell something; all of them when none does."""
    found = [word for word in choices if any(plain(part) not in STOP for part in words(word))]
    return found or list(choices)


def queries(choices: Sequence[str], draw: Random, varied: float) -> Iterator[str]:
    """Yield queries, each once, as long as there are some.

    The first has every telling word, or now and then one less; the others have fewer and fewer
    of them, the commonest left out, and in the end all words there are.

    Args:
        choices: the distinct words of the question, in order.
        draw: what varies it.
        varied: how often a word is left out of the first query.
    """
    kept = telling(choices)
    seen: set[str] = set()
    if len(kept) > FEW and draw.random() < varied:
        seen.add(query := " ".join(_without_commonest(kept)))
        yield query
    while kept:
        if (query := " ".join(kept)) not in seen:
            seen.add(query)
            yield query
        kept = _without_commonest(kept)
    if choices and (query := " ".join(choices)) not in seen:
        yield query


def another(line: Line) -> str:
    """Return a short query that was not made yet; empty where the words do not limit it."""
    every = (chosen for size in (1, 2, 3) for chosen in combinations(line.choices, size))
    return next((query for one in every if (query := " ".join(one)) not in line.without), "")


def _without_commonest(chosen: Sequence[str]) -> list[str]:
    commonest = min(range(len(chosen)), key=lambda place: weight(plain(chosen[place])))
    return [word for place, word in enumerate(chosen) if place != commonest]
