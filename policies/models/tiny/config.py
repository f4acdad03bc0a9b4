"""Settings of a tiny model: its sizes, and what it is pretrained on. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from env.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a model is."""

    vocabulary: int
    """Tokens, the special ones included."""
    width: int
    layers: int
    heads: int
    inner: int
    """Width of the feed-forward layers."""
    spread: float
    """Standard deviation of the random weights: in so narrow a model the usual 0.02 is too little
    for what a token is to come through to the last layer."""
    context: int = 2048
    """Most tokens of prompt and completion together."""


SHAPES = {
    "tiny": Shape(4096, 256, 4, 4, 768, 0.04),
    "small": Shape(8192, 384, 6, 6, 1152, 0.03),
}
"""About 4.5 and 14 million parameters."""


@dataclass(frozen=True, slots=True)
class TinyConfig:
    """How a tiny model is made."""

    size: Literal["tiny", "small"] = "tiny"
    """tiny has about 4.5 million parameters, small about 14."""
    text: int = 3_000_000
    """Tokens of the web's text to be pretrained on."""
    passes: float = 1.0
    """How often they are read."""
    learning_rate: float = 1e-3
    """At its highest, while text is read."""
    reading: int = 6000
    """Questions made of sentences of the web, to learn to quote the sentence that a question is
    about; 0: none."""
    reading_rate: float = 6e-4
    """Learning rate, at its highest, of these."""
    batch_tokens: int = 8192
    """Tokens of an update."""
    bf16: bool = False
    """Compute in bfloat16 where that is safe: quicker."""
    threads: int = 0
    """Processor threads; 0: as PyTorch chooses."""
    seed: int = 0
    """Of the weights and of the order of the text."""


def check(config: TinyConfig) -> None:
    """Refuse settings that make no sense.

    Raises:
        ConfigError: says which one and what it may be.
    """
    for name in ("text", "passes", "learning_rate", "reading_rate", "batch_tokens"):
        if not getattr(config, name) > 0:
            flag = name.replace("_", "-")
            raise ConfigError(f"--{flag} must be above 0, not {getattr(config, name)}")
    for name in ("reading", "threads"):
        if getattr(config, name) < 0:
            raise ConfigError(f"--{name} must be 0 or more, not {getattr(config, name)}")
