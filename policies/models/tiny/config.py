"""Settings of a tiny model: its shapes and how it is pretrained. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from env.errors import ConfigError

Preset = Literal["tiny", "small"]


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a model is; see `start` for what the widths hold at the beginning."""

    vocabulary: int
    """Tokens, the special ones included."""
    width: int
    layers: int
    heads: int
    inner: int
    """Width of the feed-forward layers."""
    context: int = 2048
    """Most tokens of prompt and completion together."""


SHAPES: dict[str, Shape] = {
    "tiny": Shape(vocabulary=4096, width=256, layers=4, heads=4, inner=768),
    "small": Shape(vocabulary=8192, width=384, layers=6, heads=6, inner=1536),
}
"""About 5 and 15 million parameters."""


@dataclass(frozen=True, slots=True)
class TinyConfig:
    """How a tiny model is made."""

    preset: Preset = "tiny"
    """Size: tiny has about 5 million parameters, small about 15."""
    minutes: float = 15.0
    """Pretraining time, the tokenizer's not counted; a run that was killed goes on counting."""
    steps: int = 0
    """Pretraining steps instead of minutes: the same number gives the same model."""
    seed: int = 0
    """Of everything that is drawn."""
    threads: int = 0
    """Processor threads; 0: as many as there are."""
    bf16: bool = True
    """Multiply in bfloat16 (twice as fast where the processor knows it)."""
    rate: float = 4e-4
    """Learning rate at its highest."""
    warm_up: float = 0.04
    """Share of the time in which the rate rises, on pages of random words."""
    pages: int = 6
    """Windows in a step."""
    questions: int = 8
    """Tasks asked of each window; reading it once for all of them multiplies what is learnt."""
    language: float = 0.1
    """Weight of foretelling the web's text beside that of the tasks."""


def check(config: TinyConfig) -> None:
    """Refuse settings that make no sense.

    Raises:
        ConfigError: a number is out of its range.
    """
    for name in ("rate", "pages", "questions"):
        if not getattr(config, name) > 0:
            raise ConfigError(f"--{name} must be above 0, not {getattr(config, name)}")
    for name in ("steps", "threads", "language", "minutes"):
        if not getattr(config, name) >= 0:
            raise ConfigError(f"--{name} must be 0 or more, not {getattr(config, name)}")
    if not 0 <= config.warm_up < 1:
        raise ConfigError(f"--warm-up is a share, from 0 to below 1, not {config.warm_up}")
