"""What scored answers say of best-of-n: curves for every n, costs, and when to abstain.

Pure functions from samples and scores to figures. Knows no file and no scorer.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from env.errors import Error
from reward.abstention import Judged, Point, area, coverage_curve
from reward.best_of_n import (
    Fit,
    Mean,
    best_of_groups,
    best_of_n,
    fit,
    gain,
    kl_bound,
    mean_curve,
    pick,
)
from reward.sampling import Cost, SampleConfig
from webqa.best_of import Sample
from webqa.choosing import NO_ANSWER

RIGHT, ANSWERED = "right", "answered"
"""Curves that need no scorer: the share of right answers, and of answers at all."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What the best of n answers is worth, measured in one way."""

    name: str
    points: tuple[Mean, ...]
    """For n = 1 ... N."""
    gain: Mean
    """Of the best of N over a single answer, question by question."""
    browses: tuple[Mean, ...]
    """The best of 1 ... b whole browses, each with all of its answers."""
    fit: Fit | None = None
    """How it follows the divergence, where that can be fitted."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Best-of-n over a set of questions, chosen by one scorer."""

    scorer: str
    questions: int
    samples: SampleConfig
    kl: tuple[float, ...]
    """Nats by which the best of n moves the policy, at most."""
    tokens: tuple[float, ...]
    """Read and written for the best of n of one question."""
    curves: tuple[Curve, ...]
    """The scorer's own is the first."""
    abstention: tuple[Point, ...]
    """Of the best of N; empty where no accepted answer is known."""
    area: float
    ended: dict[str, int]
    """How many episodes ended in which way."""
    cost: Cost
    best: dict[str, str]
    """For each question the id of the episode that is chosen."""


Pool = list[list[Sample]]
"""All samples of one question: its browses, and `answers` samples of each."""


def pools_of(samples: Iterable[Sample], config: SampleConfig) -> list[Pool]:
    """Return the samples question by question.

    A browse that ended without anything to answer from stands for as many samples as the others
    have: it is the same whichever of its answers is drawn.

    Raises:
        Error: a question has fewer browses, or one of them fewer answers, than there should be.
    """
    found: dict[str, dict[int, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        if sample.attempt < config.browses * config.answers:
            found[sample.question][sample.attempt // config.answers].append(sample)
    pools = []
    for question, browses in found.items():
        pool = [browses[number] for number in sorted(browses)]
        pool = [same * config.answers if _stands_for_all(same) else same for same in pool]
        if len(pool) < config.browses or any(len(same) != config.answers for same in pool):
            raise Error(f"question {question} is not sampled to its end: run the command again")
        pools.append(pool)
    return pools


def _stands_for_all(same: Sequence[Sample]) -> bool:
    return len(same) == 1 and not same[0].answered and not same[0].parent


def select(
    samples: Sequence[Sample],
    config: SampleConfig,
    scorer: str,
    scores: Mapping[str, Mapping[str, float]],
    with_answers: frozenset[str] = frozenset(),
) -> Selection:
    """Return what choosing by a scorer gives.

    Args:
        samples: of all questions.
        config: how they were sampled.
        scorer: name of the one that chooses.
        scores: by name of the scorer and id of the sample. Another scorer's curve is made of the
            questions that it scored all samples of.
        with_answers: ids of the questions of which it is known what is right.

    Raises:
        Error: there is no question, or a sample is missing.
    """
    pools = pools_of(samples, config)
    if not pools:
        raise Error("there is no answer to choose from: sample some first")
    keys = {
        sample.id: scores[scorer][sample.id] if sample.answered else NO_ANSWER for sample in samples
    }
    known = {
        sample.id: float(sample.right) for sample in samples if sample.question in with_answers
    }
    answered = {sample.id: float(sample.answered) for sample in samples}
    others = {name: values for name, values in scores.items() if name != scorer}
    measured = {scorer: scores[scorer], **others, RIGHT: known, ANSWERED: answered}
    curves = (_curve(name, values, keys, pools) for name, values in measured.items())
    points = _abstention([pool for pool in pools if pool[0][0].question in with_answers], keys)
    ended: dict[str, int] = defaultdict(int)
    for sample in samples:
        ended[sample.ended] += 1
    total = config.browses * config.answers
    return Selection(
        scorer,
        len(pools),
        config,
        tuple(kl_bound(n) for n in range(1, total + 1)),
        tuple(_tokens(samples, config)),
        tuple(curve for curve in curves if curve),
        tuple(points),
        area(points),
        dict(ended),
        sum((sample.cost for sample in samples), Cost()),
        {pool[0][0].question: _best(pool, keys).id for pool in pools},
    )


def _curve(
    name: str, values: Mapping[str, float], keys: Mapping[str, float], pools: Sequence[Pool]
) -> Curve | None:
    """Return the curve over the questions whose samples all have a value; None without any."""
    chosen = [pool for pool in pools if all(one.id in values for same in pool for one in same)]
    if not chosen:
        return None
    curves, browses = [], []
    for pool in chosen:
        groups = [
            ([values[one.id] for one in same], [keys[one.id] for one in same]) for same in pool
        ]
        every = [one for same in pool for one in same]
        curves.append(best_of_n([values[one.id] for one in every], [keys[one.id] for one in every]))
        browses.append(best_of_groups(groups))
    points = mean_curve(curves)
    return Curve(
        name,
        tuple(points),
        gain(curves, len(points)),
        tuple(mean_curve(browses)),
        _fitted(points),
    )


def _fitted(points: Sequence[Mean]) -> Fit | None:
    if len(points) < 3:
        return None
    nats = [kl_bound(n) for n in range(1, len(points) + 1)]
    return fit(nats, [point.mean - points[0].mean for point in points], "best-of-n")


def _abstention(pools: Sequence[Pool], keys: Mapping[str, float]) -> list[Point]:
    """Return the points of answering the best of all samples, or not."""
    best = [_best(pool, keys) for pool in pools]
    judged = [Judged(keys[one.id], one.right) for one in best if one.answered]
    return coverage_curve(judged, len(best) - len(judged)) if best else []


def _best(pool: Pool, keys: Mapping[str, float]) -> Sample:
    samples = [one for same in pool for one in same]
    return samples[pick([keys[one.id] for one in samples])]


def _tokens(samples: Sequence[Sample], config: SampleConfig) -> Iterable[float]:
    """Yield the mean tokens of n answers drawn among all, as the curves draw them.

    They are of the more browses, the more are drawn: of as many as n of them touch on average.
    """
    whole = [sample.cost.tokens for sample in samples if not sample.parent]
    again = [sample.cost.tokens for sample in samples if sample.parent]
    first, more = (sum(tokens) / len(tokens) if tokens else 0.0 for tokens in (whole, again))
    total = config.browses * config.answers
    for n in range(1, total + 1):
        missed = math.comb(total - config.answers, n) / math.comb(total, n)
        browses = config.browses * (1 - missed)
        yield browses * first + (n - browses) * more
