"""A rating as one line: all that somebody said of two answers, and how it was said.

And that line in other forms: as a comparison, to learn from, and as flat columns, for tables. Knows
no database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from math import fsum
from statistics import fmean

from reward.comparisons import Comparison
from reward.critiques import Critique
from reward.pairs import Pair
from webqa.rating.records import AXES, SCALE, Judgement, Planted

SCHEMA = 1
"""Raised when a field changes its meaning."""
FULL = max(SCALE)
"""Of the scale: a preference of 1."""
SPOILT = ("nonsense", "controversial", "unreadable")
"""Flags with which a rating says nothing of which answer is better."""
AXIS_NAMES = tuple(dict.fromkeys(name for axes in AXES.values() for name in axes))


@dataclass(frozen=True, slots=True)
class RatingLine:
    """What one person said of one pair, the latest revision."""

    campaign: str
    pair: Pair
    judgement: Judgement
    rater: str
    profile: str
    guideline: str
    created: str
    """ISO 8601, UTC."""
    assignment: str
    revision: int = 0
    swapped: bool = False
    """Whether the second answer stood left."""
    assisted: bool = False
    """Whether critiques were shown."""
    complete: bool = False
    """Whether every part had to be filled in."""
    expected: int | None = None
    """Of a gold item: the sign of the right overall rating."""
    settled: bool = False
    """Whether it is a reviewer's, who settled a disagreement."""
    raters: int = 1
    """How many people were to rate the pair."""
    active_ms: int = 0
    """Time in which the page was seen and used, all in all since the lease."""
    wall_ms: int = 0
    """From the lease to the submission."""
    first_critiques: tuple[Critique, ...] = ()
    second_critiques: tuple[Critique, ...] = ()
    planted: Planted | None = None
    """Of a trial, and only where asked for."""
    simulated: bool = False
    """Whether a program judged; never to be told as people's."""
    schema: int = SCHEMA


def unusable(line: RatingLine) -> str:
    """Return why a rating is no comparison; empty when it is one."""
    flags = [flag for flag in line.judgement.flags if flag in SPOILT]
    if flags:
        return f"flagged as {flags[0]}"
    if line.judgement.overall is None:
        return "without an overall rating"
    return ""


def comparison(line: RatingLine) -> Comparison:
    """Return a rating as a comparison; it must be usable.

    Of a pair that several people rate each comparison has an id of its own, which begins with the
    pair's; of one that one person rates, or a reviewer settled, it is the pair's.
    """
    pair, judgement = line.pair, line.judgement
    several = (line.raters > 1 or line.expected is not None) and not line.settled
    return Comparison(
        id=f"{pair.id}-{_digest(line.rater)}" if several else pair.id,
        question=pair.question,
        first=pair.first,
        second=pair.second,
        preference=_share(judgement.overall),
        first_episode=pair.first_episode,
        second_episode=pair.second_episode,
        axes={name: _share(value) for name, value in sorted(judgement.axes.items())},
        dataset=pair.dataset,
        rater=line.rater,
        simulated=line.simulated,
        guideline=line.guideline,
        created=line.created,
        # Rankings tell by a pair's notes which side is people's: those of the rater stay out.
        notes=pair.notes,
    )


def merged(found: Iterable[Comparison], pair: Pair) -> Comparison:
    """Return what several people said of one pair as one comparison: the mean."""
    own = list(found)
    names = sorted({name for one in own for name in one.axes})
    return Comparison(
        id=pair.id,
        question=pair.question,
        first=pair.first,
        second=pair.second,
        preference=fmean(one.preference for one in own),
        first_episode=pair.first_episode,
        second_episode=pair.second_episode,
        axes={
            name: fsum(given) / len(given)
            for name in names
            if (given := [one.axes[name] for one in own if name in one.axes])
        },
        dataset=pair.dataset,
        rater=", ".join(sorted({one.rater for one in own})),
        simulated=all(one.simulated for one in own),
        guideline=", ".join(sorted({one.guideline for one in own})),
        created=max(one.created for one in own),
        notes=pair.notes,
    )


def anonymous(person: int) -> str:
    """Return what a rater is called who is not named."""
    return f"rater-{person}"


def _share(value: int | None) -> float:
    return (value or 0) / FULL


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:8]
