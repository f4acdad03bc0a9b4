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
from webqa.trial.naming import MONTHS, NAME, NameKind

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
_THE = re.compile(r"\bthe $")
_PART_BEFORE = re.compile(
    r"(?:[A-ZÀ-Þ][\w.'’]*|\b(?:an?|his|her|its|their|[\w-]+['’]s|and|or|of|of the)|[&\"“(,/-])\s?$"
)
_PART_BEHIND = re.compile(
    r"\.? of\b| [IVX]+\b|\. \w|[-'’/]| \d|,? (?:and|or|&) [A-ZÀ-Þ]|, [A-ZÀ-Þ]| the [A-ZÀ-Þ]"
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
    place: tuple[bool, int]
    """Whether `the` stands before it, and how many words it has."""

    @property
    def behind_the(self) -> bool:
        """Whether it has its article."""
        return self.place[0]


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
    """Yield the names in a sentence that can be exchanged: those that are whole.

    Not what stands first, which has its capital from there; not a part of a longer name (House of
    Representatives, St. Louis); not what says of which kind another thing is (a Disney movie).
    """
    for found in NAME.finditer(sentence):
        before, behind = sentence[: found.start()], sentence[found.end() :]
        if not before.strip() or _PART_BEFORE.search(before) or not _is_name(found[0]):
            continue
        if _PART_BEHIND.match(behind) or not _is_last(behind):
            continue
        text = found[0]
        place = (bool(_THE.search(before)), len(text.split()))
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
    others: Mapping[tuple[bool, int], Sequence[str]],
    kinds: Mapping[str, NameKind],
    known: str,
    draw: Random,
) -> Iterator[Change]:
    """Yield for each name of a sentence another of its kind that stands like it elsewhere.

    Args:
        sentence: without marks.
        others: names by how they stand, the likeliest to be believed first.
        kinds: of which kind a name is; one that has none is neither changed nor chosen, unless
            behind `the`, where both must end alike (the Vietnam War, the Gulf War).
        known: texts of the quotes and titles; a name of which a word stands there is not chosen.
        draw: what chooses among the first few.
    """
    there = {plain(word) for word in re.findall(r"\w+", known)}
    for name in names_in(sentence):
        fitting = [
            other
            for other in others.get(name.place, ())
            if _is_like(other, name, kinds) and _is_news(other, name, there)
        ]
        if fitting:
            yield Change(name.start, name.end, draw.choice(fitting[:5]))


def _is_like(other: str, name: Name, kinds: Mapping[str, NameKind]) -> bool:
    if (other[0] in "AEIOU") != (name.text[0] in "AEIOU"):
        return False  # it would need another article
    if name.behind_the:
        return " " in other and _last(other) == _last(name.text)
    kind = kinds.get(name.text)
    if kind != "place" and other.endswith("s") != name.text.endswith("s"):
        return False  # a people would need another verb
    return kind is not None and kinds.get(other) == kind


def _is_news(other: str, name: Name, there: Collection[str]) -> bool:
    """Tell whether the words that only the other name has are new, and no other spelling."""
    here = {plain(word) for word in name.text.split()}
    own = {plain(word) for word in other.split()} - here
    begins = {word[:3] for word in here}
    return bool(own) and own.isdisjoint(there) and not any(word[:3] in begins for word in own)


def _last(name: str) -> str:
    return name.rpartition(" ")[2]


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
