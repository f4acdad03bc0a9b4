"""Ratings of many policies from their matches (Bradley and Terry 1952), with intervals.

The first of two wins with probability `1 / (1 + 10 ** ((second - first) / 400))`; a tie is half a
win for each. Always regularised: before anything is known, ratings are drawn from a normal
distribution around 1000, so that even who won every match has a finite one. Knows no comparison.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from env.errors import ConfigError, Error
from reward.statistics import Z95, Interval, win_rate
from webqa.connections import groups, one_sided
from webqa.resampling import TAILS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

CENTRE = 1000.0
"""Mean of all ratings."""
POINTS = 400 / math.log(10)
"""Rating points to a unit of log-odds, so that 400 points are odds of ten to one."""
_ROUNDS, _SETTLED = 500, 1e-10
_CELLS = 1 << 22
"""Numbers in the matrices that are solved at once."""


class Match(NamedTuple):
    """Two policies' answers to a question, and whose was preferred."""

    first: str
    second: str
    preference: float
    """Above 0: the first's; below 0: the second's; 0: a tie."""
    question: str
    """Id, over which the bootstrap draws."""


@dataclass(frozen=True, slots=True)
class RatingConfig:
    """How ratings are made from matches."""

    deviation: float = 400.0
    """Standard deviation of ratings, in points, before a match is seen: the smaller, the nearer to
    1000 is who was seldom compared, or never lost."""
    resamples: int = 1_000
    """Samples of questions that the intervals come from."""
    seed: int = 0
    """Another one draws others."""


@dataclass(frozen=True, slots=True)
class Rated:
    """One policy's rating."""

    name: str
    rating: float
    low: float
    high: float
    matches: int


@dataclass(frozen=True, slots=True)
class HeadToHead:
    """Two policies that were compared directly."""

    first: str
    second: str
    win_rate: Interval
    """Of the first, ties as half; its count is that of the questions."""
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True, slots=True)
class Ratings:
    """Ratings, the highest first, and how far they may be relied upon."""

    rated: tuple[Rated, ...]
    head_to_head: tuple[HeadToHead, ...]
    groups: tuple[tuple[str, ...], ...]
    """Policies that matches connect. More than one group: the graph is disconnected, and ratings
    of different groups cannot be compared."""
    one_sided: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    """Two sides of which the first won every match against the second: how far they are apart
    comes from the regularisation, too."""


def check(config: RatingConfig) -> None:
    """Refuse settings that make no sense.

    Raises:
        ConfigError: a deviation that is not above 0, too few resamples, or a seed below 0.
    """
    if not (math.isfinite(config.deviation) and config.deviation > 0):
        raise ConfigError(f"--deviation must be above 0, not {config.deviation}")
    if config.resamples < 100:
        raise ConfigError(f"--resamples must be at least 100, not {config.resamples}")
    if config.seed < 0:
        raise ConfigError(f"--seed must not be below 0, but is {config.seed}")


def rate(matches: Sequence[Match], config: RatingConfig = RatingConfig()) -> Ratings:
    """Return the ratings that are most likely, whatever the order of the matches.

    An interval holds the one of the bootstrap over questions (percentiles) and the one that the
    curvature of the likelihood gives: the first knows that a question's matches are alike, the
    second that few or one-sided matches tell little, of which the first sees nothing.

    Raises:
        Error: no match, one of a policy with itself, or a preference that is no number.
        ConfigError: a setting makes no sense.
    """
    check(config)
    _check(matches)
    played = _played(matches)
    variance = (config.deviation / POINTS) ** 2
    best = _fit(played.scores.sum(0)[None], played.counts.sum(0)[None], played, variance)
    # Without the direction in which all ratings move together: they are around 1000 anyway.
    spread = _deviations(best[0], played.counts.sum(0), played, variance)
    drawn = _bootstrap(played, variance, config)
    low, high = np.percentile(drawn, TAILS, axis=0)
    low, high = np.minimum(low, best[0] - Z95 * spread), np.maximum(high, best[0] + Z95 * spread)
    at, low, high = (CENTRE + POINTS * array for array in (best[0], low, high))
    total = played.counts.sum(0) @ np.abs(played.sides)
    rated = [
        Rated(name, float(at[place]), float(low[place]), float(high[place]), int(total[place]))
        for place, name in enumerate(played.names)
    ]
    met = _head_to_head(matches)
    beaten = {(one.first, one.second) for one in met if one.wins or one.ties}
    beaten |= {(one.second, one.first) for one in met if one.losses or one.ties}
    return Ratings(
        tuple(sorted(rated, key=lambda one: (-one.rating, one.name))),
        met,
        groups(beaten),
        one_sided(beaten),
    )


def _check(matches: Sequence[Match]) -> None:
    if not matches:
        raise Error("ratings need at least one match")
    for one in matches:
        if one.first == one.second:
            raise Error(f"{one.first} cannot be compared with itself")
        if not math.isfinite(one.preference):
            raise Error(f"the preference between {one.first} and {one.second} is no number")


class _Played(NamedTuple):
    """The matches, summed by question and pair."""

    names: list[str]
    scores: Numbers
    """Won by the first of each pair, ties as half: (questions, pairs)."""
    counts: Numbers
    """Matches: (questions, pairs)."""
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    sides: Numbers
    """+1 for the first and -1 for the second of each pair: (pairs, policies)."""


def _played(matches: Sequence[Match]) -> _Played:
    names = sorted({name for one in matches for name in (one.first, one.second)})
    places = {name: place for place, name in enumerate(names)}
    pairs = sorted({tuple(sorted((one.first, one.second))) for one in matches})
    columns = {pair: column for column, pair in enumerate(pairs)}
    rows = {name: row for row, name in enumerate(sorted({one.question for one in matches}))}
    scores = np.zeros((len(rows), len(pairs)))
    counts = np.zeros_like(scores)
    for one in matches:
        row, column = rows[one.question], columns[tuple(sorted((one.first, one.second)))]
        won = (1 + np.sign(one.preference)) / 2
        scores[row, column] += won if one.first < one.second else 1 - won
        counts[row, column] += 1
    first = np.array([places[pair[0]] for pair in pairs])
    second = np.array([places[pair[1]] for pair in pairs])
    sides = np.zeros((len(pairs), len(names)))
    sides[np.arange(len(pairs)), first], sides[np.arange(len(pairs)), second] = 1, -1
    return _Played(names, scores, counts, first, second, sides)


def _fit(scores: Numbers, counts: Numbers, played: _Played, variance: float) -> Numbers:
    """Return the log-odds that are most likely, for many samples at once: (samples, policies).

    Newton's method. The logarithm of the likelihood with its normal distribution bends downwards
    everywhere, so there is one maximum; no step is longer than one, which keeps each in the
    region where the curvature at its start still holds.
    """
    ratings = np.zeros((len(scores), len(played.names)))
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-(ratings @ played.sides.T)))  # (samples, pairs)
        slope = (scores - counts * chance) @ played.sides - ratings / variance
        step = np.linalg.solve(_curvature(chance, counts, played, variance), slope[..., None])
        longest = np.abs(step).max(axis=(1, 2), keepdims=True)
        ratings += (step / np.maximum(1.0, longest))[..., 0]
        if longest.max() < _SETTLED:
            break
    return ratings


def _curvature(chance: Numbers, counts: Numbers, played: _Played, variance: float) -> Numbers:
    """Return minus the second derivative: (samples, policies, policies)."""
    weight = counts * chance * (1 - chance)
    found = np.zeros((len(weight), len(played.names), len(played.names)))
    found[:, played.first, played.second] = -weight
    found[:, played.second, played.first] = -weight
    own = np.arange(len(played.names))
    found[:, own, own] = weight @ np.abs(played.sides) + 1 / variance
    return found


def _deviations(best: Numbers, counts: Numbers, played: _Played, variance: float) -> Numbers:
    """Return the standard deviation of each rating around the mean of all."""
    chance = 1 / (1 + np.exp(-(played.sides @ best)))
    inverse = np.linalg.inv(_curvature(chance[None], counts[None], played, variance)[0])
    centring = np.eye(len(best)) - 1 / len(best)
    return np.asarray(np.sqrt(np.diag(centring @ inverse @ centring)))


def _bootstrap(played: _Played, variance: float, config: RatingConfig) -> Numbers:
    generator = np.random.default_rng(config.seed)
    questions, found, left = len(played.counts), [], config.resamples
    even = np.full(questions, 1 / questions)
    while left > 0:
        size = min(left, max(1, _CELLS // max(len(played.names) ** 2, questions)))
        times = generator.multinomial(questions, even, size=size).astype(np.float64)
        found.append(_fit(times @ played.scores, times @ played.counts, played, variance))
        left -= size
    return np.concatenate(found)


def _head_to_head(matches: Sequence[Match]) -> tuple[HeadToHead, ...]:
    """Return the win rates of all pairs that were compared, by name."""
    found: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    for one in matches:
        swapped = one.first > one.second
        pair = (one.second, one.first) if swapped else (one.first, one.second)
        found[pair].append((-one.preference if swapped else one.preference, one.question))
    return tuple(
        HeadToHead(
            *pair,
            win_rate([value for value, _ in own], [question for _, question in own]),
            sum(value > 0 for value, _ in own),
            sum(value < 0 for value, _ in own),
            sum(value == 0 for value, _ in own),
        )
        for pair, own in sorted(found.items())
    )
