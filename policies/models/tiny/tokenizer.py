"""The tokenizer of a tiny model: byte-level BPE, trained on a web's own text.

The layout's marks and commands become single tokens by being pieces of their own that are seen
often enough in training, not by being added: engines of grammars treat every added token as a
control token, and content must never become one. Only the end and the padding are added.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from env.actions import COMMANDS
from policies.aids import MARK
from policies.grammar.legal import NUMBER

END = "<|end|>"
PAD = "<|pad|>"
HEADERS = (
    "♦Question\n", "♦Quotes\n", "♦Past actions\n", "♦Title\n", "♦Scrollbar:", "♦Text\n",
    "♦Notice\n", "♦Actions left:", "♦Next action\n",
)  # fmt: skip
"""The layout's field names (see env.render)."""
MARKS = ("■", "【", "】", "†", "━", "\n\n", "\n", "From", "\n> ", MARK)
"""Other pieces of the layout, and the mark of a word of the question."""
NUMBERS = tuple(NUMBER.format(number) for number in range(1, 21))
"""Of sentences; higher ones are made of several tokens."""
_READ = 16_000_000
"""Characters of the web that are read: more change little and take minutes."""
_SEEN = 20_000
"""Times each piece of the layout is shown to the trainer: then it is merged before rare words."""


def pieces() -> list[str]:
    """Return what must be a single token wherever it stands, the longest first."""
    commands = [command.prefix for command in COMMANDS]
    return sorted({*HEADERS, *MARKS, *NUMBERS, *commands}, key=lambda piece: (-len(piece), piece))


def train_tokenizer(texts: Iterable[str], vocabulary: int, context: int, seen: int = _SEEN) -> Any:  # noqa: ANN401
    """Train a tokenizer; the same texts give the same one.

    Args:
        texts: the web's text, as prompts show it.
        vocabulary: tokens, the special ones included.
        context: most tokens that the model takes; kept with the tokenizer.
        seen: times each piece of the layout is shown; less is quicker, for small webs.

    Returns:
        A fast tokenizer of transformers; `save_pretrained` makes what `AutoTokenizer` loads.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    splits = [
        pre_tokenizers.Split(Regex(_PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splits)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_with_layout(texts, seen), trainer)
    return _wrapped(tokenizer, context)


_PATTERN = (
    "♦[A-Z][a-z]+(?: [a-z]+)?(?::|\n)|[■【】†━★]|⟨[0-9]+⟩"
    r"|Clicked on link |Find in page: |Scrolled (?:down|up) |End: [A-Z][a-z]+|Quote: |Search "
    r"|\p{L}+(?:['’]\p{L}{1,2}(?!\p{L}))? ?|\p{N}{1,4} ?|\n\n|\n> |\n"
    r"|[^\s\p{L}\p{N}♦■【】†━★⟨] ?|\s|[♦⟨]"
)
"""Words with the space behind them, numbers of up to four digits, single marks.

The space stands behind, not in front as is usual: so a word is cut into the same pieces at the
start of a line, after a space and after a mark, and what is copied looks alike everywhere.
"""


def _with_layout(texts: Iterable[str], seen: int) -> Iterator[str]:
    for piece in pieces():
        yield (piece if piece.endswith("\n") else piece + " \n") * seen
    read = 0
    for text in texts:
        yield text
        if (read := read + len(text)) > _READ:
            return


def _wrapped(tokenizer: Any, context: int) -> Any:  # noqa: ANN401 - no types
    from transformers import PreTrainedTokenizerFast

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            eos_token=END,
            pad_token=PAD,
            model_max_length=context,
            clean_up_tokenization_spaces=False,
        )
