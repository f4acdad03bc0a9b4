"""Accepted answers: how texts are normalised and matched, and the sentence for finding nothing.

Used by demonstrators, simulated raters and metrics alike. The official metrics of TriviaQA, SQuAD
and others have their own normalisations, which live with the metrics.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

NOTHING_FOUND = "I found nothing that answers this."


def normalise(text: str) -> str:
    """Lower-case, turn punctuation and symbols into spaces, collapse white space."""
    kept = (
        " " if unicodedata.category(character)[0] in "PSZC" else character
        for character in text.lower()
    )
    return " ".join("".join(kept).split())


def stands_in(accepted: Iterable[str], text: str) -> bool:
    """Tell whether one of the accepted answers occurs in the text as whole words."""
    padded = f" {normalise(text)} "
    return any((wanted := normalise(answer)) and f" {wanted} " in padded for answer in accepted)


def says_nothing_found(text: str) -> bool:
    """Tell whether an answer says that nothing was found."""
    wanted = normalise(NOTHING_FOUND)
    return not (given := normalise(text)) or given.startswith(wanted)
