"""The log of a live web: one record for every search and every page asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from env.errors import Reason


@dataclass(frozen=True, slots=True)
class Visit:
    """What became of one search or one page."""

    at: str
    """ISO 8601 in UTC."""
    call: Literal["search", "open"]
    asked: str
    """The query, or the URL."""
    source: str
    """The search service's name, the host, or `cache`."""
    outcome: str
    """`page`, or the name of the error's class."""
    reason: Reason = ""
    message: str = ""
    """One line for people. For a page, what failed or was hidden on the way; mostly empty."""
    seconds: float = 0.0
    bytes: int = 0
    """Of the document, unpacked."""


Watch = Callable[[Visit], None]
