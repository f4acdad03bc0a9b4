"""The set of lines that are legal now, as data. Made from the command table; knows no library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VERSION = "1"
"""Raised when the same observation gives another set; completions record it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A command that can be carried out now, and what may stand behind its prefix.

    A command may have several lines; what one of them allows is legal.
    """

    command: str
    """Name in env.actions.COMMANDS."""
    prefix: str
    kind: Literal["nothing", "text", "choice", "words", "span"]
    choices: tuple[str, ...] = ()
    """choice: one of these. words: some of these, at least one, in this order, spaces between.
    span: a run of whole words of one of these texts (words with single spaces between)."""
    without: tuple[str, ...] = ()
    """words: texts that are not legal."""


@dataclass(frozen=True, slots=True)
class Legal:
    """All that may be written now: one of `lines`, or while answering an answer."""

    lines: tuple[Line, ...] = ()
    answering: bool = False
    citations: int = 0
    """Answering: the marks `[1]` to `[citations]` exist; at least one must be written, or that
    nothing was found (env.answers.NOTHING_FOUND). Square brackets stand in marks alone."""
    quoted: tuple[str, ...] = ()
    """Answering with quotes only: their texts, in order, each on one line; empty: free text."""
