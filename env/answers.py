"""Accepted answers: how texts are normalised and matched, and the sentence for finding nothing.

Used by demonstrators, simulated raters and metrics alike. The official metrics of TriviaQA, SQuAD
and others have their own normalisations, which live with the metrics.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from env.text import fold
from env.words import apart, is_symbols

if TYPE_CHECKING:
    from env.records import Episode

NOTHING_FOUND = "I found nothing that answers this."


def normalise(text: str) -> str:
    """Lower-case, turn punctuation and symbols into spaces, collapse white space.

    Characters that are written without spaces stand apart: see `env.words`.
    """
    kept = (
        " " if unicodedata.category(character)[0] in "PSZC" else character
        for character in text.lower()
    )
    return " ".join(apart("".join(kept)).split())


def stands_in(accepted: Iterable[str], text: str) -> bool:
    """Tell whether one of the accepted answers occurs in the text as whole words.

    One of symbols alone, which has no words, occurs where these symbols do.
    """
    padded = f" {normalise(text)} "
    return any(
        f" {wanted} " in padded
        if (wanted := normalise(answer))
        else is_symbols(answer) and fold(answer) in fold(text)
        for answer in accepted
    )


def shows_answer(episode: Episode, first: int | None = None) -> bool:
    """Tell whether an accepted answer stands in one of the quotes (the first so many) of an answer.

    Which is what an episode is for: where it does, the answer can be read off and checked.
    """
    quotes = episode.answer.quotes[:first] if episode.answer else ()
    return any(stands_in(episode.question.accepted, quote.text) for quote in quotes)


def says_nothing_found(text: str) -> bool:
    """Tell whether an answer says that nothing was found."""
    wanted = normalise(NOTHING_FOUND)
    given = normalise(text)
    return given.startswith(wanted) if given else not is_symbols(text)
