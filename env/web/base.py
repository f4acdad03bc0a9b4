"""What a web is: something that can be searched and whose pages can be opened."""

from __future__ import annotations

from typing import Protocol

from env.records import Page, WebIdentity


class Web(Protocol):
    """The world outside the browser. `env.web.check.check_web` tests an implementation."""

    identity: WebIdentity
    """Recorded with every episode."""

    async def search(self, query: str) -> Page:
        """Return a results page (see env.web.results), possibly without results.

        Raises:
            WebError: the search could not be carried out.
        """

    async def open(self, url: str) -> Page:
        """Return the page at a URL.

        Raises:
            WebError: no such page, or it could not be had.
        """
