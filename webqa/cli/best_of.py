"""`webqa best-of`: several answers to each question, scored, and what choosing the best gives."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from cyclopts import Parameter

from env.config import DEFAULT
from env.errors import ConfigError, Error
from env.records import Question
from policies.base import MakePolicy, Setup
from policies.checkpoints import write_whole
from reward.abstention import threshold_for
from reward.rater import GoldScorer
from reward.sampling import SampleConfig
from reward.sampling import check as check_samples
from webqa.best_of import read_samples, sample_into, score_into
from webqa.best_of_report import render, told
from webqa.choosing import for_sampling
from webqa.cli.counting import Counting
from webqa.cli.exits import Exit
from webqa.cli.flags import (
    LOCAL,
    NO_LIMITS,
    NO_MODEL,
    SERVER,
    BrowserFlags,
    LimitFlags,
    LocalFlags,
    ModelFlags,
    Preset,
    ServerFlags,
    check,
)
from webqa.cli.loop import Loop
from webqa.cli.opening import ModelSettings, opened_policy, opened_web
from webqa.cli.terminal import one_line
from webqa.curves import ANSWERED, Selection, select
from webqa.folders import expanded
from webqa.questions import named_by_content, read_questions
from webqa.run import Run, Settings, setup_of
from webqa.scoring import open_scorer
from webqa.webs import OFFLINE, services_of

if TYPE_CHECKING:
    from reward.scorers import Scorer

FIGURES = "best_of.json"
REPORT = "report.html"
GOLD = "gold"
BELIEVED = 20
"""Answers from which on a threshold of abstention is believed."""
EVERY = 20
"""Browses or questions between two lines of progress where there is no terminal."""


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """What the answers are scored by."""

    scorer: str = "rules"
    """Chooses: a reward model's folder, rules, a rule, or weighted sums of them."""
    held_out: tuple[str, ...] = field(default_factory=tuple)
    """Scorers that measure what is chosen, and do not choose. Where accepted answers are known,
    the gold score and the share of right answers are measured in any case."""
    accuracy: float = 0.8
    """Share of right answers among those given that the threshold of abstention is to reach."""


def best_of(
    *,
    questions: Path,
    web: str,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    policy: str = "extractive",
    samples: Annotated[SampleConfig, Parameter(name="*")] = SampleConfig(),  # noqa: B008 - frozen
    scoring: Annotated[ScoreConfig, Parameter(name="*", negative=())] = ScoreConfig(),
    concurrency: int = 8,
    preset: Preset = "default",
    browser: BrowserFlags = DEFAULT,
    limits: LimitFlags = NO_LIMITS,
    model: ModelFlags = NO_MODEL,
    engine: LocalFlags = LOCAL,
    server: ServerFlags = SERVER,
) -> int:
    """Sample several answers to each question and see what the best of n is worth.

    All episodes are recorded, with their scores. A run that was stopped goes on where it was when
    the same command is given again; with another scorer, what is there is scored once more, and
    with more browses, only these are made.

    Args:
        questions: JSON lines with `question`, and `accepted` where right answers are known.
        web: Where to look: sample, a folder made by `webqa index`, or a FILE.cassette.
        out: The run folder to make, or to go on with.
        policy: Who browses and answers, if no --model is given: extractive.
        samples: How many answers are sampled.
        scoring: What they are scored by.
        concurrency: Browses that are under way at the same time.
        preset: Values of the browser's flags that are not given; small is for tiny models.
        browser: Settings of the text browser.
        limits: What one episode may cost.
        model: A language model that browses and answers; with temperature 0.8 where none is given.
        engine: How a model on this machine is run.
        server: How a server is asked.
    """
    check(browser, limits)
    _check(web, samples, concurrency, scoring.accuracy)
    scorers = {name: open_scorer(name) for name in (scoring.scorer, *scoring.held_out)}
    file, model = expanded(questions), for_sampling(model)
    asked = read_questions(file)
    with (
        Loop() as loop,
        opened_web(web, browser, OFFLINE, loop) as (opened, _),
        opened_policy(policy, opened, ModelSettings(model, engine, server), loop) as made,
    ):
        own, source = made.settings | {"answers": samples.answers}, named_by_content(file)
        settings = Settings(source, made.name, opened.identity, browser, limits, model.seed, own)
        setup = setup_of(opened, settings)
        job = _Job(expanded(out), asked, made.make, setup, samples, concurrency, model.seed)
        try:
            with Run(job.out, settings, web_name=web) as run:
                found, scores = loop.complete(_played(job, run, scoring.scorer, scorers))
        except KeyboardInterrupt:
            print("\nwebqa: stopped; the same command goes on from here", file=sys.stderr)
            return Exit.INTERRUPTED
    _write(job, found, scores, settings)
    print(_summary(found, job.out, ["--web", web, *_asked(model.model)], scoring))
    return Exit.DONE


def _check(web: str, samples: SampleConfig, concurrency: int, accuracy: float) -> None:
    check_samples(samples)
    if not 0 < accuracy <= 1:
        raise ConfigError(f"--accuracy must be above 0 and at most 1, not {accuracy}")
    if concurrency < 1:
        raise ConfigError(f"--concurrency must be at least 1, not {concurrency}")
    if services_of(web):
        raise ConfigError(f"--web {web} is on the net: sample from a folder or a cassette")


class _Job(NamedTuple):
    """What is to be sampled."""

    out: Path
    questions: list[Question]
    make_policy: MakePolicy
    setup: Setup
    samples: SampleConfig
    concurrency: int
    seed: int


async def _played(
    job: _Job, run: Run, chooser: str, scorers: Mapping[str, Scorer]
) -> tuple[Selection, dict[str, float]]:
    """Sample and score what is not there yet; return the figures, and the scores that choose.

    Raises:
        Error: every episode failed, or a scorer is broken.
    """
    await sample_into(
        run,
        job.make_policy,
        job.questions,
        job.setup,
        job.samples,
        seed=job.seed,
        concurrency=job.concurrency,
        watch=Counting("browses", EVERY),
    )
    samples = read_samples(job.out)
    if all(sample.ended == "failed" for sample in samples):
        raise Error(f"every episode failed, the first with: {samples[0].error}")
    scores = {
        name: await score_into(
            job.out, samples, scorer, name, Counting(f"questions scored by {name}", EVERY)
        )
        for name, scorer in scorers.items()
    }
    keyed = frozenset(one.id for one in job.questions if one.accepted)
    known = keyed | {one.id for one in job.questions if one.unanswerable}
    if keyed:
        gold = GoldScorer(job.questions)
        judged = [sample for sample in samples if sample.question in keyed]
        scores[GOLD] = await score_into(job.out, judged, gold, GOLD)
    return select(samples, job.samples, chooser, scores, known), scores[chooser]


def _write(job: _Job, found: Selection, scores: Mapping[str, float], settings: Settings) -> None:
    figures = msgspec.json.format(msgspec.json.encode(found), indent=1).decode()
    write_whole(job.out / FIGURES, figures + "\n")
    texts = {one.id: one.text for one in job.questions}
    title = f"Best of {len(found.kl)}: {job.out.resolve().name}"
    told = {"scorer": found.scorer} | msgspec.to_builtins(settings)
    page = render(title, found, read_samples(job.out), scores, told, texts)
    write_whole(job.out / REPORT, page)


def _asked(model: str) -> list[str]:
    return ["--model", model] if model else []


def _summary(found: Selection, out: Path, asked: Sequence[str], scoring: ScoreConfig) -> str:
    """Return what was found, where it is, and what can be done with it."""
    total, lines = len(found.kl), []
    for curve in found.curves:
        if curve.name != ANSWERED:
            one, best = curve.points[0].mean, curve.points[-1].mean
            lines.append(
                f"{curve.name}: {one:.3f} for one answer, {best:.3f} for the best of {total}; "
                f"gain {told(curve.gain)}"
            )
    point = threshold_for(found.abstention, scoring.accuracy, BELIEVED)
    if found.abstention and not point:
        lines.append(
            f"No threshold of the score gives {scoring.accuracy:.0%} right answers among at least "
            f"{BELIEVED}: see --accuracy"
        )
    if point:
        lines.append(
            f"Below {point.threshold:.4g} abstain: {point.coverage:.0%} of the questions are then "
            f"answered, {point.accuracy:.0%} of these rightly"
        )
    lines.append(f"Curves: {out / REPORT}")
    words = [
        "webqa",
        "ask",
        *asked,
        "--best-of",
        str(total),
        "--answers",
        str(found.samples.answers),
    ]
    words += ["--scorer", scoring.scorer]
    words += ["--abstain-below", f"{point.threshold:.4g}"] if point else []
    command = one_line(shlex.join([*words, "your question"]), 400)
    return "\n".join([*lines, f"The run is in {out}. Next: {command}"])
