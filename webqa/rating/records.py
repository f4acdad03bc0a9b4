"""What the rating page shows a person and what the person says: frozen records, no behaviour.

Everything is told of the *first* and the *second* answer of a pair, as comparisons are; which of
them stood left is known to the assignment alone. Knows no database and no page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from env.errors import Reason
from env.records import Page, Question, Quote
from reward.critiques import Critique
from reward.pairs import Pair

Which = Literal["first", "second"]
Kind = Literal["compare", "demonstrate"]
Profile = Literal["detailed", "minimal"]
Role = Literal["rater", "reviewer", "admin"]
"""A reviewer also sees the dashboard and settles disagreements; an admin also invites people."""
State = Literal["leased", "submitted", "skipped", "expired"]
Support = Literal["strong", "weak", "none"]
Relevance = Literal["core", "side", "irrelevant"]
Trust = Literal["trustworthy", "neutral", "suspicious"]
Gravity = Literal["none", "minor", "grave"]

AXES: dict[Profile, tuple[str, ...]] = {
    "detailed": ("unsupported", "irrelevant", "usefulness", "coherence"),
    "minimal": ("accuracy", "coherence", "usefulness"),
}
"""Qualities that are compared besides the overall rating, in the order in which they are asked
(WebGPT, appendices C.2 and F). Higher is always the better answer: of `unsupported` and
`irrelevant`, the one with less of it."""
SCALE = range(-2, 3)
"""Steps of a comparative rating: +2, the first answer is much better, to -2, the second is."""
FLAGS = ("nonsense", "controversial", "unreadable", "knows-source")
"""What may be said of a task as a whole: the question makes no sense; it should not be answered;
an answer cannot be read; the rater can tell where an answer comes from."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote of an answer as a rater sees it: within the page that was stored."""

    quote: Quote
    before: str = ""
    after: str = ""
    fault: str = ""
    """Why the quote does not verify; empty when it does."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A flaw that a trial put into an answer. Never shown, exported only with the trial."""

    answer: Which
    kind: str
    """number, name, negation, citation or quote; empty for a control that was left as it is."""
    start: int = 0
    end: int = 0
    """Where it is in the answer's text, in code points."""
    original: str = ""
    """The answer's text before."""
    original_quotes: tuple[Quote, ...] = ()
    """Its quotes before, where they are others; empty where they are the same."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one item of a comparing campaign holds."""

    pair: Pair
    first: tuple[Evidence, ...] = ()
    """The quotes of the first answer, in their order."""
    second: tuple[Evidence, ...] = ()
    first_critiques: tuple[Critique, ...] = ()
    """Shown only to raters of the assisted arm."""
    second_critiques: tuple[Critique, ...] = ()
    planted: Planted | None = None


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What one item of a demonstrating campaign holds."""

    question: Question


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of an answer, and what a rater says of the claim in it."""

    answer: Which
    start: int
    """In code points of the answer's text."""
    end: int
    support: Support | None = None
    relevance: Relevance | None = None
    citation_error: bool = False


@dataclass(frozen=True, slots=True)
class Trusted:
    """How far a rater trusts a source."""

    answer: Which
    quote: int
    """Number of the quote, from 1."""
    trust: Trust


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rater says of a critique."""

    answer: Which
    critique: int
    """Its place among the critiques of that answer, from 0."""
    valid: bool
    gravity: Gravity = "none"


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that a rater says of one task; a draft of it may lack anything."""

    overall: int | None = None
    """On SCALE."""
    axes: dict[str, int] = field(default_factory=dict)
    """On SCALE, by the names in AXES."""
    marks: tuple[Mark, ...] = ()
    trusted: tuple[Trusted, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    flags: tuple[str, ...] = ()
    """Of FLAGS. With `nonsense` or `controversial` nothing else is asked."""
    flawed: tuple[Which, ...] = ()
    """In a trial: the answers in which the rater found a flaw."""
    sound: tuple[Which, ...] = ()
    """In a trial: the answers in which the rater says there is none; silence says neither."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the web gave when it was asked for something: a page, or why there is none."""

    asked: str
    """The query, or the URL."""
    page: Page | None = None
    stored: str = ""
    """Hash under which the page's text is stored; a draft then holds it there alone."""
    differs: bool = False
    """Whether the stored page has another address or date: these are then held here."""
    fault: str = ""
    reason: Reason = ""
