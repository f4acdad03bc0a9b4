"""Suggestions for names that a user mistyped."""

from __future__ import annotations

from collections.abc import Iterable


def unknown(kind: str, given: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that is not known, with the nearest one if one is near."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(given, names, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"unknown {kind} {given!r}. {hint}Known: {', '.join(names)}"
