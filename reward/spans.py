"""Where the claims of an answer stand in its text. Judges nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from env.citations import MARK
from env.records import Answer
from reward.claims import Claim, claims_of

_SPACED_MARKS = re.compile(rf"(?:[ \t]*{MARK.pattern})+")


@dataclass(frozen=True, slots=True)
class Placed:
    """A claim and its place."""

    claim: Claim
    start: int
    """In the answer's text, in code points."""
    end: int
    """Behind the claim and the marks that stand directly behind it."""


def placed_claims(answer: Answer) -> list[Placed]:
    """Return the claims of an answer that have a text, in order, each with its place.

    White space and marks do not count in the comparison: `sky . [1]` is the claim `sky.`
    """
    plain, places = _letters(answer.text)
    found: list[Placed] = []
    at = 0
    for claim in claims_of(answer):
        text = "".join(claim.text.split())
        begin = plain.find(text, at) if text else -1
        if begin >= 0:
            at = begin + len(text)
            end = _behind_marks(answer.text, places[at - 1] + 1)
            found.append(Placed(claim, places[begin], end))
    return found


def masked(text: str) -> str:
    """Return a text with blanks in place of its marks: all else stays where it is."""
    return MARK.sub(lambda mark: " " * len(mark[0]), text)


def _letters(text: str) -> tuple[str, list[int]]:
    """Return a text without marks and white space, and where each of its characters was."""
    bare = masked(text)
    places = [place for place, letter in enumerate(bare) if not letter.isspace()]
    return "".join(bare[place] for place in places), places


def _behind_marks(text: str, end: int) -> int:
    marks = _SPACED_MARKS.match(text, end)
    return marks.end() if marks else end
