"""Comparisons with something to learn, made at random, and a small model to learn it."""

import random

from env.records import Answer, Quote
from reward.comparisons import Comparison, identifier

QUOTES = tuple(
    Quote(f"On a clear day {what} looks blue because air scatters light.", "Sky", "sky.example")
    for what in ("the sky", "a lake", "the sea")
)


def make_answer(question, good, number, quotes=QUOTES):
    """Good answers say so in a word."""
    text = f"It is {'surely' if good else 'hardly'} blue, as was said {number} times [1]."
    return Answer(f"Why is {question} blue?", text, quotes)


def make_comparisons(questions=40, answers=4, seed=0, ties=True):
    """All pairs of a few answers to each question; a pair of like quality is a tie."""
    draw = random.Random(seed)
    made = []
    for number in range(questions):
        name = f"thing {number}"
        found = [make_answer(name, place % 2, draw.randrange(99)) for place in range(answers)]
        for place, first in enumerate(found):
            for other, second in enumerate(found[:place]):
                if first == second or (not ties and place % 2 == other % 2):
                    continue
                preference = float(place % 2 - other % 2)
                made.append(
                    Comparison(
                        identifier(name, first, second),
                        name,
                        first,
                        second,
                        preference,
                        simulated=True,
                    )
                )
    return made


def save_encoder(folder, context=128, seed=0):
    """Save a small random BERT with a word-piece tokenizer, and return the folder."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import AutoConfig, AutoModel, BertTokenizerFast

    from tests.policies.models.small import TEXTS

    core = BertWordPieceTokenizer()
    core.train_from_iterator(TEXTS, vocab_size=200, show_progress=False)
    tokenizer = BertTokenizerFast(tokenizer_object=core._tokenizer)
    torch.manual_seed(seed)
    settings = AutoConfig.for_model(
        "bert",
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=context,
        pad_token_id=tokenizer.pad_token_id,
    )
    AutoModel.from_config(settings).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
