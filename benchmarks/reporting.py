"""The pipeline's report: the paper's curves, what was wanted and found, answers to read.

Reads the folders of the stages; runs none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.curves import difference, of_questions, told
from benchmarks.outcomes import (
    Gains,
    Scored,
    Training,
    answers_to_read,
    curve_of,
    curves_of,
    fits,
    gains_of_best,
    parts_table,
    path_of,
    scored,
)
from policies.checkpoints import read_metrics, write_whole
from reward.best_of_n import Mean
from reward.comparisons import count, read_comparisons
from reward.sampling import SampleConfig
from webqa.drawing import Curve, Figure
from webqa.questions import read_questions
from webqa.report import Table, render_report

TRAINED = ("ppo", "rloo")
BUDGET = 10.0
"""Nats of divergence that an episode of a trained policy may have."""
NOTE = (
    "Scores are log-odds of being preferred by the simulated rater, who judges by the gold score: "
    "an accepted answer in the text and in the quote cited, support, brevity. No person judged "
    "anything here. Intervals are 95 %, clustered by question."
)


class Found(NamedTuple):
    """Where the stages left what they made."""

    folder: Path
    reward: str
    """Folder of the reward model."""
    samples: SampleConfig
    """Of the cloned policy."""
    played: SampleConfig
    """Of the trained ones."""


class _Measured(NamedTuple):
    """All figures."""

    cloned: Scored
    trained: dict[str, Scored]
    gains: Gains
    trainings: dict[str, Training]
    divergence: dict[str, float]
    """Nats of an episode of each trained policy, with the weights that were kept."""


def write_report(found: Found, seconds: Mapping[str, float]) -> Path:
    """Write report.html and outcome.json; return the report's path."""
    measured = _measure(found)
    rows = _rows(measured)
    folder = found.folder
    runs = {name: folder / f"held-out-{name}" for name in ("cloned", *TRAINED)}
    held_out = read_questions(folder / "held_out.jsonl")
    page = render_report(
        "From a cloned policy to the paper's curves",
        [],
        _figures(measured),
        _facts(found, measured),
        {"samples": found.samples, "played": found.played},
        more=[
            Table("Measured", "", [("what", "found", "wanted"), *rows], words=True),
            _means(measured),
            parts_table(runs),
            fits(measured.gains, measured.trainings),
            _times(seconds),
            answers_to_read(runs, found.reward, held_out),
        ],
        note=NOTE,
    )
    write_whole(folder / "report.html", page)
    outcome = {
        "measured": rows,
        "best_of_n": measured.gains._asdict(),
        "trainings": {name: one._asdict() for name, one in measured.trainings.items()},
        "seconds": dict(seconds),
    }
    text = msgspec.json.format(msgspec.json.encode(outcome), indent=1).decode()
    write_whole(folder / "outcome.json", text + "\n")
    return folder / "report.html"


def _measure(found: Found) -> _Measured:
    folder = found.folder
    cloned = scored(folder / "held-out-cloned", found.samples, found.reward)
    practice = read_questions(folder / "practice.jsonl")
    return _Measured(
        cloned,
        {name: scored(folder / f"held-out-{name}", found.played, found.reward) for name in TRAINED},
        gains_of_best(cloned),
        {name: path_of(folder / name, practice) for name in TRAINED},
        {name: _kept(folder / name) for name in TRAINED},
    )


def _kept(folder: Path) -> float:
    """Return the divergence of the weights that a training kept: the last within the budget."""
    nats = [float(line["kl/episode"]) for line in read_metrics(folder) if "kl/episode" in line]
    return next((one for one in reversed(nats) if one <= BUDGET), 0.0)


def _rows(measured: _Measured) -> tuple[tuple[str, ...], ...]:
    best = len(measured.gains.gold)
    gains = [
        (f"best of {best} over one answer, gold", measured.gains.gold[-1], "above 0"),
        (f"best of {best} over one answer, learnt", measured.gains.learnt[-1], ""),
    ]
    for name, one in measured.trained.items():
        learnt = difference(one.learnt, measured.cloned.learnt)
        gold = difference(one.gold, measured.cloned.gold)
        gains.append((f"{name} over cloned, learnt", learnt, "above 0" if name == "ppo" else ""))
        gains.append((f"{name} over cloned, gold", gold, "told"))
    rows = [(name, _said(gain), wanted) for name, gain, wanted in gains]
    rows += [
        (f"{name}, nats of divergence of an episode", f"{nats:.2f}", f"at most {BUDGET:g}")
        for name, nats in measured.divergence.items()
    ]
    return tuple(rows)


def _said(gain: Mean) -> str:
    sure = "above 0" if gain.low > 0 else "below 0" if gain.high < 0 else "not told from 0"
    return f"{told(gain)}, {sure}, {gain.questions} questions"


def _means(measured: _Measured) -> Table:
    policies = {"cloned": measured.cloned, **measured.trained}
    return Table(
        "Policies on held-out questions",
        "Means of one answer. Without an answer the learnt score is -1, as in training.",
        [
            ("policy", "learnt", "gold"),
            *(
                (name, told(of_questions(one.learnt)), told(of_questions(one.gold)))
                for name, one in policies.items()
            ),
        ],
    )


def _facts(found: Found, measured: _Measured) -> dict[str, str]:
    comparisons = Path(found.reward).parent / "comparisons.jsonl"
    counts = count(read_comparisons(comparisons))
    best, gains = len(measured.gains.gold), measured.gains.gold
    facts = {
        "Held-out questions": f"{len(measured.cloned.gold):,}",
        "Simulated comparisons": f"{counts.comparisons:,}, ties {counts.ties:,}",
        f"Gold, best of {best} over one": f"{gains[-1].mean:+.2f}",
    }
    for name, one in measured.trained.items():
        learnt = difference(one.learnt, measured.cloned.learnt)
        gold = difference(one.gold, measured.cloned.gold)
        facts[f"{name} over cloned"] = f"learnt {learnt.mean:+.2f}, gold {gold.mean:+.2f}"
    return facts


def _figures(measured: _Measured) -> list[Figure]:
    gains, best = measured.gains, len(measured.gains.gold)
    doubled = tuple(float(2**power) for power in range(best.bit_length()))
    of_n = [
        curve_of(name, means, by_divergence=False)
        for name, means in zip(("learnt", "gold"), gains, strict=True)
    ]
    trained: list[Curve] = [
        curve for name, path in measured.trainings.items() for curve in curves_of(name, path)
    ]
    by_root = [
        curve_of(f"best of n, {name}", means, by_divergence=True)
        for name, means in zip(("learnt", "gold"), gains, strict=True)
    ]
    return [
        Figure(
            "Best of n",
            "Gain over one answer of the cloned policy, chosen by the learnt score.",
            "n",
            tuple(of_n),
            doubled,
            logarithmic=True,
        ),
        Figure(
            "Training",
            "Gain over the cloned policy on training questions, some updates to a point. "
            "Where gold falls behind learnt, the reward model is over-optimised.",
            "root of the divergence from the cloned policy, of an episode, in nats",
            tuple(trained),
        ),
        Figure(
            "Best of n and training",
            "The same on one scale; the divergence of the best of n is the most it can be.",
            "root of the divergence",
            (*by_root, *trained),
        ),
    ]


def _times(seconds: Mapping[str, float]) -> Table:
    rows = [(name, f"{taken:,.0f}") for name, taken in seconds.items()]
    return Table(
        "Stages",
        "Seconds; two ran side by side where they could.",
        [("stage", "seconds"), *rows, ("sum", f"{sum(seconds.values()):,.0f}")],
    )
