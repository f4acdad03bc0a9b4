"""What a sentence says otherwise than the quotes it cites: numbers, names, and what it denies.

By words and their neighbours alone; heuristics for English. Knows no answer, judge or critique.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from policies.extractive.words import STOP, plain, stem

NEAR = 5
"""Words on each side that tell what a word is about."""
_WORD = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:st|nd|rd|th|s)?(?!\w)|\w+(?:['’]\w+)?")
_NUMBER = re.compile(r"(\d+(?:,\d{3})*(?:\.\d+)?)(?:st|nd|rd|th|s)?")
_NEGATORS = frozenset("not never no cannot neither nor none without".split())
_AFTER_NEGATOR = 4
"""Words behind a negation among which the first telling one is what it denies."""
_WEAKER = frozenset("only just merely longer doubt".split())
"""`Not only` denies nothing, and `no longer` is a matter of time."""
_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_SPELLED = dict(
    zip(
        """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
        sixteen seventeen eighteen nineteen twenty""".split(),
        map(str, range(2, 21)),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word in its place."""

    text: str
    start: int
    end: int
    stem: str
    number: str = ""
    """Its value in one spelling; empty for a word that is no number, nor a month of a date."""

    @property
    def tells(self) -> bool:
        """Whether it says anything by itself."""
        return plain(self.text) not in STOP

    @property
    def is_name(self) -> bool:
        """Whether it is written as a name."""
        return self.text[0].isupper() and len(self.text) > 1 and self.tells and not self.number


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in a sentence that its evidence does not say."""

    kind: Literal["number", "name", "negation"]
    start: int
    """In the sentence, in code points."""
    end: int
    text: int = -1
    """Place of the evidence that says something else; -1: none does."""
    text_start: int = 0
    """Of what it says, in code points."""
    text_end: int = 0


def differences(
    sentence: str, evidence: Sequence[str], known: Sequence[str] = ()
) -> list[Difference]:
    """Return what a sentence says otherwise than its evidence, in the order of the sentence.

    Args:
        sentence: without marks of citation.
        evidence: texts that are read together.
        known: texts, such as titles and the question, whose names and numbers are no news.
    """
    told = words_of(sentence)
    texts = [words_of(text) for text in evidence]
    said = {form for text in [*texts, *map(words_of, known)] for form in map(_form, text)}
    found = [*_missing("number", told, texts, said), *_missing("name", told, texts, said)]
    found += _denied(told, texts)
    return sorted(found, key=lambda one: one.start)


@lru_cache(maxsize=1000)
def words_of(text: str) -> tuple[Word, ...]:
    """Return the words of a text, with their places."""
    found = [
        Word(match[0], *match.span(), stem(plain(match[0])), _value(match[0]))
        for match in _WORD.finditer(text)
    ]
    months = {at: month for at in range(len(found)) if (month := _month(found, at))}
    return tuple(
        replace(word, number=months[at]) if at in months else word for at, word in enumerate(found)
    )


def near(words: Sequence[Word], at: int) -> set[str]:
    """Return the telling stems on both sides of a word: what it is said of."""
    around = (*words[max(0, at - NEAR) : at], *words[at + 1 : at + 1 + NEAR])
    return {word.stem for word in around if word.tells}


def _value(word: str) -> str:
    if number := _NUMBER.fullmatch(word):
        return number[1].replace(",", "")
    return _SPELLED.get(word.lower(), "")


def _month(found: Sequence[Word], at: int) -> str:
    """Return the month that a word names, if a number stands beside it; `may` may be a verb."""
    lowered = found[at].text.lower()
    if lowered not in _MONTHS or not found[at].text[0].isupper():
        return ""
    beside = (*found[max(0, at - 2) : at], *found[at + 1 : at + 2])
    return lowered if any(one.text[0].isdigit() for one in beside) else ""


def _form(word: Word) -> str:
    return word.number or word.stem


def _is(kind: str, words: Sequence[Word], at: int) -> bool:
    """Tell whether a word is of a kind; the first of a sentence has its capital from there."""
    if kind == "number":
        return bool(words[at].number)
    return words[at].is_name and (at > 0 or (len(words) > 1 and words[1].is_name))


def _missing(
    kind: Literal["number", "name"],
    told: Sequence[Word],
    texts: Sequence[Sequence[Word]],
    said: set[str],
) -> Iterator[Difference]:
    """Yield the numbers or names that no evidence has, those side by side as one."""
    run: list[int] = []
    for at, word in enumerate((*told, None)):
        if word and _is(kind, told, at) and _form(word) not in said:
            run.append(at)
        elif run:
            yield _instead(kind, told, run, texts)
            run = []


def _instead(
    kind: Literal["number", "name"],
    told: Sequence[Word],
    run: Sequence[int],
    texts: Sequence[Sequence[Word]],
) -> Difference:
    """Return a difference, with what stands in the place of it in the evidence, if one does."""
    start, end = told[run[0]].start, told[run[-1]].end
    about = near(told, run[0]) | near(told, run[-1])
    here = set(map(_form, told))
    found = [
        (len(about & near(text, at)), -number, -at)
        for number, text in enumerate(texts)
        for at, word in enumerate(text)
        if _is(kind, text, at) and _form(word) not in here and _alike(word, told[run[0]])
    ]
    shared, number, at = max(found, default=(0, 0, 0))
    if shared < _SHARED[kind]:
        return Difference(kind, start, end)
    word = texts[-number][-at]
    return Difference(kind, start, end, -number, word.start, word.end)


_SHARED = {"number": 1, "name": 2, "negation": 2}
"""Telling words that the neighbours must share for two places to speak of the same."""


def _alike(one: Word, other: Word) -> bool:
    """Tell whether two words can stand for each other: both months, or numbers of like length."""
    if not one.number or not other.number:
        return not one.number and not other.number
    digits = one.number[0].isdigit(), other.number[0].isdigit()
    return digits == (False, False) or (all(digits) and _is_year(one) == _is_year(other))


def _is_year(word: Word) -> bool:
    return len(word.number) == 4 and word.text.isdigit()


def _denied(told: Sequence[Word], texts: Sequence[Sequence[Word]]) -> Iterator[Difference]:
    """Yield what the sentence denies and its evidence says, or the other way round."""
    own = _negations(told)
    for number, text in enumerate(texts):
        others = _negations(text)
        for at, negator in own.items():
            there = _said_of(told, at, text)
            if there >= 0 and told[at].stem not in {text[one].stem for one in others}:
                span = told[negator].start, told[at].end
                yield Difference("negation", *span, number, text[there].start, text[there].end)
        for at, negator in others.items():
            here = _said_of(text, at, told)
            if here >= 0 and text[at].stem not in {told[one].stem for one in own}:
                span = told[max(0, here - 1)].start, told[here].end
                yield Difference("negation", *span, number, text[negator].start, text[at].end)


def _negations(words: Sequence[Word]) -> dict[int, int]:
    """Return the places of the words that are denied, and of what denies each."""
    found: dict[int, int] = {}
    for at, word in enumerate(words):
        lowered = word.text.lower().replace("’", "'")
        behind = words[at + 1 : at + 1 + _AFTER_NEGATOR]
        if (lowered not in _NEGATORS and not lowered.endswith("n't")) or not behind:
            continue
        telling = next((place for place, one in enumerate(behind) if one.tells), None)
        if telling is not None and behind[0].text.lower() not in _WEAKER:
            found[at + 1 + telling] = at
    return found


def _said_of(words: Sequence[Word], at: int, others: Sequence[Word]) -> int:
    """Return where other words say the same word of the same; -1: nowhere."""
    about = near(words, at)
    for place, one in enumerate(others):
        if one.stem == words[at].stem:
            there = near(others, place)
            fewest = min(_SHARED["negation"], len(about), len(there))
            if len(about & there) >= max(1, fewest):
                return place
    return -1
