"""Cloning as a command does it: run folders and a model's folder in, a model's folder out.

Brings together episodes, examples, the training and the report. Knows no terminal.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from env.config import PRESETS, BrowserConfig
from env.errors import ConfigError
from env.records import Episode
from policies.checkpoints import newest, read_metrics, step_of, write_whole
from policies.cloning.choosing import SCORERS, choose, reasons
from policies.cloning.config import KINDS, CloneConfig, ExampleConfig, check
from policies.cloning.output import LAST, begin, finish, held, is_main
from policies.cloning.splitting import part_of
from policies.grammar.legal import VERSION as GRAMMAR
from policies.language_model import LanguageModelConfig, write_config
from webqa.drawing import shown
from webqa.report import render_report, training_charts
from webqa.run import read_config, read_episodes

if TYPE_CHECKING:
    from policies.cloning.opening import Base
    from policies.cloning.records import Examples
    from policies.cloning.training import Outcome, Play, Progress

REPORT = "report.html"
EXAMPLES = "examples.npz"
MakePlay = Callable[["Base", LanguageModelConfig], "Play"]


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be cloned."""

    sources: tuple[Path, ...]
    """Run folders with episodes."""
    model: str
    """Folder or name of the model to begin with."""
    out: Path
    asked: LanguageModelConfig
    """How the model is asked, in training as at play."""
    examples: ExampleConfig
    training: CloneConfig
    make_play: MakePlay | None = None
    """Makes what plays held-out questions, if they are to be played."""
    played: str = ""
    """What is played, for the settings."""


class Watch(NamedTuple):
    """Who is told of what."""

    note: Callable[[str], None]
    """A line that is worth reading."""
    made: Callable[[int, int], None]
    """Of how many episodes the examples are made."""
    trained: Callable[[Progress], None]


class Cloned(NamedTuple):
    """What became of a job."""

    step: int
    measured: dict[str, float]
    finished_before: bool
    """Whether there was nothing left to do."""


class _Found(NamedTuple):
    episodes: list[Episode]
    left_out: Counter[str]
    browser: BrowserConfig


def clone_runs(job: Job, watch: Watch) -> Cloned:
    """Clone, or go on with a cloning that was stopped; the same job gives the same model.

    Raises:
        ConfigError: settings, runs or the output folder cannot be used.
        ModelError: the model cannot.
    """
    check(job.examples, job.training)
    main = is_main()
    with held(job.out) if main else nullcontext():
        found = _episodes(job)
        asked = replace(job.asked, preset=_preset(found.browser, job.asked.preset))
        settings = _settings(job, asked, found.episodes)
        if begin(job.out, settings) if main else (job.out / LAST).exists():
            _clear(job.out)
            return Cloned(0, {}, finished_before=True)
        return _train(job, asked, found, settings, watch, main)


def _episodes(job: Job) -> _Found:
    """Read and choose the episodes.

    Raises:
        ConfigError: none is left.
    """
    episodes: list[Episode] = []
    browsers = []
    for source in job.sources:
        browsers.append(read_config(source).settings.browser)
        episodes += read_episodes(source)
    where = ", ".join(map(str, job.sources))
    if not episodes:
        raise ConfigError(f"{where} holds no episode yet: make some with webqa demonstrate")
    chosen, left_out = choose(
        episodes, job.examples.best_by, _scored(episodes, job.examples.best_by)
    )
    if not chosen:
        raise ConfigError(f"no episode in {where} is left to learn from: {reasons(left_out)}")
    if any(browser != browsers[0] for browser in browsers):
        raise ConfigError(
            f"the runs {where} were made with different browser settings: clone from runs that "
            "show the same"
        )
    return _Found(chosen, left_out, browsers[0])


def _scored(episodes: Sequence[Episode], best_by: str) -> dict[str, float] | None:
    """Return scores of the answered episodes by id; None where cloning scores by itself.

    Raises:
        ConfigError: there is no such scorer.
        ModelError: a score is no number.
    """
    if not best_by or best_by in SCORERS:
        return None
    from webqa.choosing import scores_of
    from webqa.scoring import open_scorer

    known = {episode.id: episode.answer for episode in episodes if episode.answer}
    scores = asyncio.run(scores_of(open_scorer(best_by), list(known.values())))
    return {name: score.value for name, score in zip(known, scores, strict=True)}


def _preset(browser: BrowserConfig, otherwise: str) -> str:
    """Return the name of the browser's settings that the episodes were made with."""
    return next((name for name, preset in PRESETS.items() if preset == browser), otherwise)


def _settings(
    job: Job, asked: LanguageModelConfig, episodes: Sequence[Episode]
) -> dict[str, object]:
    """Return all that decides what the model becomes."""
    from policies.cloning.opening import identity

    ids = sha256("\n".join(episode.id for episode in episodes).encode()).hexdigest()
    return {
        "model": identity(job.model),
        "episodes": {"number": len(episodes), "sha256": ids},
        "asked": asked,
        "grammar": GRAMMAR,
        "examples": job.examples,
        "training": job.training,
        "played": job.played,
    }


def _train(
    job: Job,
    asked: LanguageModelConfig,
    found: _Found,
    settings: dict[str, object],
    watch: Watch,
    main: bool,
) -> Cloned:
    from policies.cloning.examples import unlearnt
    from policies.cloning.opening import open_base
    from policies.cloning.training import clone

    base = open_base(job.model, job.training.lora, job.training.seed)
    examples = _examples(job, asked, found, settings, base, watch, main)
    if left_out := reasons({**found.left_out, **examples.left_out}):
        watch.note(f"Left out: {left_out}")
    if kinds := unlearnt(examples):
        watch.note(
            f"Nothing is learnt of {', '.join(kinds)}: the grammar allows none of these steps. "
            "People's demonstrations need --grammar free, or --loss plain"
        )
    data = _split(examples, job.examples)
    watch.note(
        f"Learning from {len(data.train):,} steps, measuring on {len(data.validation):,} "
        f"of other questions"
    )
    if main and (begun := newest(job.out / "checkpoints")):
        watch.note(f"Going on after step {step_of(begun):,}")
    play = job.make_play(base, asked) if job.make_play else None
    outcome = clone(base.model, data, job.out, job.training, play=play, watch=watch.trained)
    if main:
        _write(job, asked, settings, base, outcome)
    return Cloned(outcome.step, outcome.measured, finished_before=False)


def _examples(
    job: Job,
    asked: LanguageModelConfig,
    found: _Found,
    settings: dict[str, object],
    base: Base,
    watch: Watch,
    main: bool,
) -> Examples:
    from policies.cloning.examples import Reader, make_examples
    from policies.cloning.store import kept

    def make() -> Examples:
        reader = Reader(base.tokens, base.context)
        return make_examples(found.episodes, reader, asked, job.examples, watch.made)

    if not main:
        return make()
    key = sha256(msgspec.json.encode(settings, order="sorted")).hexdigest()
    return kept(job.out / EXAMPLES, key, make)


def _split(examples: Examples, config: ExampleConfig) -> Any:  # noqa: ANN401 - Data, of a heavy module
    """Hold out the examples of some questions, and of these at most so many as are measured.

    Raises:
        ConfigError: nothing would be learnt, or nothing measured.
    """
    from policies.cloning.training import Data

    parts: dict[str, list[Any]] = {"train": [], "validation": []}
    for example in examples.all:
        parts[part_of(example.question, config.validation)].append(example)
    for name, wanted in (("train", "lower"), ("validation", "raise")):
        if not parts[name]:
            number = len({example.question for example in examples.all})
            raise ConfigError(
                f"of all questions ({number:,}) none is left for {name}: {wanted} --validation, or "
                "clone from more episodes"
            )
    # Every so-many-th, so that all kinds and questions are there in their proportion.
    apart = max(1, -(-len(parts["validation"]) // config.measured))
    return Data(parts["train"], parts["validation"][::apart], examples.sets)


def _write(
    job: Job,
    asked: LanguageModelConfig,
    settings: dict[str, object],
    base: Base,
    outcome: Outcome,
) -> None:
    """Write report and model, and remove what was only needed to go on."""
    from policies.cloning.lora import merged

    model = merged(base.model).to(base.dtype)

    def write(folder: Path) -> None:
        model.save_pretrained(folder)
        base.tokens.tokenizer.save_pretrained(folder)
        write_config(folder, asked)

    write_report(job.out, settings, outcome)
    finish(job.out, write)
    _clear(job.out)


def write_report(out: Path, settings: dict[str, object], outcome: Outcome) -> None:
    """Write report.html from the metrics."""
    lines = read_metrics(out)
    measured = outcome.measured
    facts = {"Best after step": f"{outcome.step:,}", "Held-out loss": shown(measured["loss"])}
    if "played" in measured:
        facts["Episodes that went well"] = f"{measured['played']:.0%}"
    page = render_report(
        f"Cloning into {out.resolve().name}",
        lines,
        training_charts(lines),
        facts,
        msgspec.to_builtins(settings),
        kinds_table(measured),
    )
    write_whole(out / REPORT, page)


def kinds_table(measured: dict[str, float]) -> list[list[str]]:
    """Return what was measured of each kind as rows of text, a head first."""
    head = ["Kind", "lines", "written exactly", "tokens right", "loss"]
    rows = [
        [
            kind,
            f"{measured[f'{kind}/lines']:,.0f}",
            f"{measured[f'{kind}/line_accuracy']:.1%}",
            f"{measured[f'{kind}/token_accuracy']:.1%}",
            f"{measured[f'{kind}/loss']:.3f}",
        ]
        for kind in KINDS
        if f"{kind}/lines" in measured
    ]
    return [head, *rows] if rows else []


def _clear(out: Path) -> None:
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    (out / EXAMPLES).unlink(missing_ok=True)
