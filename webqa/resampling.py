"""What a mean difference over questions may be by chance: the bootstrap and a permutation test.

Each question is one value, the difference of two runs on it, so both are paired and clustered by
question. Arrays in, numbers out, everything drawn from a seed; knows no run and no metric.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from env.errors import ConfigError, Error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

TAILS = (2.5, 97.5)
"""Percentiles between which 95 % of what was resampled lies."""
_CELLS = 1 << 21
"""Numbers that are drawn at once: more would only need more memory."""
_FEW = 8
"""With so many equal values to each kind, as of shares, kinds are drawn: the same, but faster."""
_EXACT = 12
"""Up to so many differences that are not zero, every choice of signs is tried."""


@dataclass(frozen=True, slots=True)
class ResamplingConfig:
    """How often is drawn again."""

    resamples: int = 10_000
    """Samples of questions, and choices of signs; more make intervals and p-values steadier."""
    seed: int = 0
    """Another one draws others."""


RESAMPLING = ResamplingConfig()


def check(config: ResamplingConfig) -> None:
    """Refuse settings that make no sense.

    Raises:
        ConfigError: too few resamples for the ends of an interval, or a seed below zero.
    """
    if config.resamples < 100:
        raise ConfigError(f"--resamples must be at least 100, not {config.resamples}")
    if config.seed < 0:
        raise ConfigError(f"--seed must not be below 0, but is {config.seed}")


def bootstrap_mean(differences: Numbers, config: ResamplingConfig) -> tuple[float, float]:
    """Return between what the mean lies in 95 % of the samples drawn with replacement.

    The percentile interval of Efron (1979). Where all differ alike it has no width.

    Args:
        differences: one for each question, (questions,).
        config: how many samples, and their seed.

    Raises:
        Error: there is no difference, or one is not finite.
    """
    values = _usable(differences)
    if math.fsum(values) < 0:  # so that swapping the runs gives the same interval, mirrored
        low, high = _mean_of_samples(-values, config)
        return 0.0 - high, 0.0 - low
    return _mean_of_samples(values, config)


def _mean_of_samples(values: Numbers, config: ResamplingConfig) -> tuple[float, float]:
    values = np.sort(values)  # so that their order does not matter
    kinds, counts = np.unique(values, return_counts=True)
    generator = np.random.default_rng(config.seed)
    means = []
    for size in _chunks(config.resamples, len(values)):
        if len(kinds) * _FEW <= len(values):  # how often each kind is drawn
            drawn = generator.multinomial(len(values), counts / len(values), size=size)
            means.append(drawn @ kinds / len(values))
        else:
            places = generator.integers(0, len(values), (size, len(values)), dtype=np.int32)
            means.append(values[places].mean(1))
    low, high = np.percentile(np.concatenate(means), TAILS)
    return float(low), float(high)


def permutation_test(differences: Numbers, config: ResamplingConfig) -> float:
    """Return how often a mean is at least as far from zero when every sign is drawn (two-sided).

    The sign-flip permutation test of paired runs: if the two were alike, each difference could as
    well have the other sign. All choices of signs are tried where there are few, and the p-value is
    then exact; else it is (1 + hits) / (1 + draws), never zero (Phipson and Smyth 2010).

    Args:
        differences: one for each question, (questions,).
        config: how many choices of signs, and their seed.

    Raises:
        Error: there is no difference, or one is not finite.
    """
    given = _usable(differences)
    seen, values = abs(math.fsum(given)), np.sort(np.abs(given[given != 0]))
    reached = seen - 1e-9 * float(values.sum())  # sums in another order differ in the last digits
    if len(values) <= _EXACT:
        choices = np.arange(2 ** len(values))[:, None] >> np.arange(len(values))
        return float(np.mean(np.abs((1 - 2 * (choices & 1)) @ values) >= reached))
    generator, hits = np.random.default_rng(config.seed), 0
    kinds, counts = np.unique(values, return_counts=True)
    few = len(kinds) * _FEW <= len(values)
    for size in _chunks(config.resamples, len(values)):
        if few:  # of so many equal differences, how many keep their sign
            sums = (2 * generator.binomial(counts, 0.5, (size, len(counts))) - counts) @ kinds
        else:
            sums = 2 * (_bits(generator, size, len(values)) @ values) - values.sum()
        hits += int(np.count_nonzero(np.abs(sums) >= reached))
    return (1 + hits) / (1 + config.resamples)


def _usable(differences: Numbers) -> Numbers:
    values = np.asarray(differences, np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise Error("finite differences are needed, one for each question, and at least one")
    return values


def _bits(generator: np.random.Generator, rows: int, columns: int) -> Numbers:
    """Return random zeros and ones: (rows, columns)."""
    drawn = np.frombuffer(generator.bytes(rows * columns // 8 + 1), np.uint8)
    return np.unpackbits(drawn, count=rows * columns).reshape(rows, columns).astype(np.float64)


def _chunks(total: int, width: int) -> Iterator[int]:
    """Yield how many rows of a width are drawn at once, until there are so many."""
    most = max(1, _CELLS // width)
    while total > 0:
        yield min(most, total)
        total -= most
