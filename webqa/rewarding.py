"""Training a reward model as a command does it: files of comparisons in, a model's folder out.

Brings together comparisons, the training and the report. Knows no terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from policies.checkpoints import read_metrics, write_whole
from policies.cloning.output import is_main
from reward.comparisons import Comparison
from reward.formats.reading import load
from reward.training.config import PreferenceConfig, RewardTraining
from webqa.drawing import shown
from webqa.report import Chart, Line, Table, render_report

if TYPE_CHECKING:
    from reward.training.fitting import Trained, Watch

REPORT = "report.html"
SHOWN = 5
"""Rows that cannot be used are told one by one up to so many."""
ROWS = (
    ("", "all without ties"),
    ("/unsure", "the third of which the model was least sure"),
    ("/between", "the third between"),
    ("/sure", "the third of which it was most sure"),
    ("/much_better", "people said: much better"),
    ("/slightly_better", "people said: slightly better"),
    ("/longer_preferred", "the longer answer was preferred"),
    ("/shorter_preferred", "the shorter answer was preferred"),
    ("/of_like_length", "both were about as long"),
)
"""Names of accuracies, and how the report calls them."""


@dataclass(frozen=True, slots=True)
class Job:
    """Which reward model is to be trained."""

    sources: tuple[Path, ...]
    """Files of comparisons, of any form that `reward.formats` knows."""
    model: str
    """Folder or name of the model to begin with."""
    out: Path
    preferences: PreferenceConfig
    training: RewardTraining


def train_from_files(job: Job, watch: Watch) -> Trained:
    """Train, or go on with a training that was stopped; the same job gives the same model.

    Raises:
        ConfigError: settings, files or the output folder cannot be used.
        ModelError: the model cannot be used.
    """
    from reward.training.fitting import train_reward

    comparisons = read_all(job.sources, watch.note)
    if simulated := sum(one.simulated for one in comparisons):
        watch.note(f"{simulated:,} of {len(comparisons):,} comparisons were judged by a program")
    done = train_reward(comparisons, job.model, job.out, job.preferences, job.training, watch)
    if is_main():
        write_report(job.out, done)
    return done


def read_all(sources: Sequence[Path], note: Callable[[str], None]) -> list[Comparison]:
    """Read files of comparisons of any known form; what cannot be used is told and passed over.

    Raises:
        ConfigError: a file cannot be read, or none holds a comparison.
    """
    found = load(sources)
    for skipped in found.skipped[:SHOWN]:
        note(f"Skipped: {skipped.place}: {skipped.message}")
    if (more := len(found.skipped) - SHOWN) > 0:
        note(f"Skipped: {more:,} rows more")
    return list(found.comparisons)


def write_report(out: Path, done: Trained) -> None:
    """Write report.html from the metrics."""
    from reward.training.fitting import TRAIN

    lines = lines_of(out)
    settings = msgspec.json.decode((out / TRAIN).read_bytes())
    measured = done.measured
    facts = {
        "Accuracy without ties": f"{measured['accuracy']:.1%}",
        "The longer answer is better": f"{measured['length_only']:.1%}",
        "Log-loss (chance 0.693)": shown(measured["log_loss"]),
        "Calibration error": f"{measured['ece']:.1%}",
        "Held-out comparisons": f"{measured['pairs']:,.0f}, ties {measured['ties']:,.0f}",
    }
    if simulated := settings["comparisons"]["simulated"]:
        facts["Judged by a program"] = f"{simulated:,} of {settings['comparisons']['number']:,}"
    facts |= {
        f"Left out: {reason}": f"{number:,}" for reason, number in done.left_out.items() if number
    }
    page = render_report(
        f"Reward model {out.resolve().name}",
        lines,
        charts(lines),
        facts,
        {**settings, "reward": msgspec.to_builtins(done.settings)},
        more=[Table("Accuracy", "On held-out questions.", accuracy_table(measured))],
    )
    write_whole(out / REPORT, page)


def lines_of(out: Path) -> list[Line]:
    """Return the metrics of a reward model, those of members by `member-1/` and so on."""
    lines: list[Line] = [*read_metrics(out)]
    for folder in sorted(out.glob("member-*")):
        lines += [
            {name if name == "step" else f"{folder.name}/{name}": line[name] for name in line}
            for line in read_metrics(folder)
        ]
    return lines


def charts(lines: Sequence[Line]) -> list[Chart]:
    """Return the charts that lines have values for: a curve for each member."""
    names = {name for line in lines for name in line}
    wanted = (
        ("Held-out loss", "Nats a comparison; 0.693 is chance.", "validation/loss"),
        ("Held-out accuracy", "Share of comparisons without ties.", "validation/accuracy"),
        ("Accuracy where the longer is better", "", "validation/accuracy/longer_preferred"),
        ("Accuracy where the shorter is better", "", "validation/accuracy/shorter_preferred"),
        ("Training loss", "Nats a comparison, with centring.", "train/loss"),
        ("Gradient", "Norm before it is cut.", "train/gradient_norm"),
        ("Speed", "Tokens computed a second.", "train/tokens_per_second"),
    )
    return [
        Chart(
            title,
            note,
            tuple(
                (name, name.removesuffix(end).rstrip("/") or "model")
                for name in sorted(names)
                if name == end or name.endswith(f"/{end}")
            ),
        )
        for title, note, end in wanted
    ]


def accuracy_table(measured: Mapping[str, float]) -> list[list[str]]:
    """Return accuracies as rows of text, a head first."""
    rows = [["Held-out comparisons", "number", "accuracy"]]
    for end, words in ROWS:
        if f"accuracy{end}" in measured:
            number = measured[f"pairs{end}"] - (0 if end else measured["ties"])
            rows.append([words, f"{number:,.0f}", f"{measured[f'accuracy{end}']:.1%}"])
    return rows
