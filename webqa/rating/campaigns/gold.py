"""Comparisons whose better answer is known, to check raters by. Knows no campaign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from env.errors import ConfigError
from reward.comparisons import Comparison, identifier
from reward.formats.reading import load
from reward.pairs import Pair
from webqa.rating.campaigns.sources import look_of, seen

TIE = "a tie: careful raters, too, prefer one of such answers"
SHOWN = 100
"""Characters of a question in a message."""


def read_gold(paths: Sequence[Path], left_out: Counter[str]) -> list[tuple[Pair, int]]:
    """Read pairs of which all who judged them say the same.

    Args:
        paths: comparisons of any known form; there may be several raters' of one pair.
        left_out: counts what cannot be used.

    Returns:
        The pairs, each once, with the sign of the right preference.

    Raises:
        ConfigError: a file cannot be read, judgements of a pair contradict one another, or
            nothing is left.
    """
    found: dict[Hashable, tuple[Pair, int]] = {}
    apart: dict[Hashable, str] = {}
    for one in _comparisons(paths, left_out):
        pair = _pair(one)
        known, sign = found.setdefault(seen(pair), (pair, _sign(one)))
        alike = look_of(known.first) == look_of(pair.first)
        if sign != (_sign(one) if alike else -_sign(one)):
            apart[seen(pair)] = pair.first.question
    if apart:
        raise ConfigError(
            f"gold needs one right judgement of a pair, and those of {len(apart):,} contradict one "
            f"another, as of {next(iter(apart.values()))[:SHOWN]!r}: settle or take them out"
        )
    gold = [(pair, sign) for pair, sign in found.values() if sign]
    if ties := len(found) - len(gold):
        left_out[TIE] += ties
    if paths and not gold:
        raise ConfigError("the files of --gold hold ties alone: no answer is known to be better")
    return gold


def _comparisons(paths: Sequence[Path], left_out: Counter[str]) -> Iterable[Comparison]:
    # One file after the other: in each the same id may be of another rater.
    for path in paths:
        reading = load([path])
        left_out.update(reading.reasons())
        yield from reading.comparisons


def _pair(one: Comparison) -> Pair:
    """Return the pair that was judged, under the id that all judgements of it share."""
    made = identifier(one.question, one.first, one.second)
    return Pair(
        made, one.question, one.first, one.second, one.first_episode, one.second_episode,
        one.dataset, one.notes,
    )  # fmt: skip


def _sign(one: Comparison) -> int:
    return (one.preference > 0) - (one.preference < 0)
