"""Aids for small models: the page's text with the question's words marked, its sentences numbered.

`★` stands before a word of the text that has the stem of a telling word of the question, `⟨3⟩`
before the third sentence that may be quoted. They stand in prompts alone; what the browser does
knows nothing of them. What they do for a model must be told beside its results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from env.records import Observation
from env.view import LINK_MARK
from policies.extractive.words import STOP, plain, stem, words
from policies.grammar.legal import NUMBER
from policies.grammar.quotable import look, quotable_sentences

MARK = "★"
# No plain angle brackets, which could make a control token.
_PLAIN = str.maketrans({MARK: "*", "⟨": "‹", "⟩": "›"})
_WORD = re.compile(r"\w+(?:['’]\w+)?")


class _Piece(NamedTuple):
    """A stretch of the text that readers see, and where it stands with and without link marks."""

    text: str
    shown: int
    plain: int
    mark: int
    """Where the link mark begins that it is the anchor of; else where it begins itself."""


def with_aids(observation: Observation) -> Observation:
    """Return the observation with marks and numbers in its text, as a prompt shows it."""
    # A page cannot mark or number its own words: the same signs in it become others.
    text = observation.text.translate(_PLAIN)
    pieces = list(_pieces(text))
    wanted = question_stems(observation.question)
    placed = [
        (piece.shown + found.start(), 1, MARK)
        for piece in pieces
        for found in _WORD.finditer(piece.text)
        if stem(plain(found[0])) in wanted
    ]
    if "quote" in observation.commands:
        for number, sentence in enumerate(quotable_sentences(look(observation)), start=1):
            placed.append((_shown(pieces, sentence.span.start), 0, NUMBER.format(number)))
    parts, end = [], 0
    for place, _, aid in sorted(placed):
        parts += [text[end:place], aid]
        end = place
    return replace(observation, text="".join([*parts, text[end:]]))


def question_stems(question: str) -> frozenset[str]:
    """Return the stems of the telling words of a question."""
    return frozenset(stem(word) for one in words(question) if (word := plain(one)) not in STOP)


def _pieces(text: str) -> Iterator[_Piece]:
    """Cut a text at its link marks; of a mark the anchor is a piece."""
    end = unmarked = 0
    for mark in LINK_MARK.finditer(text):
        for piece, shown, begin in (
            (text[end : mark.start()], end, end),
            (mark[2], mark.start(2), mark.start()),
        ):
            yield _Piece(piece, shown, unmarked, begin)
            unmarked += len(piece)
        end = mark.end()
    yield _Piece(text[end:], end, unmarked, end)


def _shown(pieces: list[_Piece], place: int) -> int:
    """Return where a place of the text without link marks stands in the one with them."""
    for piece in pieces:
        if piece.plain <= place < piece.plain + len(piece.text):
            within = piece.mark != piece.shown
            return piece.mark if within else piece.shown + place - piece.plain
    return pieces[-1].shown + len(pieces[-1].text)
