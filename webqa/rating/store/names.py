"""Names of people and campaigns: in one form, and which of them are the same. Knows no table."""

from __future__ import annotations

import unicodedata


def one_form(name: str) -> str:
    """Return a name in one form of Unicode, without what nobody sees.

    >>> one_form("  Zoe\u0308 \u200b\uff21. ")
    'Zoë A.'
    """
    kept = (sign for sign in name if sign.isspace() or unicodedata.category(sign)[0] != "C")
    return " ".join(unicodedata.normalize("NFKC", "".join(kept)).split())


def folded(name: str) -> str:
    """Return what is the same of two names that nobody could tell apart in speech.

    Not caught: letters of other scripts that look alike (a Cyrillic for a Latin a), digits for
    letters (l and 1), and the few letters that are drawn as nothing (the Hangul fillers).

    >>> folded("STRASSE ") == folded("straße")
    True
    """
    return unicodedata.normalize("NFKC", one_form(name).casefold())
