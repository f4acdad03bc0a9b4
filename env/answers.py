"""Accepted answers: how texts are normalised and matched, and the sentence for finding nothing.

Used by demonstrators, simulated raters and metrics alike. The official metrics of TriviaQA, SQuAD
and others have their own normalisations, which live with the metrics.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from env.sanitise import clean_characters
from env.words import apart, is_symbols

if TYPE_CHECKING:
    from env.records import Episode

NOTHING_FOUND = "I found nothing that answers this."
_STOP = re.compile(r"[.!?\n]")


def normalise(text: str) -> str:
    """Lower-case, turn punctuation and symbols into spaces, collapse white space.

    The result is NFC. Characters that are written without spaces stand apart: see `env.words`.
    """
    kept = (
        " " if unicodedata.category(character)[0] in "PSZC" else character
        for character in unicodedata.normalize("NFC", text.lower())
    )
    return " ".join(apart("".join(kept)).split())


def stands_in(accepted: Iterable[str], text: str) -> bool:
    """Tell whether one of the accepted answers occurs in the text as whole words.

    One of symbols alone, which has no words, occurs where these very symbols do: the ™ of a text is
    no `tm` in it, as it would be in a folded form.
    """
    padded = f" {normalise(text)} "
    return any(
        f" {wanted} " in padded
        if (wanted := normalise(answer))
        else is_symbols(answer) and answer.strip() in clean_characters(text)
        for answer in map(clean_characters, accepted)
    )


def shows_answer(episode: Episode, first: int | None = None) -> bool:
    """Tell whether an accepted answer stands in one of the quotes (the first so many) of an answer.

    Which is what an episode is for: where it does, the answer can be read off and checked.
    """
    quotes = episode.answer.quotes[:first] if episode.answer else ()
    return any(stands_in(episode.question.accepted, quote.text) for quote in quotes)


def is_empty(text: str) -> bool:
    """Tell whether a text says nothing at all, neither by a word nor by symbols alone."""
    return not normalise(text) and not is_symbols(text)


def says_nothing_found(text: str) -> bool:
    """Tell whether an answer is empty, or begins with the sentence that nothing was found.

    "I found nothing that answers this in full, but ..." is another sentence, and an answer.
    """
    first = _STOP.split(text.strip(), maxsplit=1)[0]
    return is_empty(text) or normalise(first) == normalise(NOTHING_FOUND)
