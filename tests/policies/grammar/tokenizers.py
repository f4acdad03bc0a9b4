"""Small byte-level tokenizers, trained here."""

from functools import cache

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from policies.grammar.masks import Masks
from tests.policies.grammar.playing import WORDS

TEXTS = (
    "Search Clicked on link Find in page: Quote: Scrolled down up Top Back End: Answer Nonsense",
    "The king wrote that Emma was written by Jane Austen in 1815. Who wrote Emma and when?",
    "the the the of of and and end end. [1] [2] [12] said so, it’s “so” 天空 天空は é é",
    " ".join(WORDS),
)


def train(size=500, special=("<|end|>",)):
    """Return a byte-level BPE tokenizer; the first special token ends a completion."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        TEXTS * 3,
        trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=list(special),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token=special[0])


@cache
def plain():
    """Return a tokenizer and its masks."""
    tokenizer = train()
    return tokenizer, Masks(tokenizer)


@cache
def chat():
    """Return one with control tokens, and two added tokens that are plain text."""
    tokenizer = train(special=("<|im_end|>", "<|im_start|>", "<pad>", "[INST]"))
    tokenizer.add_tokens(["━", "<think>"])
    return tokenizer, Masks(tokenizer)
