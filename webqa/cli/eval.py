"""`webqa eval`: runs a policy on a question set and says how good it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from env.config import DEFAULT
from env.errors import ConfigError
from policies.base import Setup
from policies.checkpoints import write_whole
from webqa.cli.counting import Pace
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
from webqa.cli.opening import ModelSettings, OpenedPolicy, opened_policy, opened_web
from webqa.cli.terminal import counted
from webqa.evaluating import (
    NOBODY,
    RULES,
    Means,
    Task,
    Tested,
    Work,
    agree_on_measuring,
    evaluate,
    evaluate_apart,
    means_without_model,
    measure,
    needs_no_model,
    record,
    remaining,
    unmeasured,
)
from webqa.folders import expanded
from webqa.metrics.measures import MeasureConfig
from webqa.run import Run, Settings, setup_of
from webqa.scoring import models_of
from webqa.settling import settle
from webqa.shards import EvalConfig, note_whole, part_of_shard
from webqa.webs import OFFLINE, services_of

if TYPE_CHECKING:
    from webqa.metrics.summary import Part
    from webqa.sets.opening import Questions

REPORT = "report.html"
FIGURES = "evaluation.json"
RUBRIC = "rubric:"


@dataclass(frozen=True, slots=True)
class HowRun:
    """How episodes are run and measured. None of it changes what a policy does."""

    jobs: int = 0
    """Processes, for a policy without a model; 0: as many as there are cores."""
    concurrency: int = 8
    """Episodes side by side, for a language model."""
    judge: str = RULES
    """Who judges whether quotes support what cites them: rules, none, an entailment model (a
    folder or its name on the hub), or a language model: behind a server rubric:NAME@URL, here
    rubric:FOLDER. That judges the truth of answers, too, where true and false ones are known."""
    confidence: str = ""
    """A scorer that says how sure an answer is (as --scorer elsewhere): coverage against accuracy,
    calibration error and Brier score are then measured."""


def eval(
    *,
    questions: str,
    web: str,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    policy: str = "extractive",
    which: Annotated[EvalConfig, Parameter(name="*")] = EvalConfig(),  # noqa: B008 - frozen
    how: Annotated[HowRun, Parameter(name="*")] = HowRun(),
    preset: Preset = "default",
    browser: BrowserFlags = DEFAULT,
    limits: LimitFlags = NO_LIMITS,
    model: ModelFlags = NO_MODEL,
    engine: LocalFlags = LOCAL,
    server: ServerFlags = SERVER,
) -> int:
    """Run a policy on a question set, and say how good it is, with intervals, and what it cost.

    A run that was stopped goes on where it was when the same command is given again, and ends as
    if it had not been stopped. Failed episodes count as wrong, and are listed.

    Args:
        questions: A file of questions in any published form (see `webqa questions`), sample, or
            hub:OWNER/NAME.
        web: Where to look: sample, a folder made by `webqa index`, or a FILE.cassette.
        out: The run folder to make, or to go on with.
        policy: Who browses and answers, if no --model is given: extractive.
        which: Which episodes are run.
        how: How they are run and measured.
        preset: Values of the browser's flags that are not given; small is for tiny models.
        browser: Settings of the text browser.
        limits: What one episode may cost.
        model: A language model that browses and answers.
        engine: How a model on this machine is run.
        server: How a server is asked.
    """
    from webqa.sets.opening import open_questions

    check(browser, limits)
    _check(web, which, how)
    asked = open_questions(questions)
    with (
        Loop() as loop,
        opened_web(web, browser, OFFLINE, loop) as (opened, _),
        opened_policy(policy, opened, ModelSettings(model, engine, server), loop) as made,
    ):
        seed, rouge = model.seed, MeasureConfig(rouge=_has_rouge(asked))
        settings = Settings(
            asked.name, made.name, opened.identity, browser, limits, seed, made.settings
        )
        setup = setup_of(opened, settings)
        named = (setup.run, setup.configuration)
        work = Work(web, policy, browser, limits, *named, seed, how.judge, how.confidence, rouge)
        try:
            with Run(expanded(out), settings, web_name=web) as run:
                _run(_Job(asked, which, how, setup, work, made), run, loop)
                note_whole(run.folder, which)
        except KeyboardInterrupt:
            print("\nwebqa: stopped; the same command goes on from here", file=sys.stderr)
            return Exit.INTERRUPTED
    return finish(expanded(out), shard=part_of_shard(which.shard)[1] > 1)


@dataclass(frozen=True, slots=True)
class _Job:
    questions: Questions
    which: EvalConfig
    how: HowRun
    setup: Setup
    work: Work
    made: OpenedPolicy


def _has_rouge(asked: Questions) -> bool:
    """Tell whether answers are compared with people's; say so where they cannot be."""
    if not asked.figures.written:
        return False
    if found := find_spec("rouge_score") is not None:
        return found
    print(
        "Note: ROUGE-L is left out: pip install -c constraints.txt -e '.[eval]' brings it",
        file=sys.stderr,
    )
    return False


def _check(web: str, which: EvalConfig, how: HowRun) -> None:
    part_of_shard(which.shard)
    for name, least, value in (
        ("attempts", 1, which.attempts),
        ("limit", 0, which.limit),
        ("jobs", 0, how.jobs),
        ("concurrency", 1, how.concurrency),
    ):
        if value < least:
            raise ConfigError(f"--{name} must be at least {least}, not {value}")
    if services_of(web):
        raise ConfigError(f"--web {web} is on the net: evaluate on a folder or a cassette")


def _run(job: _Job, run: Run, loop: Loop) -> None:
    """Run and measure what is not there yet."""
    with _opened_means(job, loop) as means:
        _run_with(job, run, loop, means)


def _run_with(job: _Job, run: Run, loop: Loop, means: Means) -> None:
    judge = means.judge.name if means.judge else NOBODY
    asker = means.asker.name if means.asker else NOBODY
    sureness = job.how.confidence
    told = {"judge": judge, "asker": asker, "confidence": sureness, "config": means.config}
    if sureness and (models := models_of(sureness)):
        told["models"] = models
    agree_on_measuring(run.folder, told)
    settle(run.folder, run.finished)
    for rollout in unmeasured(run.folder):
        record(run, loop.complete(measure(rollout, means)))
    left = remaining(job.questions, job.which, job.setup.run, run.finished)
    tasks = sum(1 for _ in remaining(job.questions, job.which, job.setup.run, run.finished))
    if done := len(run.finished):
        print(f"{counted(done, 'episode')} recorded already", file=sys.stderr)
    pace = Pace("episodes", tasks)

    def keep(tested: Tested) -> None:
        record(run, tested)
        pace.one()

    if job.made.model is None and needs_no_model(job.how.judge, job.how.confidence):
        for tested in evaluate_apart(left, job.work, job.how.jobs or len(os.sched_getaffinity(0))):
            keep(tested)
    else:
        loop.complete(_side_by_side(job, means, left, keep))


@contextmanager
def _opened_means(job: _Job, loop: Loop) -> Iterator[Means]:
    """Open what episodes are measured with, and close it in the end."""
    from policies.asking import make_asker
    from reward.rubric import open_rubric
    from reward.support import open_support_judge

    named, means = job.how.judge, means_without_model(job.work)
    means = replace(means, asker=make_asker(job.made.model))
    if named in (RULES, NOBODY):
        yield means
    elif not named.startswith(RUBRIC):
        yield replace(means, judge=open_support_judge(named))
    else:
        opened = open_rubric(named.removeprefix(RUBRIC))
        try:
            # Nothing is asked, but one that cannot be reached is told before anything is written.
            loop.complete(opened.support.judge([]))
            yield replace(means, judge=opened.support, truth=opened.truth)
        finally:
            loop.complete(opened.close())


async def _side_by_side(
    job: _Job, means: Means, tasks: Iterable[Task], keep: Callable[[Tested], None]
) -> None:
    """Run episodes of a shared model, a few at a time, in this process."""
    seed, number = job.work.seed, job.how.concurrency
    tested = evaluate(job.made.make, tasks, job.setup, means, seed=seed, concurrency=number)
    async for one in tested:
        keep(one)


def finish(out: Path, *, shard: bool = False) -> int:
    """Write the report of a run folder, tell the table, and return the exit code."""
    from webqa.eval_report import as_object, as_text, findings_of, render, rows_of

    if (found := findings_of(out)) is None:
        print(f"No question belongs to this shard: {out} holds no episode", file=sys.stderr)
        return Exit.DONE
    figures = msgspec.json.format(msgspec.json.encode(as_object(found)), indent=1)
    write_whole(out / FIGURES, figures.decode() + "\n")
    write_whole(out / REPORT, render(f"Evaluation {out.resolve().name}", found, out))
    print(as_text(rows_of(found.parts)))
    print(f"\nMeans, in brackets 95 % intervals clustered by question; {found.judge}.")
    _tell_failed(found.parts, out)
    further = f"merge {out} OTHER-SHARDS... -o WHOLE" if shard else f"compare {out} ANOTHER-RUN"
    print(f"The report says what each measure is: {out / REPORT}\nNext: webqa {further}")
    return Exit.DONE


def _tell_failed(parts: Sequence[Part], out: Path) -> None:
    share = parts[-1].mean("failed") or 0.0
    if share:
        number = round(share * parts[-1].episodes)
        print(
            f"{counted(number, 'episode')} failed and counted as wrong; see the report, or "
            f"webqa show {out} --list",
            file=sys.stderr,
        )
