"""What a judgement still lacks before it can be submitted. Knows no form and no database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from webqa.rating.records import Judgement, Which
from webqa.rating.site.forms import SIDES, Asked, Side, which
from webqa.rating.site.showing import AXIS_WORDS
from webqa.rating.site.spans import Span, claim_spans

REFUSED_QUESTION = frozenset({"nonsense", "controversial"})
"""Flags with which nothing else is asked."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is asked and was not answered."""

    place: str
    """Id of the part of the page that asks it."""
    text: str


def missing(judgement: Judgement, asked: Asked) -> list[Missing]:
    """Return what is still asked, in the order of the page."""
    if REFUSED_QUESTION & set(judgement.flags):
        return []
    return list(_missing(judgement, asked))


def _missing(judgement: Judgement, asked: Asked) -> Iterator[Missing]:
    for side, label in zip(SIDES, "AB", strict=True):
        about = which(side, asked.swapped)
        if asked.complete and asked.profile == "detailed":
            yield from _sources(judgement, asked, about, f"{side}-sources", label)
            yield from _claims(judgement, asked, about, f"{side}-claims", label)
        yield from _trial(judgement, asked, about, side, label)
    if asked.complete:
        for axis in asked.axes:
            if axis not in judgement.axes:
                yield Missing(
                    f"axis-{axis}", f"Compare both answers: {AXIS_WORDS[axis][0].lower()}"
                )
    if judgement.overall is None:
        yield Missing("overall", "Say which answer is better overall")


def _sources(
    judgement: Judgement, asked: Asked, about: Which, place: str, label: str
) -> Iterator[Missing]:
    rated = {one.quote for one in judgement.trusted if one.answer == about}
    open_ones = [n for n in range(1, len(getattr(asked.task, about)) + 1) if n not in rated]
    if open_ones:
        numbers = ", ".join(map(str, open_ones))
        whose = "source of quote" if len(open_ones) == 1 else "sources of quotes"
        yield Missing(place, f"Say how far you trust the {whose} {numbers} of answer {label}")


def _claims(
    judgement: Judgement, asked: Asked, about: Which, place: str, label: str
) -> Iterator[Missing]:
    rated = [
        Span(one.start, one.end)
        for one in judgement.marks
        if one.answer == about and one.support and one.relevance
    ]
    claims = claim_spans(getattr(asked.task.pair, about).text)
    count = sum(not any(claim.overlaps(one) for one in rated) for claim in claims)
    if count:
        what = "a claim" if count == 1 else f"{count} claims"
        yield Missing(place, f"Rate support and relevance of {what} of answer {label}")


def _trial(
    judgement: Judgement, asked: Asked, about: Which, side: Side, label: str
) -> Iterator[Missing]:
    if asked.assisted and (asked.complete or asked.task.planted):
        judged = {one.critique for one in judgement.verdicts if one.answer == about}
        critiques = len(getattr(asked.task, f"{about}_critiques"))
        if set(range(critiques)) - judged:
            yield Missing(f"{side}-critiques", f"Judge every remark on answer {label}")
    if asked.task.planted and about not in (*judgement.flawed, *judgement.sound):
        yield Missing(f"{side}-flaw", f"Say whether answer {label} has a flaw")
