"""The model that cloning begins with, opened for training. Knows no examples."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from policies.cloning.lora import with_lora
from policies.models.base import ModelError
from policies.models.tokens import Tokens

LONGEST = 1 << 20
"""Tokens; a tokenizer that names a greater length means that it knows of none."""


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
    low-rank updates the weights themselves stay as they are stored.

    Raises:
        ModelError: it cannot be loaded; says why.
    """
    import torch

    _check_folder(name)
    tokenizer, stored, model = _load(name, whole=not lora)
    context = min(_context(model.config), tokenizer.model_max_length)
    if context > LONGEST:
        raise ModelError(f"{name} does not say how long its context is: set model_max_length")
    tokens = Tokens(tokenizer, _ends(model))
    vocabulary = model.get_input_embeddings().num_embeddings
    if tokens.size > vocabulary:
        raise ModelError(
            f"the tokenizer of {name} has {tokens.size:,} tokens and its model {vocabulary:,}: "
            "they do not belong together"
        )
    if lora:
        model = with_lora(model, lora, seed)
    if torch.cuda.is_available():
        model = model.to("cuda")
    return Base(model, tokens, context, stored)


def _check_folder(name: str) -> None:
    """Refuse a folder that cannot hold a model.

    Raises:
        ModelError: it has no weights as safetensors, or no configuration.
    """
    folder = Path(name)
    if not folder.is_dir():
        return
    if not (folder / "config.json").exists():
        raise ModelError(f"{name} is no model's folder: it has no config.json")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(
            f"{name} has no *.safetensors, and other kinds of weights can run code: convert them"
        )


def _load(name: str, *, whole: bool) -> tuple[Any, Any, Any]:
    """Return tokenizer, stored kind of number and model.

    Raises:
        ModelError: one of them cannot be loaded.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    try:
        safe: dict[str, Any] = {"trust_remote_code": False}
        stored = AutoConfig.from_pretrained(name, **safe).dtype or torch.float32
        tokenizer = AutoTokenizer.from_pretrained(name, **safe)
        model = AutoModelForCausalLM.from_pretrained(
            name, dtype=torch.float32 if whole else stored, use_safetensors=True, **safe
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"cannot load the model {name}: {reason}") from error
    return tokenizer, stored, model


def _context(config: Any) -> int:  # noqa: ANN401 - a configuration of transformers
    return int(getattr(config.get_text_config(), "max_position_embeddings", 0) or LONGEST + 1)


def _ends(model: Any) -> list[int]:  # noqa: ANN401
    """Return the tokens that the model's own settings end a text with."""
    ends = getattr(model.generation_config, "eos_token_id", None)
    return ends if isinstance(ends, list) else [] if ends is None else [ends]


def identity(name: str) -> str:
    """Return a hash of the weights in a model's folder; of the hub's models the name."""
    folder = Path(name)
    if not folder.is_dir():
        return name
    digest = sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()
