"""Settings of behaviour cloning. Knows no model and no file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from env.actions import BY_NAME
from env.errors import ConfigError

ANSWERING = "answering"
"""Kind of an example whose completion is the answer; the others are names of commands."""
KINDS = (*BY_NAME, ANSWERING)

Loss = Literal["plain", "masked"]


@dataclass(frozen=True, slots=True)
class ExampleConfig:
    """Which steps of which episodes are learnt from."""

    loss: Loss = "plain"
    """plain teaches the format too, for pretrained models; masked only the choice among what is
    legal, for tiny ones, which then need the grammar."""
    weights: dict[str, float] = field(default_factory=dict)
    """Weight in the loss of a kind (a command's name, or answering), as in `--weights.quote 2`; 1
    where none is given."""
    validation: float = 0.1
    """Share of the questions that are held out to measure on."""
    measured: int = 600
    """Steps of held-out questions that are measured, at most: each measurement takes time."""
    best_by: str = ""
    """Learn, for each question, only from the episode that this scorer puts first: accepted (an
    accepted answer is quoted), quotes (most are cited), or what `--scorer` of webqa best-of takes,
    such as the folder of a reward model."""


@dataclass(frozen=True, slots=True)
class CloneConfig:
    """How the model is trained."""

    learning_rate: float = 2.5e-4
    """At its highest; about 1e-5 to train all of a large pretrained model."""
    epochs: float = 3.0
    """Passes over the examples."""
    steps: int = 0
    """Updates of the weights; 0: as the epochs say."""
    batch_tokens: int = 8192
    """Tokens read at once, padding included; one example is always read whole."""
    accumulate: int = 1
    """Batches that one update is made from."""
    warmup: float = 0.05
    """Share of the steps in which the learning rate rises; then it falls as a cosine."""
    weight_decay: float = 0.01
    """Of the matrices."""
    ema: float = 0.0
    """Decay of an average of the weights (0.999), which is measured and kept instead; 0: none."""
    every: int = 200
    """Steps between two measurements, each followed by a checkpoint."""
    patience: int = 5
    """Measurements without a better one after which training stops; 0: never."""
    lora: int = 0
    """Rank of low-rank updates trained in place of all weights; 0: all are trained."""
    bf16: bool = False
    """Compute in bfloat16 where that is safe: quicker."""
    threads: int = 0
    """Processor threads; 0: as PyTorch chooses."""
    seed: int = 0
    """The same seed, examples and machine give the same weights."""


def check(examples: ExampleConfig, training: CloneConfig) -> None:
    """Refuse settings that make no sense.

    Raises:
        ConfigError: says which one and what it may be.
    """
    for kind, weight in examples.weights.items():
        if kind not in KINDS:
            raise ConfigError(f"--weights.{kind}: unknown kind, known are {', '.join(KINDS)}")
        _need(weight >= 0, f"weights.{kind}", weight, "0 or more")
    _need(examples.measured > 0, "measured", examples.measured, "above 0")
    _need(0 < examples.validation < 1, "validation", examples.validation, "above 0 and below 1")
    for name in ("learning_rate", "epochs", "batch_tokens", "accumulate", "every"):
        _need(getattr(training, name) > 0, name, getattr(training, name), "above 0")
    for name in ("steps", "weight_decay", "patience", "lora", "threads"):
        _need(getattr(training, name) >= 0, name, getattr(training, name), "0 or more")
    for name in ("warmup", "ema"):
        _need(0 <= getattr(training, name) < 1, name, getattr(training, name), "from 0 to below 1")


def _need(right: bool, name: str, value: object, wanted: str) -> None:
    if not right:
        raise ConfigError(f"--{name.replace('_', '-')} must be {wanted}, not {value}")
