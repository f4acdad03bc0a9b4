"""A very small model and examples with something to learn, without tokenizer and text."""

import random

import numpy as np
import torch

from policies.cloning.records import Example
from policies.cloning.training import Data

VOCABULARY = 24


def make_model(seed=0, dropout=0.0):
    """A Llama of some thousand weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=64,
            attention_dropout=dropout,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=1,
            pad_token_id=0,
        )
    )


def make_example(draw, masked=True):
    """The label is the prompt's second token, a token that is forced, and the end."""
    prompt = [draw.randrange(3, VOCABULARY) for _ in range(draw.randrange(3, 9))]
    completion = [prompt[1], 2, 1]
    sets = [0 if prompt[1] % 2 else 1, -1, -1] if masked else []
    return Example(
        question=f"q{draw.randrange(40)}",
        kind="click" if prompt[1] % 2 else "quote",
        weight=1.0,
        prompt=np.array(prompt, np.int32),
        completion=np.array(completion, np.int32),
        sets=np.array(sets, np.int32),
    )


def make_data(number=60, held_out=12, masked=True):
    """Examples, the odd tokens allowed for one kind and the even ones for the other."""
    draw = random.Random(7)
    examples = [make_example(draw, masked) for _ in range(number + held_out)]
    sets = [np.arange(start, VOCABULARY, 2, dtype=np.int32) for start in (3, 4)]
    return Data(examples[:number], examples[number:], sets)
