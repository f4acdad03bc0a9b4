"""Settings of a local model. Knows no torch, so that command lines can be made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LocalConfig:
    """How a model is loaded and run in this process."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the model runs; auto: a CUDA device if there is one."""
    dtype: Literal["auto", "fp32", "bf16"] = "auto"
    """Type of its weights; auto: fp32 on a CPU, bf16 on a CUDA device."""
    batch: int = 32
    """Completions that are written at the same time, at most; each holds a cache of its own."""
    context: int = 0
    """Tokens of prompt and completion together; 0: what the model was made for."""
    offline: bool = False
    """Whether a model named on the hub must have been downloaded before."""
