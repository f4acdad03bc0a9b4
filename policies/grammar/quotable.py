"""What can be quoted from the screen: sentences, and runs of words, as the browser will find them.

The browser looks for a quote in the page from the top of the window; the text on the screen
without its link marks is where that search begins, so what it finds is known here without the
page. Knows no policy and no grammar library.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from env.actions import JOINER
from env.records import Observation
from env.text import SearchForm, Span, fold
from env.view import unmark
from env.web.passages import sentences

SHORTEST = 20
"""Characters of a sentence that is worth a quote."""
WHOLE = 8
"""Words up to which a sentence is written whole."""
ENDS = 3
"""Words before and behind the joiner, where no more are needed to be found."""
MOST_SENTENCES = 5
"""Sentences of a quote that is written by its first and last words."""
LONGEST = 3900
"""Characters of a quote's text in a command; the parser refuses more than 4,000."""
_STOP = re.compile(r"[.!?。！？][\"'”’)\]]*$")
_CUTS = ("; ", ", ")


@dataclass(frozen=True, slots=True)
class Screen:
    """The text of a window without link marks, searchable, and what a quote from it may be."""

    form: SearchForm
    quoted: tuple[str, ...]
    """Texts of the quotes kept so far."""
    limit: int
    """Characters of the longest quote that can still be kept."""
    above: bool
    """Whether the page goes on above the window, perhaps in its first line."""
    below: bool
    """Whether the page goes on below the window in its last line."""


def look(observation: Observation) -> Screen:
    """Return the screen of an observation."""
    text = unmark(observation.text)
    limit = min(observation.quote_limit or LONGEST, observation.quote_characters_left, LONGEST)
    return Screen(
        SearchForm(text),
        tuple(quote.text for quote in observation.quotes),
        limit,
        "up" in observation.commands,
        "down" in observation.commands and not text.endswith("\n"),
    )


def write_span(form: SearchForm, span: Span) -> str:
    """Return how a span is quoted: whole, or `<first words>━<last words>`; empty: it cannot be.

    As few words as the browser needs to find this very span, three and three at the least.
    """
    words = form.text[span.start : span.end].split()
    whole = " ".join(words)
    if len(words) > WHOLE and (short := _shortened(form, span, words)):
        return short
    return whole if JOINER not in whole and form.find(whole) == span else ""


def _shortened(form: SearchForm, span: Span, words: Sequence[str]) -> str:
    for first in range(ENDS, len(words) - ENDS):
        head = form.find(" ".join(words[:first]))
        if head and head.start == span.start:
            break
    else:
        return ""
    for last in range(ENDS, len(words) - first):
        tail = form.find(" ".join(words[-last:]), head.end)
        if tail and tail.end == span.end:
            written = JOINER.join((" ".join(words[:first]), " ".join(words[-last:])))
            return written if written.count(JOINER) == 1 else ""
    return ""


def whole_sentences(screen: Screen) -> list[Span]:
    """Return the sentences that are worth a quote; those too long for one in parts.

    Headings are left out, and what the window's edge cuts in two.
    """
    text = screen.form.text
    # Where the sentence before it has ended, the letter stands apart, and is what is dropped.
    found = list(sentences(text + "A" * screen.below))[: -1 if screen.below else None]
    if found and screen.above and _goes_on(text[found[0].start]):
        del found[0]
    return [
        part
        for start, end in found
        if not text.startswith("#", start)
        for part in _parts(text, start, end, screen.limit)
        if part.end - part.start >= SHORTEST
    ]


def _goes_on(character: str) -> bool:
    return character.islower() or _leans(character)


def _parts(text: str, start: int, end: int, limit: int) -> Iterator[Span]:
    """Cut what is too long at the last comma, or space, that leaves at least half."""
    while end - start > limit > 0:
        reach = start + limit
        cut = max(text.rfind(mark, start + limit // 2, reach) for mark in _CUTS)
        cut = cut + 1 if cut > 0 else text.rfind(" ", start + 1, reach)
        if cut <= start:
            return
        yield Span(start, start + len(text[start:cut].rstrip()))
        start = cut + len(text[cut:end]) - len(text[cut:end].lstrip())
    if start < end <= start + limit:
        yield Span(start, end)


class Sentence(NamedTuple):
    """A sentence that may be quoted, and how it is written."""

    span: Span
    form: str


def quotable_sentences(screen: Screen) -> list[Sentence]:
    """Return the sentences of the screen that may be quoted: those that no quote holds yet."""
    kept = [fold(text) for text in screen.quoted]
    text = screen.form.text
    found: dict[str, Sentence] = {}
    for span in whole_sentences(screen):
        if not any(fold(text[span.start : span.end]) in one for one in kept):
            form = write_span(screen.form, span)
            found.setdefault(form, Sentence(span, form))
    found.pop("", None)
    return list(found.values())


def sentence_forms(screen: Screen) -> tuple[str, ...]:
    """Return how each sentence of the screen is quoted that no quote holds yet."""
    return tuple(sentence.form for sentence in quotable_sentences(screen))


def passage_forms(screen: Screen) -> tuple[str, ...]:
    """Return how each run of adjacent sentences is quoted, one sentence included."""
    spans, text = whole_sentences(screen), screen.form.text
    kept = {fold(quote) for quote in screen.quoted}
    runs = (
        Span(start, end)
        for place, (start, _) in enumerate(spans)
        for _, end in spans[place : place + MOST_SENTENCES]
        if end - start <= screen.limit and fold(text[start:end]) not in kept
    )
    return _written(screen, runs)


def _written(screen: Screen, spans: Iterator[Span]) -> tuple[str, ...]:
    forms = (write_span(screen.form, span) for span in spans)
    return tuple(dict.fromkeys(form for form in forms if form))


def run_texts(screen: Screen) -> tuple[str, ...]:
    """Return texts of which every run of whole words can be quoted.

    Lines, longer ones in parts, cut wherever a run would be what is quoted already.
    """
    text = screen.form.text
    room = _room(text, screen.limit)
    kept = [SearchForm(quote) for quote in screen.quoted]
    end = len(text)
    if screen.below and not text[-1:].isspace():
        end = len(text) - len(text.split()[-1])
    texts = (
        " ".join(words)
        for line in text[:end].split("\n")
        for piece in _findable(line.split())
        for part in _short(piece, room)
        for words in _unquoted(part, kept)
    )
    return tuple(dict.fromkeys(texts))


def _findable(words: Sequence[str]) -> Iterator[list[str]]:
    """Cut at words that would not be found as written: those that begin with a combining mark."""
    piece: list[str] = []
    for word in words:
        if JOINER in word or _leans(word[0]) or not fold(word):
            yield piece
            piece = []
        else:
            piece.append(word)
    yield piece


def _leans(character: str) -> bool:
    """Tell whether a character makes one with the character before it."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0


def _short(words: Sequence[str], room: int) -> Iterator[list[str]]:
    """Cut into parts of at most `room` folded characters, behind a full stop if there is one."""
    part: list[str] = []
    for word in words:
        while part and _size(part) + _size([word]) > room:
            cut = max((place for place, one in enumerate(part, 1) if _STOP.search(one)), default=0)
            cut = cut or len(part)
            yield part[:cut]
            part = part[cut:]
        if _size([word]) <= room:
            part.append(word)
    yield part


def _size(words: Sequence[str]) -> int:
    return len("".join(map(fold, words)))


def _unquoted(words: Sequence[str], kept: Sequence[SearchForm]) -> Iterator[Sequence[str]]:
    """Yield the longest runs that hold no run which the browser would call quoted already."""
    folds = [fold(word) for word in words]
    known = {interval for form in kept for interval in _quoted_runs(folds, form)}
    start, before = 0, -1
    for first, last in sorted(known, key=lambda interval: (interval[1], -interval[0])):
        if first > before:  # otherwise it holds the one before it
            if last - 1 > start:
                yield words[start : last - 1]
            start, before = first + 1, first
    if start < len(words):
        yield words[start:]


def _quoted_runs(folds: Sequence[str], quote: SearchForm) -> Iterator[tuple[int, int]]:
    """Yield the runs (first, behind last) that would be found as the whole of a quote.

    Such a run begins in the quote's first character with its combining marks and ends in its last
    one, so it holds all that stands between them: only where that stands in the text is tried.
    """
    joined, whole = "".join(folds), Span(0, len(quote.text))
    begins = {end - len(fold): place for place, (end, fold) in enumerate(_ends(folds))}
    ends = {end: place for place, (end, _) in enumerate(_ends(folds), 1)}
    head, size = _first_size(quote.text), len(quote.folded)
    tail = size - _last_size(quote.text)
    found: dict[str, bool] = {}
    at = joined.find(quote.folded[head:tail])
    while at >= 0:
        for start in range(max(0, at - head), at):
            skipped = start - at + head
            for end in range(start + max(1, tail + 1 - skipped), start + size - skipped + 1):
                if start in begins and end in ends:
                    run = joined[start:end]
                    if run not in found:
                        found[run] = quote.find(run) == whole
                    if found[run]:
                        yield begins[start], ends[end]
        at = joined.find(quote.folded[head:tail], at + 1)


def _ends(folds: Sequence[str]) -> Iterator[tuple[int, str]]:
    return zip(accumulate(map(len, folds)), folds, strict=True)


def _first_size(text: str) -> int:
    """Return the folded characters of a text's first character with its combining marks."""
    end = next((place for place in range(1, len(text)) if not _leans(text[place])), len(text))
    return len(fold(text[:end]))


def _last_size(text: str) -> int:
    start = next((place for place in range(len(text) - 1, 0, -1) if not _leans(text[place])), 0)
    return len(fold(text[start:]))


def _room(text: str, limit: int) -> int:
    """Return how many folded characters no span longer than `limit` can hold.

    Finding ignores white space, so what is found may be longer than what was written.
    """
    empty = {one for one in set(text) if unicodedata.combining(one) or not fold(one)}
    shown = [place for place, one in enumerate(text) if one not in empty]
    shown.append(len(text))

    def too_long(count: int) -> bool:
        return (
            any(end - start > limit for start, end in zip(shown, shown[count:], strict=False))
            or count > limit
        )

    return bisect_right(range(1, max(2, len(shown))), False, key=too_long)
