"""Small changes of a sentence that make it false and leave it grammatical: number, name, negation.

Each finder yields what could be changed in a sentence, with what it would become. English only;
knows no answer, no quote and no judge.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from policies.extractive.words import STOP, plain

MONTHS = (
    "January February March April May June July August September October November December".split()
)
_NUMBER = re.compile(r"(?<![\w.,:/°′-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w:/°′]|[.,]\d|\s?[-–—]\s?\d)")
_RANGE_BEFORE = re.compile(r"\d\s?[-–—]\s?$")
_AUXILIARY = re.compile(r"\b(is|are|was|were|can|could|will|would|has been|have been|had been)\b")
_NEGATED = re.compile(
    r"\b(is|are|was|were|can|could|will|would|has|have|had) (?:not|never)(?= [a-z])"
)
_NOT_BEHIND = re.compile(
    r"\s+(?:not|never|no|only|also|just|still|often|usually|mainly|mostly|nor|neither|hardly|none"
    r"|probably|perhaps|sometimes|already|generally|widely|largely|about|said|considered one"
    r"|it|he|she|they|there|you|we|I)\b|\s*[^\w\s]|\s*$"
)
_NOT_BEFORE = re.compile(
    r"(?:\b(?:as|than|if|whether|that|what|how|where|but|not|nor|so)|[,(])\s*$",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-ZÀ-Þ][^\W\d_]+(?:['’][a-z]+)?(?: [A-ZÀ-Þ][^\W\d_]+)*")
_CUES = "in|by|from|near"
"""Prepositions that tell what kind of thing a name is: places are `in`, people do things `by`."""
_WEAK_CUES = "of|to|at|with|against|between|on"
"""Those that tell it only together with the word before them: `capital of`, `lost to`."""
_CUE = re.compile(rf"\b({_CUES}|[a-z]+ (?:{_WEAK_CUES})) (the )?$")
_PART_BEFORE = re.compile(r"[A-ZÀ-Þ]\w+ $")
_PART_BEHIND = re.compile(
    r"\.? of\b|\. \w|[-'’/]| \d|,? (?:and|or|&) [A-ZÀ-Þ]|, [A-ZÀ-Þ]| the [A-ZÀ-Þ]"
)
_NO_NAMES = frozenset(
    """The This That These Those It He She They There Here In On At Of For From By With And Or But
    Its His Her Their Not No A An As However Although When While After Before During Since Some Many
    Most One Two Three First Other Another Each Both All If So Such Also""".split()
)


@dataclass(frozen=True, slots=True)
class Change:
    """A span of a sentence and what comes in its place."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name and what stands around it: names that stand alike can stand for each other."""

    text: str
    start: int
    end: int
    place: tuple[str, bool, int, bool]
    """What tells its kind, whether `the` stands between, how many words it has, and whether
    it ends like a plural."""


def number_changes(sentence: str, known: Collection[str], draw: Random) -> Iterator[Change]:
    """Yield for each number and month of a sentence a like one that is not known.

    Years stay within a few decades, days within a month; ranges, times and coordinates are left.

    Args:
        sentence: without marks.
        known: numbers, as they stand in the quotes; none of them is chosen.
        draw: what chooses.
    """
    for found in _NUMBER.finditer(sentence):
        if not _RANGE_BEFORE.search(sentence[: found.start()]):
            yield from _number(sentence, found, known, draw)
    for found in re.finditer(rf"\b({'|'.join(MONTHS)})\b(?= \d)|(?<=\d )\b({'|'.join(MONTHS)})\b",
                             sentence):  # fmt: skip
        others = [month for month in MONTHS if month != found[0] and month not in known]
        yield Change(*found.span(), draw.choice(others))


def _number(
    sentence: str, found: re.Match[str], known: Collection[str], draw: Random
) -> Iterator[Change]:
    text = found[0]
    if text in ("0", "1"):
        return  # what is counted would need another form
    others = [one for one in _like(sentence, found) if one not in known and one != text]
    if others:
        yield Change(*found.span(), draw.choice(others))


def _like(sentence: str, found: re.Match[str]) -> list[str]:
    """Return numbers that could stand in the place of one."""
    text = found[0]
    month = rf"(?:{'|'.join(MONTHS)})"
    dated = re.search(rf"{month} $", sentence[: found.start()]) or re.match(
        rf" {month}", sentence[found.end() :]
    )
    whole = text.replace(",", "")
    if "." in whole:
        digits = len(whole.partition(".")[2])
        return [f"{float(whole) * share:,.{digits}f}" for share in (0.6, 0.7, 1.4, 1.6)]
    value = int(whole)
    if dated and value <= 31:
        return [str(day) for day in range(2, 29)]
    if len(text) == 4 and text.isdigit() and 1000 <= value <= 2100:
        return [str(value + by) for by in (-23, -17, -12, -9, -6, 6, 9, 12, 17, 23)
                if value + by <= 2030]  # fmt: skip
    near = [round(value * share) for share in (0.4, 0.6, 0.7, 1.4, 1.7, 2.5)] + [value + 3]
    return [f"{one:,}" if "," in text else str(one) for one in near if one > 1]


def names_in(sentence: str) -> Iterator[Name]:
    """Yield the names in a sentence that can be exchanged: behind a preposition, and whole.

    Not what stands first, which has its capital from there; not a part of a longer name (House of
    Representatives, St. Louis); not what says of which kind another thing is (a Disney movie).
    """
    for found in _NAME.finditer(sentence):
        before, behind = sentence[: found.start()], sentence[found.end() :]
        cue = _CUE.search(before)
        if cue is None or _PART_BEFORE.search(before[: cue.start()]) or not _is_name(found[0]):
            continue
        if _PART_BEHIND.match(behind) or not _is_last(behind):
            continue
        text = found[0]
        place = (cue[1], bool(cue[2]), len(text.split()), text.endswith("s"))
        yield Name(text, found.start(), found.end(), place)


def _is_name(text: str) -> bool:
    words = text.split()
    return (
        not {*words} & {*_NO_NAMES, *MONTHS}
        and not text.endswith(("'s", "’s"))
        and len(words[-1]) > 2
    )


def _is_last(behind: str) -> bool:
    """Tell whether no noun follows, of which the name would be a part."""
    following = re.match(r" (\w+)", behind)
    return following is None or plain(following[1]) in STOP


def name_changes(
    sentence: str,
    others: Mapping[tuple[str, bool, int, bool], Sequence[str]],
    known: str,
    draw: Random,
) -> Iterator[Change]:
    """Yield for each name of a sentence another that stands like it elsewhere.

    Args:
        sentence: without marks.
        others: names by how they stand, the likeliest to be believed first.
        known: texts of the quotes and titles; a name of which a word stands there is not chosen.
        draw: what chooses among the first few.
    """
    there = {plain(word) for word in re.findall(r"\w+", known)}
    for name in names_in(sentence):
        fitting = [
            other
            for other in others.get(name.place, ())
            if not {plain(word) for word in other.split()} & there and _like_article(other, name)
        ]
        if fitting:
            yield Change(name.start, name.end, draw.choice(fitting[:5]))


def _like_article(other: str, name: Name) -> bool:
    return (other[0] in "AEIOU") == (name.text[0] in "AEIOU")


def negation_changes(sentence: str) -> Iterator[Change]:
    """Yield each place at which `not` can be put in behind an auxiliary, or taken out."""
    for found in _NEGATED.finditer(sentence):
        yield Change(*found.span(), found[1])
    for found in _AUXILIARY.finditer(sentence):
        behind, before = sentence[found.end() :], sentence[: found.start()]
        if _NOT_BEHIND.match(behind) or _NOT_BEFORE.search(before) or not before.strip():
            continue
        first, _, rest = found[0].partition(" ")
        text = f"{first} not {rest}".rstrip() if first != "can" else "cannot"
        yield Change(*found.span(), text)
