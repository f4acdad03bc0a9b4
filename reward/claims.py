"""An answer as its claims: each sentence, and the quotes that it cites. Judges nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from env.answers import normalise
from env.citations import MARK, cited_numbers, strip_citations
from env.records import Answer, Quote
from env.words import has_words, is_symbols
from policies.extractive.candidates import split_sentences

_MARKS_BEHIND = re.compile(
    rf"(?<![.!?。！？｡])([.!?。！？｡]+[\"'”’)」』）】]*)((?:[ \t]*{MARK.pattern})+)"
)
"""`sky. [1]`: the mark belongs to the sentence that the stop ends."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer."""

    text: str
    """Without marks."""
    cited: tuple[int, ...] = ()
    """Numbers of the quotes that its marks name, each once; those that do not exist are left
    out."""
    quotes: tuple[Quote, ...] = ()
    """The quotes with these numbers."""
    marks: int = 0
    """Numbers in its marks, those that are repeated or do not exist included."""


def claims_of(answer: Answer) -> list[Claim]:
    """Return the claims of an answer, in order.

    A mark belongs to the sentence in which, or directly behind which, it stands. A sentence
    without a mark that stands word for word in quotes that the next mark of its paragraph names
    cites these, too: a quote of several sentences carries one mark behind the last.
    """
    found: list[Claim] = []
    # A row of dashes or stars between sentences says nothing; ∞ as the whole answer does.
    says = is_symbols if is_symbols(strip_citations(answer.text)) else has_words
    for line in answer.text.split("\n"):
        inside = _MARKS_BEHIND.sub(_inside, line)
        claims = [_claim(one.text, answer.quotes, says) for one in split_sentences(inside)]
        found += _inherited([claim for claim in claims if claim.text or claim.marks])
    return found


def _inside(behind: re.Match[str]) -> str:
    return f" {behind[2].strip()}{behind[1]}"


def _claim(sentence: str, quotes: Sequence[Quote], says: Callable[[str], bool]) -> Claim:
    cited = tuple(number for number in cited_numbers(sentence) if 1 <= number <= len(quotes))
    marks = sum(mark[0].count(",") + 1 for mark in MARK.finditer(sentence))
    text = strip_citations(sentence).strip()
    return Claim(
        text if says(text) else "", cited, tuple(quotes[number - 1] for number in cited), marks
    )


def _inherited(claims: list[Claim]) -> list[Claim]:
    """Give a sentence without a mark those quotes of the next marked one in which it stands."""
    following: Claim | None = None
    for place in range(len(claims) - 1, -1, -1):
        claim = claims[place]
        if claim.marks:
            following = claim
        elif following:
            cited = zip(following.cited, following.quotes, strict=True)
            holding = [one for one in cited if _holds(one[1], claim.text)]
            claims[place] = replace(
                claim,
                cited=tuple(number for number, _ in holding),
                quotes=tuple(quote for _, quote in holding),
            )
    return claims


def _holds(quote: Quote, text: str) -> bool:
    return f" {normalise(text)} " in f" {normalise(quote.text)} "
