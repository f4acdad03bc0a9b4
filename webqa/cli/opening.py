"""Opening a web for a command: what is said of it on the way, and closing it in the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from env.config import BrowserConfig
from env.web.base import Web
from env.web.visits import Visit, Watch
from webqa.cli import terminal
from webqa.cli.loop import Loop
from webqa.webs import WebConfig, close_web, open_web

SHOWN = 90
"""Characters of a query or a URL that are shown."""


class Visits:
    """Tells of each search and page of a live web: on a terminal, and in the log of a run."""

    def __init__(self) -> None:
        self.log: Watch | None = None
        self.searched = False
        """Whether any search was answered."""
        self.complaint = ""
        """What became of the last search, if it was not."""

    def __call__(self, visit: Visit) -> None:
        """Show and log one visit."""
        if visit.call == "search":
            self.searched |= visit.outcome == "page"
            self.complaint = visit.message
        if sys.stderr.isatty():
            terminal.stderr().print(line(visit), style="dim")
        if self.log:
            self.log(visit)


def line(visit: Visit) -> str:
    """Return a visit in one line."""
    what = "Searched" if visit.call == "search" else "Opened"
    asked = terminal.one_line(visit.asked, SHOWN)
    if visit.outcome != "page":
        what = "Could not search" if visit.call == "search" else "Could not open"
        return f"{what} {asked}: {terminal.one_line(visit.message)}"
    return f"{what} {asked} ({terminal.one_line(visit.source, SHOWN)}, {visit.seconds:.1f} s)"


@contextmanager
def opened_web(
    name: str, browser: BrowserConfig, config: WebConfig, loop: Loop
) -> Iterator[tuple[Web, Visits]]:
    """Open a web for a command, and close it at the end.

    Args:
        name: as `--web` takes it.
        browser: how results are shown.
        config: how a live web is fetched, and whether it is recorded.
        loop: the command's event loop.
    """
    visits = Visits()
    web = open_web(name, browser, config, watch=visits)
    try:
        yield web, visits
    finally:
        loop.complete(close_web(web))
        if visits.complaint and not visits.searched:
            terminal.complain(f"no search was answered: {visits.complaint}")
