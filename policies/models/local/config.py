"""Settings of a model on this machine. Imports nothing heavy: flags are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LocalConfig:
    """How a model is loaded and run."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: the GPU if there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """auto: float32 on the processor, bfloat16 on a GPU."""
    batch: int = 32
    """Completions that are written side by side."""
    threads: int = 0
    """Processor threads; 0: as PyTorch chooses."""
