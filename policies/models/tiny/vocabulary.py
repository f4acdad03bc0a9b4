"""What is known of each token before anything is learnt: its stem, how much it tells, its part.

Counted on the web's own text. Knows no model.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from policies.extractive.words import plain, stem

_ENDINGS = (". ", "! ", "? ")


class Vocabulary(NamedTuple):
    """What is known of each token, in the order of their ids."""

    texts: Sequence[str]
    stems: Sequence[str]
    """Tokens with the same one begin alike."""
    telling: Sequence[float]
    """From 0 (in every passage, or no word) to 1 (in one of a thousand, or fewer)."""
    ends: Sequence[float]
    """1 where a sentence may end with the token, otherwise 0."""


def describe(tokenizer: Any, passages: Iterable[str]) -> Vocabulary:  # noqa: ANN401 - no types
    """Describe the tokens of a tokenizer.

    Args:
        tokenizer: a fast tokenizer of transformers.
        passages: texts of about a window's length.
    """
    count = len(tokenizer)
    texts = [tokenizer.decode([token]) for token in range(count)]
    bytes_of = tokenizer.convert_ids_to_tokens(range(count))
    # Half of a character decodes to the same sign as any other half.
    texts = [raw if "\ufffd" in text else text for text, raw in zip(texts, bytes_of, strict=True)]
    stems = [_stem(text) for text in texts]
    found, total = Counter[str](), 0
    for encoding in tokenizer.backend_tokenizer.encode_batch(list(passages)):
        found.update({stems[token] for token in encoding.ids})
        total += 1
    telling = [_telling(found[one], total) if one.isalnum() else 0.0 for one in stems]
    ends = [float("\n" in text or text.endswith(_ENDINGS)) for text in texts]
    return Vocabulary(texts, stems, telling, ends)


def _stem(text: str) -> str:
    """Return the stem; pieces from within a word keep apart from words."""
    word = text.strip()
    if not word.isalpha():
        return word or text
    return stem(plain(word))


def _telling(found: int, total: int) -> float:
    return min(1.0, -math.log10((found + 0.5) / (total + 1)) / 3)
