"""What is a word in scripts that write none apart, and what says something without a word.

Chinese, Japanese, Thai, Lao, Burmese and Khmer are written without spaces. No dictionary parts
their words here: where order counts each character stands for a word, elsewhere every two adjacent
ones do, as in search engines; two are about as much text as a word of other scripts. So 京都 stands
in 東京都, which no rule without a dictionary can know. A text without such characters is returned
as it is.
"""

from __future__ import annotations

import re
import unicodedata

UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c"  # Chinese signs
    "\u3040-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
"""Characters that are written without spaces, as a set in a regular expression."""

_ONE = re.compile(f"[{UNSPACED}]")
_TWO = re.compile(f"[{UNSPACED}]{{1,2}}")
_RUN = re.compile(f"([{UNSPACED}]+)")


def is_unspaced(word: str) -> bool:
    """Tell whether a word is a single character that is written without spaces."""
    return _ONE.fullmatch(word) is not None


def apart(text: str) -> str:
    """Put spaces around each character that is written without them."""
    return text if text.isascii() else _ONE.sub(r" \g<0> ", text)


def in_twos(text: str) -> str:
    """Put spaces around every second one: as many words as the text is long."""
    return text if text.isascii() else _TWO.sub(r" \g<0> ", text)


def runs(text: str) -> list[str]:
    """Cut a text where such characters begin and end: those are at the odd places."""
    return [text] if text.isascii() else _RUN.split(text)


def pairs(run: str) -> list[str]:
    """Return every two adjacent characters of a run, or the only one there is."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def has_words(text: str) -> bool:
    """Tell whether there is a letter or a digit in a text, of whatever script."""
    return any(map(str.isalnum, text))


def is_symbols(text: str) -> bool:
    """Tell whether a text says something without any word, such as ∞, € or ☂; ASCII does not."""
    signs = (one for one in text if not one.isascii())
    return not has_words(text) and any(unicodedata.category(one)[0] == "S" for one in signs)
