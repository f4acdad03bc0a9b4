"""Aids for small models: the page's text with the question's words marked, its sentences numbered.

`⟨3⟩` stands before the third sentence that may be quoted, and again before each of its words that
has the stem of a telling word of the question; elsewhere `★` marks such words. So the number that
stands there most often is that of the sentence with most of the question's words. For a small
reward model `⟨3⟩` stands so before words of the third quote. They stand in prompts alone; what the
browser does knows nothing of them. What they do for a model must be told beside its results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from env.records import Answer, Observation
from env.text import Span
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
    spans = _numbered(observation)
    placed = [
        (piece.shown + found.start(), 1, _mark(spans, piece.plain + found.start()))
        for piece in pieces
        for found in _WORD.finditer(piece.text)
        if stem(plain(found[0])) in wanted
    ]
    placed += [
        (_shown(pieces, span.start), 0, NUMBER.format(number))
        for number, span in enumerate(spans, start=1)
    ]
    parts, end = [], 0
    for place, _, aid in sorted(placed):
        parts += [text[end:place], aid]
        end = place
    return replace(observation, text="".join([*parts, text[end:]]))


def mark_words(text: str, stems: frozenset[str], mark: str = MARK) -> str:
    """Return a text with a mark before each word that has one of the stems."""

    def marked(found: re.Match[str]) -> str:
        return mark + found[0] if stem(plain(found[0])) in stems else found[0]

    return _WORD.sub(marked, text.translate(_PLAIN))


def with_marks(answer: Answer) -> Answer:
    """Return the answer with the question's words marked, in a quote by the quote's number."""
    wanted = question_stems(answer.question)
    quotes = tuple(
        replace(
            quote,
            text=mark_words(quote.text, wanted, NUMBER.format(number)),
            title=mark_words(quote.title, wanted, NUMBER.format(number)),
        )
        for number, quote in enumerate(answer.quotes, start=1)
    )
    return replace(answer, text=mark_words(answer.text, wanted), quotes=quotes)


def _numbered(observation: Observation) -> list[Span]:
    """Return the spans of the sentences that may be quoted, in the text without link marks."""
    if "quote" not in observation.commands:
        return []
    return [sentence.span for sentence in quotable_sentences(look(observation))]


def _mark(spans: Sequence[Span], place: int) -> str:
    """Return the mark of a word: the number of its sentence, if it has one."""
    for number, span in enumerate(spans, start=1):
        if span.start <= place < span.end:
            return NUMBER.format(number)
    return MARK


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
