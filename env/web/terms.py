"""Words as the index sees them: folded to ASCII, in lower case, stemmed; and the stop words.

One analyser, tantivy's own, makes the terms of the index, of queries and of snippets, so the three
can never disagree. Stemming is English; words of other languages are folded and kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import tantivy

ANALYSER = "webqa-english-1"
"""Name under which an index knows the analyser; changes when the terms change."""

_STOP = """
    a about after all also an and any are as at be because been before being between both but by
    can could d did do does doing done during each either else ever every few for from further get
    had has have having he her here hers him his how i if in into is it its itself just ll m many
    may me might mine more most much must my neither no nor not now of off often on once only or
    other our ours out over own re s same shall she should since so some such t than that the their
    theirs them then there these they this those though through thus to too under until up upon us
    ve very was we were what when where whether which while who whom whose why will with within
    without would yet you your yours
"""
STOP_WORDS = frozenset(_STOP.split())
"""Words that say too little about a page to search for."""


class Term(NamedTuple):
    """One word of a text: `text[start:end]` became `stem`."""

    stem: str
    start: int
    end: int


@lru_cache(maxsize=1)
def analyser() -> tantivy.TextAnalyzer:
    """Return the analyser; made once."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (Filter.remove_long(64), Filter.lowercase(), Filter.ascii_fold()):
        builder = builder.filter(step)
    return builder.filter(Filter.stemmer("english")).build()


def stems(text: str) -> list[str]:
    """Return the terms of a text in order."""
    return analyser().analyze(text)


class _Stems(dict[str, str]):
    """Terms of single words, worked out once; as a dictionary it is quick to ask."""

    def __missing__(self, word: str) -> str:
        if len(self) > 200_000:
            self.clear()
        stem = self[word] = next(iter(analyser().analyze(word)), "")
        return stem


_STEMS = _Stems()


def stem_of(word: str) -> str:
    """Return the term of one word."""
    return _STEMS[word]


def stems_of(words: Iterable[str]) -> list[str]:
    """Return the term of each word."""
    return list(map(_STEMS.__getitem__, words))


def terms(text: str) -> list[Term]:
    """Return the terms of a text with their places."""
    found = analyser().pre_tokenize(text).tokens
    return [Term(token.text, token.char_offset_from, token.char_offset_to) for token in found]


def query_stems(query: str, limit: int = 64) -> tuple[str, ...]:
    """Return what to search for: distinct terms without stop words, unless there is nothing else.

    Args:
        query: any text.
        limit: number of terms; the rest of a longer query is left out.
    """
    found = terms(query[:10_000])
    kept = [term for term in found if query[term.start : term.end].lower() not in STOP_WORDS]
    return tuple(dict.fromkeys(term.stem for term in kept or found))[:limit]
