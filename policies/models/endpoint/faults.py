"""A failure to get a reply, and when to ask again. Knows no HTTP library."""

from __future__ import annotations

from random import Random

from policies.models.base import ModelError

PASSING = frozenset({408, 409, 425, 429})
"""Statuses, with all from 500, of a failure that may have passed when one asks again."""
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0
"""Seconds: the limit of the first wait, which doubles, and where it stops to."""


class Fault(ModelError):
    """No usable reply from a server."""

    def __init__(
        self, message: str, *, passing: bool = False, asked: float | None = None, status: int = 0
    ) -> None:
        super().__init__(message)
        self.passing = passing
        """Whether it may go away when one asks again."""
        self.asked = asked
        """Seconds that the server asks to be left alone."""
        self.status = status
        """Of the reply; 0 when there was none."""


def passes(status: int) -> bool:
    """Tell whether a request with this status is worth sending again as it is."""
    return status in PASSING or status >= 500


def pause(tries: int, asked: float | None, random: Random) -> float:
    """Return the seconds to wait before asking again.

    Drawn between 0 and a limit that doubles (full jitter), so that clients that failed together
    do not come back together; what the server asked for is added.

    Args:
        tries: how often it was asked so far.
        asked: seconds that the server asked for, if it did.
        random: drawn from.
    """
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tries - 1, 10))
    return (asked or 0.0) + random.uniform(0.0, longest)
