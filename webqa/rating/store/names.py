"""Names of people and campaigns: in one form, and which of them are the same. Knows no table."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Marks and letters that are drawn as nothing (Unicode: default ignorable)."""
_BLANK = "\u2800"
"""The Braille pattern without a dot."""


def one_form(name: str) -> str:
    """Return a name in one form of Unicode, without what nobody sees.

    >>> one_form("  Zoe\u0308 \u200b\uff21. ")
    'Zoë A.'
    """
    seen = _UNSEEN.sub("", name.replace(_BLANK, " "))
    kept = (sign for sign in seen if sign.isspace() or unicodedata.category(sign)[0] != "C")
    return " ".join(unicodedata.normalize("NFKC", "".join(kept)).split())


def folded(name: str) -> str:
    """Return what is the same of two names that nobody could tell apart in speech.

    Not caught: letters of other scripts that look alike (a Cyrillic for a Latin a), and digits for
    letters (l and 1).

    >>> folded("STRASSE ") == folded("straße")
    True
    """
    return unicodedata.normalize("NFKC", one_form(name).casefold())
