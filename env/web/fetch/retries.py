"""When a failed request is sent again, and after how long. Knows no network."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from random import Random

from env.web.fetch.config import LONGEST_RETRY_WAIT
from env.web.fetch.exchange import Headers

PASSING = frozenset({429, 502, 503, 504})
"""Statuses of a fault that may have passed when one asks again."""
FIRST_WAIT = 0.5
"""Seconds, at most, before the first further try; each one after may wait twice as long."""

_SECONDS = re.compile(r"[0-9]+")
_LONGEST_FIELD = 100


def retry_after(headers: Headers, now: float) -> float | None:
    """Return how many seconds a server asks to be left alone (RFC 9110, 10.2.3).

    Args:
        headers: of its reply.
        now: seconds since 1970, for servers that name a time.

    None when it does not ask, or in no way that is understood; never less than 0.
    """
    for name, value in headers:
        if name == "retry-after" and (seconds := _seconds(value.strip(), now)) is not None:
            return max(seconds, 0.0)
    return None


def _seconds(value: str, now: float) -> float | None:
    if _SECONDS.fullmatch(value):
        # More digits than a year has seconds: no need to know how many.
        return float(value) if len(value) < 10 else float("inf")
    if len(value) > _LONGEST_FIELD:
        return None
    try:
        at = parsedate_to_datetime(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def pause(tries: int, asked: float | None, left: float, random: Random) -> float | None:
    """Return the seconds to wait before asking again, or None when that is not worth while.

    The wait is drawn between 0 and a limit that doubles (full jitter), so that clients which
    failed together do not come back together; what the server asked for is added.

    Args:
        tries: how often it was asked so far.
        asked: what the server asked for, if it did.
        left: what is left of the fetch.
        random: drawn from.
    """
    longest = min(LONGEST_RETRY_WAIT, FIRST_WAIT * 2.0 ** min(tries - 1, 10))
    asked = asked or 0.0
    wait = asked + random.uniform(0, longest)
    return None if asked > LONGEST_RETRY_WAIT or wait >= left else wait
