"""Best-of-n in numbers: what the best of n answers scores, for every n, without sampling again.

The estimator of WebGPT's appendix I with ties, the bound of what it moves the policy, and the
curves that show over-optimisation. Pure functions; knows no answer, no scorer and no model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal, NamedTuple

from env.errors import Error
from reward.statistics import mean_interval


def best_of_n(values: Sequence[float], by: Sequence[float] | None = None) -> list[float]:
    """Return what the best of n scores on average, for n = 1 ... N, from N samples.

    `E_n = sum over i = n ... N of C(i-1, n-1) / C(N, n) * value of the i-th`, the samples in rising
    order: the mean over all choices of n among them, so unbiased for fresh samples that are drawn
    independently. Where several are the best equally, each is taken as often as the others.

    Args:
        values: what is averaged, one for each sample.
        by: what the best is chosen by; None: the values. It may be infinite, but not NaN.

    Raises:
        Error: there is no sample, the lengths differ, or a value is not finite.
    """
    keys = values if by is None else by
    if not values or len(keys) != len(values):
        raise Error(f"best of n needs a key for each sample, not {len(keys)} for {len(values)}")
    if not all(map(math.isfinite, values)) or any(map(math.isnan, keys)):
        raise Error("a score is no finite number: the scorer that gave it is broken")
    groups = _rising(values, keys)
    return [
        sum(value * sum(weights[first:last]) for value, first, last in groups)
        for weights in _weights(len(values))
    ]


class _Group(NamedTuple):
    """Samples that are equally good."""

    value: float
    """Their mean."""
    first: int
    last: int
    """Places in rising order, the last one excluded."""


def _rising(values: Sequence[float], keys: Sequence[float]) -> list[_Group]:
    groups, first = [], 0
    pairs = sorted(zip(keys, values, strict=True), key=lambda pair: pair[0])
    for _, tied in groupby(pairs, key=lambda pair: pair[0]):
        same = [value for _, value in tied]
        groups.append(_Group(math.fsum(same) / len(same), first, first + len(same)))
        first += len(same)
    return groups


@lru_cache(maxsize=16)
def _weights(total: int) -> tuple[tuple[float, ...], ...]:
    """Return, for each n, how often the best of n is the one at each place: (n, place)."""
    table = []
    for n in range(1, total + 1):
        # C(place, n - 1) / C(total, n), places from 0: the last has n / total, and each one before
        # it the next one's times (next - n + 1) / next. No large number is needed.
        weights = [0.0] * total
        weights[-1] = n / total
        for place in range(total - 1, n - 1, -1):
            weights[place - 1] = weights[place] * (place - n + 1) / place
        table.append(tuple(weights))
    return tuple(table)


def best_of_groups(
    groups: Iterable[tuple[Sequence[float], Sequence[float] | None]],
) -> list[float]:
    """Return what the best answer of n whole browses scores, for n = 1 ... number of browses.

    Answers of one browse are alike, so the best of n answers drawn from several browses says
    nothing of n browses each answered as often; this does.

    Args:
        groups: for each browse the values of its answers, and what the best is chosen by.
    """
    values, keys = [], []
    for given, by in groups:
        chosen_by = given if by is None else by
        values.append(best_of_n(given, by)[-1])
        keys.append(max(chosen_by))
    return best_of_n(values, keys)


def kl_bound(n: int) -> float:
    """Return the most nats by which choosing the best of n moves the policy: log n - (n-1)/n."""
    return math.log(n) - (n - 1) / n


def pick(keys: Sequence[float]) -> int:
    """Return the place of the best: the first of those that are equally good.

    Raises:
        Error: there is none, or one is NaN.
    """
    if not keys or any(map(math.isnan, keys)):
        raise Error("nothing can be chosen: there is no score, or one is NaN")
    return max(range(len(keys)), key=lambda place: keys[place])


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over questions, with its 95 % interval."""

    mean: float
    low: float
    high: float
    questions: int


def mean_over(values: Sequence[float]) -> Mean:
    """Return the mean of one value for each question, and an interval by Student's distribution.

    As all samples of a question are one value, it is clustered by question. A single question
    tells nothing of others: its interval has no width, and should not be shown.

    Raises:
        Error: there is no value.
    """
    found = mean_interval(values, shares=False)
    return Mean(found.mean, found.low, found.high, found.count)


def mean_curve(curves: Sequence[Sequence[float]]) -> list[Mean]:
    """Return the mean of the questions' curves, as far as all of them reach."""
    shortest = min(map(len, curves), default=0)
    return [mean_over([curve[place] for curve in curves]) for place in range(shortest)]


def gain(curves: Sequence[Sequence[float]], n: int) -> Mean:
    """Return how much more the best of n scores than a single sample, question by question."""
    return mean_over([curve[n - 1] - curve[0] for curve in curves])


Form = Literal["best-of-n", "rl"]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a true score follows optimisation against a learnt one (Gao et al. 2022).

    With d the root of the KL divergence: `d (alpha - beta d)` for best-of-n, and
    `d (alpha - beta log d)` for reinforcement learning.
    """

    form: Form
    alpha: float
    beta: float
    error: float
    """Root of the mean square of what is left."""

    def __call__(self, kl: float) -> float:
        """Return the fitted gain at so many nats."""
        d = math.sqrt(kl)
        return sum(
            factor * term
            for factor, term in zip((self.alpha, self.beta), _terms(self.form, d), strict=True)
        )

    @property
    def peak(self) -> float | None:
        """Nats at which the fitted score is highest; None where it never bends."""
        if self.beta <= 0:
            return None
        if self.form == "best-of-n":
            return (self.alpha / (2 * self.beta)) ** 2 if self.alpha > 0 else None
        power = 2 * (self.alpha / self.beta - 1)
        return math.exp(power) if power < 700 else None


def fit(kl: Sequence[float], gains: Sequence[float], form: Form) -> Fit:
    """Fit a curve of over-optimisation by least squares.

    Args:
        kl: nats, each 0 or more; points at 0 say nothing and are passed over.
        gains: score above the one at no divergence.
        form: which curve.

    Raises:
        Error: fewer than two different divergences above 0, or a number is not finite.
    """
    points = [(_terms(form, math.sqrt(nats)), gain) for nats, gain in zip(kl, gains, strict=True)
              if nats > 0]  # fmt: skip
    if len({terms for terms, _ in points}) < 2:
        raise Error("a curve of over-optimisation needs two different divergences above 0")
    if not all(math.isfinite(number) for terms, gain in points for number in (*terms, gain)):
        raise Error("a curve of over-optimisation needs finite numbers")
    # Normal equations of two unknowns.
    aa = math.fsum(a * a for (a, _), _ in points)
    ab = math.fsum(a * b for (a, b), _ in points)
    bb = math.fsum(b * b for (_, b), _ in points)
    ag = math.fsum(a * gain for (a, _), gain in points)
    bg = math.fsum(b * gain for (_, b), gain in points)
    determinant = aa * bb - ab * ab
    alpha, beta = (ag * bb - bg * ab) / determinant, (bg * aa - ag * ab) / determinant
    left = math.fsum((alpha * a + beta * b - gain) ** 2 for (a, b), gain in points)
    return Fit(form, alpha, beta, math.sqrt(left / len(points)))


def _terms(form: Form, d: float) -> tuple[float, float]:
    """Return what alpha and beta are multiplied with at the root of a divergence."""
    if form == "best-of-n":
        return d, -d * d
    return d, -d * math.log(d) if d else 0.0
