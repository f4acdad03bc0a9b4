"""A tiny model at its start: a stock Llama with random weights. Knows no text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policies.models.tiny.config import Shape


def make_model(shape: Shape, tokenizer: Any, seed: int) -> Any:  # noqa: ANN401 - no types
    """Return a model of this shape, with random weights that the seed decides.

    Args:
        shape: its sizes.
        tokenizer: gives the size of the vocabulary, and which tokens end a text and fill one up.
        seed: of the weights.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=shape.context,
        initializer_range=shape.spread,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


def save_start(folder: Path, shape: Shape, tokenizer: Any, seed: int) -> None:  # noqa: ANN401
    """Write tokenizer and random weights into a folder, the weights last."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    make_model(shape, tokenizer, seed).save_pretrained(folder)
