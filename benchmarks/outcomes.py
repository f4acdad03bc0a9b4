"""What came of the pipeline's stages, read from their folders: scores, curves, tables, answers.

Two scores are told side by side: the learnt one, which was optimised, and the gold one, which knows
the accepted answers and is what the simulated rater judged by. Both are in log-odds of being
preferred by it, so that one frame can show how they part. Runs no stage.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from benchmarks.curves import told
from env.citations import cited_numbers
from env.errors import Error
from env.jsonl import read
from env.records import Answer, Episode, Question
from policies.checkpoints import read_metrics
from reward.best_of_n import Mean, best_of_n, fit, kl_bound, mean_over
from reward.rater import GoldScorer, RaterConfig
from reward.sampling import SampleConfig
from webqa.best_of import SCORES, EpisodeScore, Sample, read_samples
from webqa.choosing import NO_ANSWER
from webqa.curves import pools_of
from webqa.drawing import Curve, Point
from webqa.report import Table

GOLD = "gold"
LOG_ODDS = 1 / RaterConfig().temperature
"""Log-odds of a gold score of one."""
UNANSWERED = -1.0
"""Learnt score of an episode without an answer, as in training."""
BINS = 8
"""Points of a training's curve, besides the first."""
STILL = 1e-3
"""Nats of divergence, at most, of a policy that has learnt nothing yet."""
FAR = 10
"""Times the divergence that was reached, from which on a fitted curve says nothing."""
LONGEST = 600
"""Characters of an answer that are shown."""


class Scored(NamedTuple):
    """What the answers to each question score, by its id."""

    learnt: dict[str, list[float]]
    gold: dict[str, list[float]]
    chosen_by: dict[str, list[float]]
    """The learnt score, below all others where there is no answer."""


def scored(run: Path, config: SampleConfig, scorer: str) -> Scored:
    """Read a run of `webqa best-of`: its learnt and its gold scores.

    Raises:
        Error: a score is missing.
    """
    samples = read_samples(run)
    values: dict[tuple[str, str], float] = {
        (line.scorer, line.episode): line.value for line in read(run / SCORES, EpisodeScore)
    }

    def of(name: str, sample: Sample) -> float:
        try:
            return values[name, sample.id]
        except KeyError:
            raise Error(f"{run} has no score by {name} of {sample.id}: run it again") from None

    found = Scored({}, {}, {})
    for pool in pools_of(samples, config):
        whole = [sample for browse in pool for sample in browse]
        question = whole[0].question
        learnt = [of(scorer, one) if one.answered else UNANSWERED for one in whole]
        found.learnt[question] = learnt
        found.gold[question] = [of(GOLD, one) * LOG_ODDS for one in whole]
        found.chosen_by[question] = [
            value if one.answered else NO_ANSWER for value, one in zip(learnt, whole, strict=True)
        ]
    return found


class Gains(NamedTuple):
    """What the best of n is worth more than one answer, for n = 1 ... N."""

    learnt: list[Mean]
    gold: list[Mean]


def gains_of_best(found: Scored) -> Gains:
    """Return the gains, chosen by the learnt score; the interval is of the gain itself."""
    return Gains(_gains(found, found.learnt), _gains(found, found.gold))


def _gains(found: Scored, values: Mapping[str, Sequence[float]]) -> list[Mean]:
    curves = [best_of_n(values[question], found.chosen_by[question]) for question in values]
    size = min(map(len, curves))
    return [mean_over([curve[n] - curve[0] for curve in curves]) for n in range(size)]


def curve_of(label: str, gains: Sequence[Mean], *, by_divergence: bool) -> Curve:
    """Return gains as a curve, over n or over the root of the divergence."""
    return Curve(
        label,
        tuple(
            Point(sqrt(kl_bound(n)) if by_divergence else n, one.mean, one.low, one.high)
            for n, one in enumerate(gains, start=1)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """What is needed of an episode that was kept to be read."""

    score: float
    episode: Episode


class Training(NamedTuple):
    """How scores went while a policy was trained, update by update put together."""

    divergence: list[float]
    """Nats of a whole episode."""
    learnt: list[Mean]
    gold: list[Mean]


def path_of(folder: Path, questions: Sequence[Question], bins: int = BINS) -> Training:
    """Read the episodes of a training that were kept, and their divergence.

    Raises:
        Error: it kept none.
    """
    divergence = {
        int(line["step"]): float(line["kl/episode"])
        for line in read_metrics(folder)
        if "kl/episode" in line
    }
    gold = GoldScorer(questions)
    found = Training([], [], [])
    for updates in _bins(divergence, bins):
        rows = [
            row
            for update in updates
            for row in read(folder / "read" / f"update-{update:05}.jsonl", _Row)
        ]
        found.divergence.append(fmean(divergence[update] for update in updates))
        found.learnt.append(_mean(rows, [row.score for row in rows]))
        found.gold.append(_mean(rows, [value * LOG_ODDS for value in _gold(gold, rows)]))
    if not found.divergence:
        raise Error(f"{folder} holds no update to draw: train again with --read above 0")
    # A training may come back nearer to the cloned policy; the curve is one over divergence.
    order = sorted(range(len(found.divergence)), key=lambda at: found.divergence[at])
    return Training(
        [found.divergence[at] for at in order],
        [found.learnt[at] for at in order],
        [found.gold[at] for at in order],
    )


def _gold(scorer: GoldScorer, rows: Sequence[_Row]) -> list[float]:
    answers = [row.episode.answer or Answer(row.episode.question.text, "") for row in rows]
    return [score.value for score in asyncio.run(scorer.score(answers))]


def _mean(rows: Sequence[_Row], values: Sequence[float]) -> Mean:
    """Return the mean over questions of what their episodes score."""
    found: dict[str, list[float]] = defaultdict(list)
    for row, value in zip(rows, values, strict=True):
        found[row.episode.question.id].append(value)
    return mean_over([fmean(some) for some in found.values()])


def _bins(divergence: Mapping[int, float], bins: int) -> list[list[int]]:
    """Return updates put together: first those before anything was learnt, then even parts."""
    still = [update for update, nats in divergence.items() if abs(nats) < STILL]
    rest = [update for update in divergence if update not in still]
    size = max(1, -(-len(rest) // bins))
    parts = [rest[start : start + size] for start in range(0, len(rest), size)]
    return [part for part in (still, *parts) if part]


def curves_of(name: str, path: Training) -> list[Curve]:
    """Return both scores of a training as gains over its first point."""
    return [
        Curve(
            f"{name}, {label}",
            tuple(
                Point(sqrt(max(0.0, nats)), *_gained(mean, means[0] if number else None))
                for number, (nats, mean) in enumerate(zip(path.divergence, means, strict=True))
            ),
        )
        for label, means in (("learnt", path.learnt), ("gold", path.gold))
    ]


def _gained(mean: Mean, first: Mean | None) -> tuple[float, float, float]:
    """Return a gain with its interval: both means are of samples, and of other questions."""
    if first is None:
        return 0.0, 0.0, 0.0
    gain, half = mean.mean - first.mean, hypot(mean.high - mean.mean, first.high - first.mean)
    return gain, gain - half, gain + half


def fits(gains: Gains, paths: Mapping[str, Training]) -> Table:
    """Return the fitted curves of over-optimisation (Gao et al. 2022)."""
    rows = []
    nats = [kl_bound(n) for n in range(1, len(gains.gold) + 1)]
    for label, means in zip(gains._fields, gains, strict=True):
        rows.append(_fitted(f"best-of-n, {label}", nats, [one.mean for one in means], "best-of-n"))
    for name, path in paths.items():
        for label, means in (("learnt", path.learnt), ("gold", path.gold)):
            values = [one.mean - means[0].mean for one in means]
            rows.append(_fitted(f"{name}, {label}", path.divergence, values, "rl"))
    return Table(
        "Over-optimisation",
        "Gains fitted by d (alpha - beta d) for best-of-n and d (alpha - beta log d) for training, "
        "d the root of the divergence; where the fitted gain is highest, in nats.",
        [("curve", "alpha", "beta", "highest at", "error"), *rows],
    )


def _fitted(
    name: str, nats: Sequence[float], values: Sequence[float], form: str
) -> tuple[str, ...]:
    try:
        found = fit(nats, values, "rl" if form == "rl" else "best-of-n")
    except Error:
        return name, "too few points", "", "", ""
    far = found.peak is not None and found.peak > FAR * max(nats)
    peak = "never" if found.peak is None else "far beyond" if far else f"{found.peak:.3g}"
    return name, f"{found.alpha:.3f}", f"{found.beta:.3f}", peak, f"{found.error:.3f}"


def parts_table(runs: Mapping[str, Path]) -> Table:
    """Return the mean parts of the gold score and the shape of the answers of each policy."""
    names: list[str] = []
    rows = []
    for name, run in runs.items():
        lines = [one for one in read(run / SCORES, EpisodeScore) if one.scorer == GOLD]
        names = names or sorted(lines[0].parts)
        samples = [one for one in read_samples(run) if one.answered]
        rows.append((name, *_shares(lines, names), *_shape(samples)))
    return Table(
        "What the gold score is made of",
        "Means over the held-out answers; every part is from 0 to 1.",
        [("policy", *names, "characters", "quotes taken", "quotes cited"), *rows],
    )


def _shares(lines: Sequence[EpisodeScore], names: Iterable[str]) -> list[str]:
    return [f"{fmean(one.parts[name] for one in lines):.3f}" for name in names]


def _shape(samples: Sequence[Sample]) -> list[str]:
    if not samples:
        return ["", "", ""]
    answers = [one.answer for one in samples]
    return [
        f"{fmean(len(one.text) for one in answers):.0f}",
        f"{fmean(len(one.quotes) for one in answers):.2f}",
        f"{fmean(len(set(cited_numbers(one.text))) for one in answers):.2f}",
    ]


def answers_to_read(
    runs: Mapping[str, Path], scorer: str, questions: Sequence[Question], count: int = 8
) -> Table:
    """Return one answer of each policy to the first questions, with both its scores."""
    wanted = {one.id: one.text for one in questions[:count]}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name, run in runs.items():
        values = {
            (line.scorer, line.episode): line.value for line in read(run / SCORES, EpisodeScore)
        }
        told_of = set()
        for one in read_samples(run):
            if one.question in wanted and one.question not in told_of:
                told_of.add(one.question)
                scores = (
                    f"(learnt {values[scorer, one.id]:.2f}, gold "
                    f"{values[GOLD, one.id] * LOG_ODDS:.2f})"
                )
                found[one.question][name] = f"{_cut(one.answer.text)} {scores}"
    return Table(
        "Answers to read",
        "Of the first held-out questions, one answer of each policy.",
        [
            ("question", *runs),
            *((wanted[one], *(said.get(name, "") for name in runs)) for one, said in found.items()),
        ],
        words=True,
    )


def _cut(text: str) -> str:
    text = " ".join(text.split()) or "(no answer)"
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."


def verdict(name: str, found: Mean, wanted: str) -> tuple[str, str, str, str]:
    """Return a row: what was measured, how many questions, its interval, what was asked."""
    return name, str(found.questions), told(found), wanted
