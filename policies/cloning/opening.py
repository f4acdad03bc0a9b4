"""The model that cloning begins with, opened for training. Knows no examples."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from policies.cloning.lora import with_lora
from policies.models.local.config import LocalConfig
from policies.models.local.reading import read_model
from policies.models.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Base:
    """A model that is ready to be trained."""

    model: Any
    """Of transformers, or of peft around one."""
    tokens: Tokens
    context: int
    """Tokens that prompt and completion may have together."""
    dtype: Any
    """Of its weights as they were stored; the trained ones are saved in it too."""


def open_base(name: str, lora: int, seed: int) -> Base:
    """Load a model's folder, or a model of the hub, to train it.

    All weights are trained in float32 (with bfloat16 where it is safe, if that is chosen); with
    low-rank updates the weights themselves stay as they are usually run.

    Raises:
        ModelError: it cannot be loaded; says why.
    """
    import torch
    from transformers import AutoConfig

    loaded = read_model(name, LocalConfig(dtype="auto" if lora else "fp32"))
    stored = AutoConfig.from_pretrained(name, trust_remote_code=False).dtype or torch.float32
    model = with_lora(loaded.model, lora, seed) if lora else loaded.model
    return Base(model.train(), loaded.tokens, loaded.context, stored)


def identity(name: str) -> str:
    """Return a hash of a model's folder, tokenizer included; of the hub's models the name."""
    folder = Path(name)
    if not folder.is_dir():
        return name
    digest = sha256()
    for path in sorted(folder.glob("*.safetensors")) + sorted(folder.glob("*.json")):
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()
