"""A tiny model is made, shown how to browse, cloned, and played: the whole pipeline by one command.

    python -m benchmarks.cloning --web INDEX --questions FILE -o DIR [--minutes 45]

Stages: `tiny` (tokenizer and pretraining), `questions` (made from the web), `demonstrate`, `clone`,
then episodes on questions that nothing was trained or chosen on. A stage that is done is not done
again; a stage that was killed goes on. The questions of FILE are split by a hash of their ids: one
half is played (never seen before), a tenth of the other validates, the rest is demonstrated.
The settings are those of `--preset small`; see docs/log.md for the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.playing import FirstResults, Played, open_web, play, table
from benchmarks.questions import read_questions
from env.records import Question, to_json
from policies.base import MakePolicy
from policies.extractive import ExtractivePolicy
from policies.language_model import LanguageModelConfig, LanguageModelPolicy, read_config

CONCURRENT = 32


@dataclass(frozen=True, slots=True)
class Paths:
    """Where each stage writes."""

    folder: Path

    def __getattr__(self, name: str) -> Path:
        return self.folder / name


def stage(name: str, folder: Path, *arguments: object) -> float:
    """Run a command of webqa unless it is done; return the seconds it took, then or now."""
    done = folder / f"{name}.done"
    if done.exists():
        return float(done.read_text())
    print(f"--- {name}", flush=True)
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-m", "webqa", *map(str, arguments)], check=True)
    seconds = time.perf_counter() - begin
    done.write_text(f"{seconds:.1f}")
    return seconds
