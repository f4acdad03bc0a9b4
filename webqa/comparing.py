"""Two or more runs over the same questions: by how much their measures differ on each of them.

Reads what `webqa eval` measured and pairs it by question; several attempts at one are its mean.
Knows no metric, so not whether more is better, and no terminal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path

import msgspec
import numpy as np

from env.errors import ConfigError, RecordError
from env.jsonl import read
from policies.checkpoints import flat
from reward.statistics import Interval, win_rate
from webqa.measured import MEASURES, read_measures, read_measuring, run_names
from webqa.names import unknown
from webqa.resampling import RESAMPLING, ResamplingConfig, bootstrap_mean, check, permutation_test
from webqa.run import EPISODES, read_config

QUESTIONS = "questions"
"""The setting that names the file of questions."""
ALL = "all"
"""Stands for all data sets together."""


@dataclass(frozen=True, slots=True)
class RunMeasures:
    """What was measured of a run, by question."""

    name: str
    folder: Path
    settings: dict[str, object]
    """How it was made and measured, as one level with dots in the names."""
    datasets: dict[str, str]
    """Of each question that was asked."""
    values: dict[str, dict[str, float]]
    """Of each metric, by question: the mean over its attempts."""


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much a run's measure is above the one of the run it is compared with."""

    metric: str
    dataset: str
    base: float
    """Mean over questions, of the run that is compared with."""
    other: float
    difference: Interval
    """Of `other - base`: the bootstrap's over questions; its count is that of the questions."""
    p: float
    """How often a difference as large comes by chance, by the permutation test of
    paired questions."""
    win_rate: Interval
    """Share of questions where the measure is higher, with as many as half."""
    higher: int
    """Questions where the other run's measure is higher."""
    lower: int
    same: int
    left_out: int
    """Questions to which the metric does not apply in one of the runs, or in both."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A run beside the one it is compared with."""

    base: str
    other: str
    questions: int
    """That both answered."""
    differences: tuple[Difference, ...]
    settings: dict[str, tuple[object, object]]
    """What differs in how the two were made, without the questions' file."""
    only: dict[str, tuple[str, ...]]
    """Metrics that were measured in one of them alone, by run."""


def read_run(folder: Path, name: str = "") -> RunMeasures:
    """Read what was measured of a run.

    Raises:
        ConfigError: it is no run folder, or nothing was measured in it.
        RecordError: a line is no measure, or one of a question of two data sets.
    """
    settings = _settings(folder)
    sums: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    datasets: dict[str, str] = {}
    for one in read_measures(folder):
        if datasets.setdefault(one.question, one.dataset) != one.dataset:
            raise RecordError(f"the question {one.question!r} of {folder} is of two data sets")
        for metric, value in one.values.items():
            sums[metric][one.question].append(value)
    if not datasets:
        raise ConfigError(f"{folder} has no measure in {MEASURES}: give a run of `webqa eval`")
    means = {
        metric: {question: fsum(values) / len(values) for question, values in found.items()}
        for metric, found in sums.items()
    }
    named = name or folder.resolve().name
    return RunMeasures(named, folder, settings, datasets, means)


def _settings(folder: Path) -> dict[str, object]:
    made = msgspec.to_builtins(read_config(folder).settings)
    return dict(flat({"measured": read_measuring(folder)} | made))


def compare(
    folders: Sequence[Path],
    metrics: Sequence[str] = (),
    *,
    common: bool = False,
    config: ResamplingConfig = RESAMPLING,
) -> list[Compared]:
    """Compare each run with the first one.

    Args:
        folders: two run folders or more, in which `webqa eval` has measured.
        metrics: which ones; none: all that both runs have.
        common: take only the questions that all runs answered, where these differ.
        config: how often is drawn again, and the seed.

    Raises:
        ConfigError: fewer than two runs, a folder given twice, runs over different questions, or
            a metric that none of them has.
        RecordError: a line is no measure.
    """
    check(config)
    if len({folder.resolve() for folder in folders}) < max(2, len(folders)):
        raise ConfigError("two run folders or more are needed, each once: webqa compare RUN RUN...")
    runs = list(map(read_run, folders, run_names(folders)))
    questions = _questions(runs, common)
    known = list(dict.fromkeys(metric for run in runs for metric in run.values))
    for metric in metrics:
        if metric not in known:
            raise ConfigError(unknown("metric", metric, known))
    base, *others = runs
    wanted = list(dict.fromkeys(metrics)) or known
    return [_beside(base, other, questions, wanted, config) for other in others]


def _beside(
    base: RunMeasures,
    other: RunMeasures,
    questions: Sequence[str],
    metrics: Sequence[str],
    config: ResamplingConfig,
) -> Compared:
    sets: dict[str, list[str]] = defaultdict(list)
    for question in questions:
        sets[base.datasets[question]].append(question)
    parts = dict(sorted(sets.items()))
    if len(parts) > 1:
        parts[ALL] = list(questions)
    found = (
        _difference(metric, dataset, asked, base.values[metric], other.values[metric], config)
        for metric in metrics
        if metric in base.values and metric in other.values
        for dataset, asked in parts.items()
    )
    only = {
        run.name: tuple(metric for metric in metrics if metric in lone)
        for run, lone in (
            (base, base.values.keys() - other.values),
            (other, other.values.keys() - base.values),
        )
    }
    return Compared(
        base.name,
        other.name,
        len(questions),
        tuple(one for one in found if one),
        _differing(base.settings, other.settings),
        {name: names for name, names in only.items() if names},
    )


def _difference(
    metric: str,
    dataset: str,
    questions: Collection[str],
    base: Mapping[str, float],
    other: Mapping[str, float],
    config: ResamplingConfig,
) -> Difference | None:
    """Return the difference over the questions to which the metric applies in both runs."""
    both = [question for question in questions if question in base and question in other]
    if not both:
        return None
    pairs = np.array([(base[question], other[question]) for question in both])
    apart = pairs[:, 1] - pairs[:, 0]
    # Means of equal values over other numbers of attempts may differ in the last digit.
    apart[np.isclose(pairs[:, 0], pairs[:, 1], rtol=1e-12, atol=1e-12)] = 0
    mean = float(apart.mean())
    low, high = bootstrap_mean(apart, config)
    means = pairs.mean(0)
    return Difference(
        metric,
        dataset,
        float(means[0]),
        float(means[1]),
        Interval(mean, min(low, mean), max(high, mean), len(both)),
        permutation_test(apart, config),
        win_rate(apart.tolist()),
        int((apart > 0).sum()),
        int((apart < 0).sum()),
        int((apart == 0).sum()),
        len(questions) - len(both),
    )


def _questions(runs: Sequence[RunMeasures], common: bool) -> list[str]:
    """Return the questions that are compared, in an order that does not depend on the runs'.

    Raises:
        ConfigError: the runs are over different questions.
    """
    base = runs[0]
    shared = set(base.datasets).intersection(*(run.datasets for run in runs))
    if not shared:
        raise ConfigError("the runs have no question in common: compare runs of one question set")
    for run in runs:
        for one, other in ((run, base), (base, run)):
            lacking = sorted(other.datasets.keys() - one.datasets.keys())
            if lacking and not common:
                raise ConfigError(
                    f"{one.name} lacks {len(lacking):,} of the {len(other.datasets):,} questions "
                    f"of {other.name}, such as {lacking[0]!r}: finish it with `webqa eval`, or "
                    "compare what they have in common with --common"
                )
        _check_texts(base, run, shared)
    return sorted(shared)


def _check_texts(base: RunMeasures, run: RunMeasures, shared: Collection[str]) -> None:
    """Refuse runs of different files in which one id stands for two questions.

    Raises:
        ConfigError: that is so.
    """
    if run.settings[QUESTIONS] == base.settings[QUESTIONS]:
        return
    texts = dict(_texts(base.folder))
    for question, text in _texts(run.folder):
        if question in shared and texts.get(question, text) != text:
            raise ConfigError(
                f"the id {question!r} stands for two questions in {base.name} and {run.name}: "
                "compare runs of one question set"
            )


@dataclass(frozen=True, slots=True)
class _Asked:
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class _Head:
    """The few fields of an episode that tell its question."""

    question: _Asked


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    path = folder / EPISODES
    for one in read(path, _Head) if path.exists() else ():
        yield one.question.id, one.question.text


def _differing(
    base: Mapping[str, object], other: Mapping[str, object]
) -> dict[str, tuple[object, object]]:
    """Return the settings that differ, with both values."""
    return {
        name: (base.get(name), other.get(name))
        for name in dict.fromkeys([*base, *other])
        if name != QUESTIONS and base.get(name) != other.get(name)
    }
