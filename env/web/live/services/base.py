"""What a search service is, and what is said of one. Knows no particular service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from env.web.results import Result


@dataclass(frozen=True, slots=True)
class About:
    """What a user should know before a service is used."""

    name: str
    """As `--web` takes it."""
    key: str
    """The environment variable that holds its key or address; empty when none is needed."""
    storable: bool
    """Whether its terms let replies be stored and passed on, as a cassette does."""
    terms: str
    """One sentence, with the address of the terms."""
    dates: bool
    """Whether it can keep to a range of dates."""
    ends: str = ""
    """ISO date on which the service is known to end; empty when none is known."""


@dataclass(frozen=True, slots=True)
class Dates:
    """A range of publication dates, both ends included, ISO; empty is open."""

    since: str = ""
    until: str = ""


class SearchService(Protocol):
    """Finds addresses for words."""

    about: About
    settings: str
    """What shapes its replies, for the identity of the web: language, dates. Never a key."""

    async def search(self, query: str) -> list[Result]:
        """Return results, best first, possibly none; title and snippet are sanitised.

        Raises:
            WebError: with reason `key`, `quota`, `service`, or one of the network's.
        """
