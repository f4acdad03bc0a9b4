"""How well reward models foretell real preferences: five folds by question.

Of the people's judgements in a file (such as the fine-grained feedback set's), each fold is
foretold by models trained on the others: of each model given, of the longer answer, and of chance.
Intervals are 95 %, by resampling questions. Nothing is tuned on what is foretold.

    python -m benchmarks.preferences FILE.. --model NAME=FOLDER.. -o DIR
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.checkpoints import write_whole
from reward.comparisons import Comparison, cross_validated
from reward.formats.reading import load
from reward.text import length_of
from reward.training.config import PreferenceConfig, RewardTraining
from reward.training.metrics import calibration_error

RESAMPLED = 2000


@dataclass(frozen=True, slots=True)
class Foretold:
    """What one model says of one comparison that it was not trained on."""

    question: str
    preference: float
    difference: float
    """First less second, in log-odds."""
    longer: float
    """Length of the first less that of the second, in hundreds of words."""


def foretell(
    name: str, model: str, folder: Path, comparisons: Sequence[Comparison], folds: int,
    preferences: PreferenceConfig, training: RewardTraining,
) -> list[Foretold]:  # fmt: skip
    """Train a model for each fold and foretell the fold; what is there is not done again."""
    from reward.model import open_reward
    from reward.training.fitting import train_reward

    found = []
    for number, split in enumerate(cross_validated(comparisons, folds)):
        out = folder / f"{name}-{number}"
        begin = time.perf_counter()
        train_reward(split.train, model, out, preferences, training)
        trained = time.perf_counter() - begin
        scorer = open_reward(out)
        answers = list({one: None for pair in split.held_out for one in (pair.first, pair.second)})
        scores = dict(zip(answers, scorer.score_now(answers), strict=True))
        left_out = sum(score.parts["quotes_left_out"] for score in scores.values())
        found += [
            Foretold(
                one.question,
                one.preference,
                scores[one.first].value - scores[one.second].value,
                length_of(one.first) - length_of(one.second),
            )
            for one in split.held_out
        ]
        spent = time.perf_counter() - begin
        print(
            f"{name}, fold {number + 1} of {folds}: trained {trained:.0f} s, in all {spent:.0f} s; "
            f"{left_out:.0f} quotes of {len(answers)} answers had no room",
            flush=True,
        )
    return found


def right_of(
    differences: NDArray[np.float64], preferences: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return 1 for each comparison foretold, a half where there is no difference."""
    return np.asarray(0.5 + 0.5 * np.sign(differences * preferences))


def interval(
    values: NDArray[np.float64], questions: Sequence[str], draw: np.random.Generator
) -> tuple[float, float]:
    """Return a 95 % interval of a mean, whole questions drawn with replacement."""
    _, places = np.unique(np.array(questions), return_inverse=True)
    sums = np.bincount(places, values)
    counts = np.bincount(places)
    drawn = draw.integers(0, len(sums), (RESAMPLED, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def describe(name: str, foretold: Sequence[Foretold]) -> dict[str, object]:
    """Return a model's figures, and its gain over the longer answer."""
    clear = [one for one in foretold if one.preference]
    preference = np.array([one.preference for one in clear])
    difference = np.array([one.difference for one in clear])
    right = right_of(difference, preference)
    longer = right_of(np.array([one.longer for one in clear]), preference)
    probability = 1 / (1 + np.exp(-np.clip(difference * np.sign(preference), -30, 30)))
    questions = [one.question for one in clear]
    draw = np.random.default_rng(0)
    return {
        "name": name,
        "pairs": len(clear),
        "ties left out": len(foretold) - len(clear),
        "accuracy": float(right.mean()),
        "interval": interval(right, questions, draw),
        "length only": float(longer.mean()),
        "length only, interval": interval(longer, questions, draw),
        "gain over length": float((right - longer).mean()),
        "gain, interval": interval(right - longer, questions, draw),
        "log_loss": float(-np.log(probability).mean()),
        "ece": calibration_error(probability),
    }


def main() -> None:
    """Train, foretell, and print the table."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--model", action="append", required=True, help="NAME=FOLDER")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--batch-tokens", type=int, default=8192)
    parser.add_argument("--length-term", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    comparisons = load(options.files).comparisons
    preferences = PreferenceConfig(members=options.members, length_term=options.length_term)
    training = RewardTraining(
        learning_rate=options.learning_rate,
        epochs=options.epochs,
        batch_tokens=options.batch_tokens,
        bf16=options.bf16,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    for named in options.model:
        name, _, model = named.partition("=")
        foretold = foretell(
            name, model, options.out, comparisons, options.folds, preferences, training
        )
        found = describe(name, foretold)
        write_whole(options.out / f"{name}.json", json.dumps(found, indent=1) + "\n")
        print(json.dumps(found, indent=1), flush=True)


if __name__ == "__main__":
    main()
