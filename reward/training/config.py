"""Settings of the reward model's training. Knows no model and no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from env.errors import ConfigError
from policies.cloning.config import CloneConfig

SLIGHT = 0.75
"""Up to this strength a preference is a slight one: people's scale has a half and 1."""


@dataclass(frozen=True, slots=True)
class PreferenceConfig:
    """What is learnt of the comparisons."""

    labels: Literal["sign", "strength"] = "sign"
    """sign: which answer is better, as the paper did; strength: also how much, so that 0.5 counts
    as a probability of 0.75. A tie is 0.5 in both."""
    ties: float = 1.0
    """Weight of a tie in the loss; 0: ties are left out."""
    slight: float = 1.0
    """Weight of a comparison in which one answer is only slightly better; 0: these are left out.
    Where raters' noise is greater than such differences, the others teach more without them."""
    smoothing: float = 0.0
    """How far labels are moved towards 0.5, for raters who err: 0.05 to 0.1."""
    centring: float = 0.01
    """Weight of the squared sum of a pair's rewards, which keeps them around 0."""
    validation: float = 0.2
    """Share of the questions that are held out, to choose the weights and to calibrate on."""
    members: int = 1
    """Classifiers trained from different seeds; 3 to 5 make a model that is hard to fool."""
    disagreement: float = 0.5
    """What the members' variance is multiplied by before it is taken from their mean."""
    aids: Literal["as-policy", "on", "off"] = "as-policy"
    """Whether the question's words are marked in what is read, in quotes and answer: for small
    models. As the policy that it begins with was trained; other models do without."""
    length_term: bool = False
    """Fit on what is held out how much length alone is liked, and add it to the score."""


@dataclass(frozen=True, slots=True)
class RewardTraining:
    """How the reward model is trained."""

    learning_rate: float = 1e-4
    """At its highest; about 3e-6 to train all of a large pretrained model."""
    epochs: float = 1.0
    """Passes over the comparisons; with more it soon learns them by heart."""
    batch_tokens: int = 8192
    """Tokens read at once; all pairs of one question are always in one batch."""
    accumulate: int = 2
    """Batches that one update is made from: about 64 pairs are good."""
    warmup: float = 0.1
    """Share of the steps in which the learning rate rises; then it falls as a cosine."""
    weight_decay: float = 0.01
    """Of the matrices."""
    every: int = 20
    """Steps between two measurements, each followed by a checkpoint."""
    patience: int = 0
    """Measurements without a better one after which training stops; 0: never."""
    bf16: bool = False
    """Compute in bfloat16 where that is safe: quicker."""
    threads: int = 0
    """Processor threads; 0: as PyTorch chooses."""
    seed: int = 0
    """The same seed, comparisons and machine give the same weights."""


def loop_of(training: RewardTraining, member: int = 0) -> CloneConfig:
    """Return the settings of the training loop, which is that of cloning; each member's own."""
    return CloneConfig(
        learning_rate=training.learning_rate,
        epochs=training.epochs,
        batch_tokens=training.batch_tokens,
        accumulate=training.accumulate,
        warmup=training.warmup,
        weight_decay=training.weight_decay,
        every=training.every,
        patience=training.patience,
        bf16=training.bf16,
        threads=training.threads,
        seed=training.seed + member,
    )


def check(preferences: PreferenceConfig, training: RewardTraining) -> None:
    """Refuse settings that make no sense.

    Raises:
        ConfigError: says which one and what it may be.
    """
    _need(0 < preferences.validation < 1, "validation", preferences, "above 0 and below 1")
    _need(0 <= preferences.smoothing < 1, "smoothing", preferences, "0 or more and below 1")
    _need(preferences.members >= 1, "members", preferences, "1 or more")
    for name in ("ties", "slight", "centring", "disagreement"):
        _need(0 <= getattr(preferences, name) < float("inf"), name, preferences, "0 or more")
    for name in ("learning_rate", "epochs", "batch_tokens", "accumulate", "every"):
        _need(0 < getattr(training, name) < float("inf"), name, training, "above 0")
    for name in ("weight_decay", "patience", "threads"):
        _need(getattr(training, name) >= 0, name, training, "0 or more")
    _need(0 <= training.warmup <= 1, "warmup", training, "from 0 to 1")


def _need(good: bool, name: str, settings: object, wanted: str) -> None:
    if not good:
        flag = name.replace("_", "-")
        raise ConfigError(f"--{flag} must be {wanted}, not {getattr(settings, name)}")
