"""Settings of reinforcement learning, the paper's where it tells them. Knows no model and no file.

WebGPT, section 3.2 and Table 7; what the paper is silent on follows the public reproductions of
learning from human preferences.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from env.errors import ConfigError

Algorithm = Literal["ppo", "rloo"]


@dataclass(frozen=True, slots=True)
class CollectConfig:
    """What is played with the current weights before each update."""

    browses: int = 64
    """Episodes that browse, in each update."""
    group: int = 0
    """Browses of the same question in one update; 0: 1, and 4 for rloo, which compares them."""
    answers: int = 0
    """Answers to each browse, all but one as episodes that only answer; 0: 16, or 4 in the preset
    small."""
    least_actions: int = 0
    """The fewest commands that an episode may have: how many is drawn for each; 0: 20, or 4 in
    the preset small."""
    most_actions: int = 0
    """The most; 0: as the browser's preset says, 100 or 12."""
    temperature: float = 1.0
    """Of what is drawn, and of all log-probabilities."""
    unanswered: float = -1.0
    """Score of an episode that ends without an answer."""
    concurrency: int = 32
    """Episodes side by side."""


@dataclass(frozen=True, slots=True)
class LearnConfig:
    """How the weights are changed."""

    algorithm: Algorithm = "ppo"
    """ppo has a critic; rloo compares answers to the same question instead."""
    learning_rate: float = 2e-6
    """Of the policy, at first; it falls to 0. For tiny models about 1e-4."""
    critic_rate: float = 1e-5
    """Of the critic."""
    epochs: int = 1
    """Passes over what was played."""
    minibatches: int = 4
    """Changes of the weights in a pass."""
    clip: float = 0.2
    """How far the probability of a token may move, as a ratio, before its gradient ends."""
    value_clip: float = 0.2
    """How far a value may move; 0: as it likes."""
    gae: float = 0.95
    """Lambda of the advantages; the critic itself learns the whole return."""
    kl: float = 0.02
    """Nats of divergence from the cloned policy are paid for by this much score each."""
    stop_kl: float = 0.05
    """Divergence from the policy that played, per token, above which an update is broken off."""
    gradient_norm: float = 1.0
    """Longer gradients are shortened to this."""


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """How long it goes on."""

    updates: int = 100
    """Updates of the policy."""
    warmup: int = 20
    """Updates before them in which only the critic learns; rloo has none."""
    warmup_epochs: int = 4
    """Passes of the critic in each of these."""
    kl_budget: float = 10.0
    """Nats of divergence from the cloned policy, per episode, above which training ends with the
    weights before; 0: no limit."""
    every: int = 5
    """Updates between two checkpoints."""
    read: int = 4
    """Episodes of each update that are kept to be read."""
    micro_tokens: int = 8192
    """Tokens run at once in training, padding included; the results are the same."""
    bf16: bool = False
    """Compute in bfloat16 where that is safe: quicker, but first ratios are then only nearly 1."""
    threads: int = 0
    """Processor threads; 0: as PyTorch chooses."""
    seed: int = 0
    """The same seed, questions and machine give the same weights."""


SMALL = CollectConfig(answers=4, least_actions=4, most_actions=12)
DEFAULT = CollectConfig(answers=16, least_actions=20, most_actions=100)
PRESETS = {"default": DEFAULT, "small": SMALL}


def resolved(
    collect: CollectConfig, learn: LearnConfig, preset: str, actions: int
) -> CollectConfig:
    """Return the settings with a number in the place of each 0.

    Args:
        collect: as given.
        learn: says the algorithm.
        preset: of the browser, as the model's folder names it.
        actions: commands that the browser allows.
    """
    usual = PRESETS.get(preset, DEFAULT)
    most = collect.most_actions or actions
    return replace(
        collect,
        group=collect.group or (4 if learn.algorithm == "rloo" else 1),
        answers=collect.answers or usual.answers,
        least_actions=collect.least_actions or min(usual.least_actions, most),
        most_actions=most,
    )


def check(collect: CollectConfig, learn: LearnConfig, loop: LoopConfig) -> None:
    """Refuse settings that make no sense; `collect` as `resolved` returns it.

    Raises:
        ConfigError: says which one and what it may be.
    """
    above = {
        collect: ("browses", "group", "answers", "least_actions", "temperature", "concurrency"),
        learn: ("learning_rate", "critic_rate", "epochs", "minibatches", "clip", "gradient_norm",
                "stop_kl"),
        loop: ("updates", "warmup_epochs", "every", "micro_tokens"),
    }  # fmt: skip
    for record, names in above.items():
        for name in names:
            value = getattr(record, name)
            _need(0 < value < math.inf, name, value, "above 0")
    for record, names in {
        learn: ("value_clip", "kl"),
        loop: ("warmup", "kl_budget", "read", "threads"),
    }.items():
        for name in names:
            value = getattr(record, name)
            _need(0 <= value < math.inf, name, value, "0 or more")
    _need(math.isfinite(collect.unanswered), "unanswered", collect.unanswered, "a number")
    _need(0 <= learn.gae <= 1, "gae", learn.gae, "from 0 to 1")
    _need(
        collect.most_actions >= collect.least_actions,
        "most-actions",
        collect.most_actions,
        f"at least --least-actions, {collect.least_actions}",
    )
    _need(
        collect.browses % collect.group == 0,
        "browses",
        collect.browses,
        f"a multiple of --group, {collect.group}",
    )
    if learn.algorithm == "rloo":
        _need(collect.group > 1, "group", collect.group, "at least 2 for rloo")


def _need(right: bool, name: str, value: object, wanted: str) -> None:
    if not right:
        raise ConfigError(f"--{name.replace('_', '-')} must be {wanted}, not {value}")
