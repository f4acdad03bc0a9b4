"""A tiny model is made, shown how to browse, cloned, and played: the whole pipeline by one command.

    python -m benchmarks.cloning --web INDEX --questions FILE -o DIR

Stages: `tiny` (tokenizer and pretraining), `questions` (made from the web), `demonstrate`, `clone`;
then episodes on questions that nothing was trained or chosen on. A stage that is done is not done
again; one that was killed goes on. The questions of FILE are split by a hash of their ids: one half
is demonstrated (a tenth of it is held out to measure the training), the other is only played.
Everything has the settings of `--preset small`. Figures and their reading: docs/log.md.

`--fractions 0.25 0.5` clones with these shares of the demonstrations, too, for a learning curve.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.playing import FirstResults, MostMarked, Played, open_web, play, table
from benchmarks.questions import read_questions
from env.jsonl import append
from env.records import Question
from env.web.base import Web
from policies.base import MakePolicy
from policies.extractive import ExtractivePolicy
from policies.language_model import LanguageModelConfig, LanguageModelPolicy, read_config
from policies.models.base import TextModel
from webqa.questions import write_questions

CONCURRENT = 32


class Pipeline:
    """The stages, each a command of webqa that runs once, in one folder."""

    def __init__(self, web: Path, questions: Path, folder: Path) -> None:
        self.folder = folder
        self.web = web
        self.seconds: dict[str, float] = {}
        """What each stage took when it ran."""
        folder.mkdir(parents=True, exist_ok=True)
        self.played = read_questions(questions, "report")
        write_questions(folder / "train.jsonl", read_questions(questions, "tune"))

    def run(self, name: str, *arguments: object) -> None:
        """Run a stage unless it is done."""
        done = self.folder / f"{name}.done"
        if not done.exists():
            print(f"--- {name}: webqa {' '.join(map(str, arguments))}", flush=True)
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-m", "webqa", *map(str, arguments)], check=True)
            done.write_text(f"{time.perf_counter() - begin:.1f}")
        self.seconds[name] = float(done.read_text())

    def make(self, text: int, made: int, attempts: int, *tiny: object) -> Path:
        """Make the model and the demonstrations, and clone; return the cloned model's folder.

        `tiny` are more flags for the making of the model.
        """
        at, web = self.folder, self.web
        self.run(
            "tiny", "tiny", "--web", web, "-o", at / "tiny", "--text", text,
            "--batch-tokens", 4096, "--bf16", "--threads", 1, *tiny,
        )  # fmt: skip
        self.run(
            "questions", "questions", "--from-web", web, "-o", at / "made.jsonl", "--count", made
        )
        common = ("demonstrate", "--web", web, "--preset", "small", "--only-found")
        self.run(
            "real", *common, "--questions", at / "train.jsonl", "-o", at / "real",
            "--attempts", attempts,
        )  # fmt: skip
        self.run("made", *common, "--questions", at / "made.jsonl", "-o", at / "made")
        return self.clone("cloned", [at / "real", at / "made"])

    def clone(self, name: str, runs: Sequence[Path], *more: object) -> Path:
        """Clone the demonstrations of some runs; return the cloned model's folder."""
        out = self.folder / name
        self.run(
            name, "clone", "--from", *runs, "--model", self.folder / "tiny", "-o", out,
            "--loss", "masked", "--learning-rate", 3e-4, "--epochs", 1, "--batch-tokens", 4096,
            "--bf16", "--threads", 1, "--every", 200, "--measured", 400, "--patience", 0, *more,
        )  # fmt: skip
        return out


def part_of(run: Path, share: float) -> Path:
    """Make a run folder with the first episodes of a run."""
    part = run.with_name(f"{run.name}-{share:g}")
    if not part.exists():
        lines = (run / "episodes.jsonl").read_bytes().splitlines(keepends=True)
        part.mkdir()
        (part / "config.json").write_bytes((run / "config.json").read_bytes())
        (part / "episodes.jsonl").write_bytes(b"".join(lines[: round(share * len(lines))]))
    return part


def policies_of(
    name: str, model: TextModel, config: LanguageModelConfig
) -> list[tuple[str, MakePolicy]]:
    """Return a model's policies: with the grammar it was trained for, and without any."""
    free = replace(config, grammar=None)
    return [
        (name, lambda seed: LanguageModelPolicy(model, config, seed)),
        (f"{name}, no grammar", lambda seed: LanguageModelPolicy(model, free, seed)),
    ]


def baselines() -> list[tuple[str, MakePolicy]]:
    """Return policies without a model; the questions are the queries."""
    return [
        ("extractive", lambda _seed: ExtractivePolicy()),
        ("snippet's sentence, first result", lambda _seed: FirstResults("snippet")),
        ("snippet's sentence, three results", lambda _seed: FirstResults("snippets", 3)),
        ("most marked sentence, three results", lambda _seed: MostMarked("marked", 3)),
        ("a random line, first result", lambda s: FirstResults("line", 1, random.Random(s))),
        ("random lines, three results", lambda s: FirstResults("lines", 3, random.Random(s))),
    ]


async def play_all(
    players: Sequence[tuple[str, MakePolicy]], questions: Sequence[Question], web: Web, out: Path
) -> list[Played]:
    """Play every policy and write its figures as they come."""
    rows = []
    for name, make in players:
        begin = time.perf_counter()
        rows.append(await play(name, make, questions, web, concurrency=CONCURRENT))
        append(out, {**asdict(rows[-1]), "seconds": round(time.perf_counter() - begin, 1)})
        print(table(rows[-1:]).split("\n")[-1], flush=True)
    return rows


def untrained(folder: Path, out: Path) -> Path:
    """Make a model of the same shape and tokenizer whose weights are random, beside the trained."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    if not (out / "model.safetensors").exists():
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder)).save_pretrained(out)
        AutoTokenizer.from_pretrained(folder).save_pretrained(out)
        (out / "webqa.json").write_bytes((folder / "webqa.json").read_bytes())
    return out


async def measure(pipeline: Pipeline, models: dict[str, Path], count: int) -> list[Played]:
    """Play models and baselines on the questions that were held out."""
    from policies.models.local.loading import load

    questions = pipeline.played[: count or None]
    web, out = open_web(pipeline.web), pipeline.folder / "played.jsonl"
    rows = await play_all(baselines(), questions, web, out)
    for name, folder in models.items():
        model, config = load(folder), read_config(folder)
        assert config, f"{folder} does not say how it was trained"
        chosen = policies_of(name, model, config)
        few = questions if name == "cloned" else questions[:200]
        rows += await play_all(chosen[:1], few, web, out)
        rows += await play_all(chosen[1:], questions[:200], web, out)
        await model.aclose()
    return rows


def main() -> None:
    """Run the stages, play, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--web", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--text", type=int, default=200_000, help="tokens to be pretrained on")
    parser.add_argument("--made", type=int, default=800, help="questions made from the web")
    parser.add_argument("--attempts", type=int, default=1, help="demonstrations of a real question")
    parser.add_argument("--count", type=int, default=0, help="questions played; 0: all")
    parser.add_argument("--fractions", type=float, nargs="*", default=[])
    options = parser.parse_args()
    pipeline = Pipeline(options.web, options.questions, options.out)
    cloned = pipeline.make(options.text, options.made, options.attempts)
    models = {"cloned": cloned}
    for share in options.fractions:
        runs = [part_of(options.out / name, share) for name in ("real", "made")]
        models[f"{share:.0%} of the episodes"] = pipeline.clone(f"cloned-{share:g}", runs)
    nothing = untrained(cloned, options.out / "untrained")
    models |= {"only pretrained": options.out / "tiny", "untrained": nothing}
    rows = asyncio.run(measure(pipeline, models, options.count))
    print(json.dumps(pipeline.seconds))
    print(f"{sum(pipeline.seconds.values()) / 60:.0f} minutes in all")
    print(table(rows))


if __name__ == "__main__":
    main()
