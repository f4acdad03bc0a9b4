"""The form of a task, read and checked. The one place where left and right become first and second.

Names of its fields: `overall`, `axis-NAME`, `support-SIDE-START-END` and `relevance-`, `error-`
and `span-` alike, `trust-SIDE-NUMBER`, `valid-SIDE-PLACE`, `gravity-SIDE-PLACE`, `flag`,
`flaw-SIDE`, `note`. A side is left or right; ratings are told of the left answer. Knows no request
and no database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from starlette.datastructures import FormData

from webqa.rating.errors import Unfit
from webqa.rating.records import (
    AXES,
    FLAGS,
    SCALE,
    Gravity,
    Judgement,
    Mark,
    Profile,
    Relevance,
    Support,
    Task,
    Trust,
    Trusted,
    Verdict,
    Which,
)
from webqa.rating.site.endpoints import one_of, text_of

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
SUPPORTS: tuple[Support, ...] = get_args(Support)
RELEVANCES: tuple[Relevance, ...] = get_args(Relevance)
TRUSTS: tuple[Trust, ...] = get_args(Trust)
GRAVITIES: tuple[Gravity, ...] = get_args(Gravity)
LONGEST_NOTE = 10_000
"""Characters of a note that are kept."""
MOST_MARKS = 1_000
_MARK = re.compile(r"(support|relevance|error|span)-(left|right)-([0-9]{1,7})-([0-9]{1,7})")
_NUMBERED = re.compile(r"(trust|valid|gravity)-(left|right)-([0-9]{1,4})")
_ABOUT = re.compile(r"(support|relevance|error|span|trust|valid|gravity)-")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form is about."""

    task: Task
    swapped: bool
    """Whether the second answer stands left."""
    profile: Profile = "detailed"
    complete: bool = False
    """Whether every part must be filled in."""
    assisted: bool = False
    """Whether critiques are shown."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Qualities that are compared besides the overall rating."""
        return AXES[self.profile]


@dataclass
class _Claim:
    support: Support | None = None
    relevance: Relevance | None = None
    error: bool = False


@dataclass
class _Read:
    """What has been read so far, by what it is about."""

    marks: dict[tuple[Which, int, int], _Claim] = field(default_factory=dict)
    trusted: dict[tuple[Which, int], Trust] = field(default_factory=dict)
    valid: dict[tuple[Which, int], bool] = field(default_factory=dict)
    gravity: dict[tuple[Which, int], Gravity] = field(default_factory=dict)


def which(side: Side, swapped: bool) -> Which:
    """Return the answer that stands on a side.

    >>> which("left", swapped=True)
    'second'
    """
    return "first" if (side == "left") is not swapped else "second"


def turned(value: int, swapped: bool) -> int:
    """Return a rating told of the left answer as told of the first, or the other way round."""
    return -value if swapped else value


def read_judgement(form: FormData, asked: Asked) -> Judgement:
    """Return what a form says; it may lack anything.

    Raises:
        Unfit: it says what its page cannot ask: a span outside the text, a quote that there is
            not, a value of no scale.
    """
    read = _Read()
    for name, value in _texts(form):
        if found := _MARK.fullmatch(name):
            _read_mark(found, value, read, asked)
        elif found := _NUMBERED.fullmatch(name):
            _read_numbered(found, value, read, asked)
        elif _ABOUT.match(name):
            raise Unfit(f"{name[:40]!r} is about nothing on this page")
    flaws = {which(side, asked.swapped): text_of(form, f"flaw-{side}") for side in SIDES}
    note = text_of(form, "note")
    if len(note) > LONGEST_NOTE:
        raise Unfit(f"a note has at most {LONGEST_NOTE:,} characters, this one {len(note):,}")
    return Judgement(
        overall=_step(form, "overall", asked.swapped),
        axes=_axes(form, asked),
        marks=_marks(read),
        trusted=tuple(Trusted(*about, trust) for about, trust in sorted(read.trusted.items())),
        verdicts=tuple(
            Verdict(*about, valid, read.gravity.get(about, "none"))
            for about, valid in sorted(read.valid.items())
        ),
        flags=tuple(flag for flag in FLAGS if flag in form.getlist("flag")),
        flawed=tuple(sorted(one for one, said in flaws.items() if said == "yes")),
        sound=tuple(sorted(one for one, said in flaws.items() if said == "no")),
        note=note.strip(),
    )


def without_blanks(judgement: Judgement) -> Judgement:
    """Return a judgement without marks that say nothing."""
    said = (one for one in judgement.marks if one.support or one.relevance or one.citation_error)
    return replace(judgement, marks=tuple(said))


def _texts(form: FormData) -> Iterator[tuple[str, str]]:
    for name, value in form.multi_items():
        if isinstance(value, str) and value:
            yield name, value


def _step(form: FormData, name: str, swapped: bool) -> int | None:
    value = text_of(form, name)
    if not value:
        return None
    if value not in map(str, SCALE):
        raise Unfit(f"{name} is from {SCALE[0]} to {SCALE[-1]}, not {value[:20]!r}")
    return turned(int(value), swapped)


def _axes(form: FormData, asked: Asked) -> dict[str, int]:
    steps = {axis: _step(form, f"axis-{axis}", asked.swapped) for axis in asked.axes}
    return {axis: step for axis, step in steps.items() if step is not None}


def _read_mark(found: re.Match[str], value: str, read: _Read, asked: Asked) -> None:
    kind, start, end = found[1], int(found[3]), int(found[4])
    about = which(one_of(found[2], SIDES, "a side"), asked.swapped)
    length = len(getattr(asked.task.pair, about).text)
    if not 0 <= start < end <= length:
        raise Unfit(f"a mark from {start} to {end} is outside of an answer of {length} characters")
    claim = read.marks.setdefault((about, start, end), _Claim())
    if len(read.marks) > MOST_MARKS:
        raise Unfit(f"a task has at most {MOST_MARKS:,} marks")
    if kind == "support":
        claim.support = one_of(value, SUPPORTS, kind)
    elif kind == "relevance":
        claim.relevance = one_of(value, RELEVANCES, kind)
    elif kind == "error":
        claim.error = True


def _marks(read: _Read) -> tuple[Mark, ...]:
    return tuple(
        Mark(*about, claim.support, claim.relevance, claim.error)
        for about, claim in sorted(read.marks.items())
    )


def _read_numbered(found: re.Match[str], value: str, read: _Read, asked: Asked) -> None:
    kind, number = found[1], int(found[3])
    about = which(one_of(found[2], SIDES, "a side"), asked.swapped)
    if kind == "trust":
        if not 1 <= number <= len(getattr(asked.task, about)):
            raise Unfit(f"the answer has no quote {number}")
        read.trusted[about, number] = one_of(value, TRUSTS, kind)
        return
    shown = len(getattr(asked.task, f"{about}_critiques")) if asked.assisted else 0
    if number >= shown:
        raise Unfit(f"the answer has no critique {number + 1} that could be judged")
    if kind == "valid":
        read.valid[about, number] = one_of(value, ("yes", "no"), kind) == "yes"
    else:
        read.gravity[about, number] = one_of(value, GRAVITIES, kind)
