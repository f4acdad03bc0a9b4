"""Small random causal models and byte-level tokenizers, made in milliseconds, for tests.

    folder = save_model(tmp_path / "model", family="gpt_neox", chat=True)

Knows nothing of training: the weights are what the seed gives.
"""

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

TEXTS = (
    "Why is the sky blue? On a clear day the sky looks blue because air scatters blue light.",
    "Search why is the sky blue\nClicked on link 2\nQuote: The sky is blue.\nFind in page: sky",
    "Scrolled down 1\nScrolled up 2\nTop\nBack\nEnd: Answer\nEnd: Nonsense\nEnd: Controversial",
    "Question: Quotes: Past actions: Title: Text: Next action: Actions left: Answer: [1] [2]",
)
END = "<|end|>"
MARKS = ("<|im_start|>", "<|im_end|>")
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SHAPES = {
    "llama": {"num_key_value_heads": 2, "intermediate_size": 64},
    "qwen3": {"num_key_value_heads": 2, "intermediate_size": 64, "head_dim": 8},
    "gpt_neox": {"intermediate_size": 64, "rotary_pct": 0.25},
    "gpt2": {"n_positions": 512},
    "mistral": {"num_key_value_heads": 2, "intermediate_size": 64, "sliding_window": 16},
    "bloom": {},
}
"""What a family needs beside the common shape."""


def make_tokenizer(texts=TEXTS, *, size=400, chat=False, template=CHAT, added=()):
    """Train a byte-level BPE on the texts; with an end token, and perhaps a chat template.

    `added` are more added tokens that are not special.
    """
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[END, *(MARKS if chat else ())],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    core.add_tokens([AddedToken(token, special=False) for token in added])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token=END, clean_up_tokenization_spaces=False
    )
    if chat:
        tokenizer.chat_template = template
    return tokenizer


def make_model(tokenizer, family="llama", *, width=32, layers=2, context=512, seed=0, spread=0.2):
    """Make a random model of a family (see SHAPES) for a tokenizer, in fp32, ready to run.

    `spread` is the standard deviation of the weights: the larger, the less even what it writes.
    """
    torch.manual_seed(seed)
    config = AutoConfig.for_model(
        family,
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=context,
        initializer_range=spread,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=None,
        **SHAPES[family],
    )
    return AutoModelForCausalLM.from_config(config).eval()


def save_model(folder, family="llama", *, chat=False, template=CHAT, **shape):
    """Make a model with its tokenizer, save both, and return the folder."""
    tokenizer = make_tokenizer(chat=chat, template=template)
    make_model(tokenizer, family, **shape).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
