"""What a case is: what is asked, and what is to come of it. Knows no case.

How a case is set up follows from its URL: the host says which answers the name server gives
(tests.hostile.names) and which robots.txt there is (tests.hostile.robots), the path what is played
(tests.hostile.paths).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from env.errors import Reason

Group = Literal[
    "address", "name", "redirect", "url", "tls", "transfer", "bomb", "encoding", "status",
    "robots", "characters", "document",
]  # fmt: skip

SITE = "http://hostile.test"


@dataclass(frozen=True, slots=True)
class Case:
    """One way to be hostile."""

    name: str
    group: Group
    url: str
    outcome: str = "page"
    """`page`, or the name of the error's class."""
    reason: Reason = ""
    before: tuple[str, ...] = ()
    """URLs that are fetched first, whatever comes of them."""
    hurried: Reason = ""
    """The reason when the deadline of the whole fetch comes before that of one of its steps."""
    lacks: str = ""
    """A text that the page must not show."""


def cases(group: Group, outcome: str, reason: Reason, *asked: tuple[str, str]) -> tuple[Case, ...]:
    """Make cases of one outcome: each a name, and a path or URL."""
    return tuple(
        Case(name, group, SITE + url if url.startswith("/") else url, outcome, reason)
        for name, url in asked
    )


def pages(group: Group, *asked: tuple[str, str]) -> tuple[Case, ...]:
    """Make cases of which a page comes."""
    return cases(group, "page", "", *asked)


def name_of(case: Case) -> str:
    """Return the name of a case among all cases."""
    return f"{case.group}: {case.name}"


def expects(case: Case, outcome: str, reason: Reason) -> bool:
    """Tell whether this is what was to come of a case."""
    return outcome == case.outcome and reason in (case.reason, case.hurried or case.reason)
