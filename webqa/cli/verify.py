"""`webqa verify`: re-checks every quote of recorded episodes against the stored pages."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from env.errors import Error, RecordError
from env.records import Page
from env.verify import Failure, Verification
from env.verify import verify as verify_episodes
from webqa.cli.exits import Exit
from webqa.cli.terminal import complain, counted, one_line
from webqa.folders import expanded
from webqa.run import read_episodes, read_pages

SHOWN = 20
"""Failures that are listed for one run."""


def verify(*run: Annotated[Path, Parameter(required=True)], cassette: Path | None = None) -> int:
    """Check recorded episodes: offsets, hash and text of every quote, and every citation.

    Args:
        run: Run folders, as written with --save.
        cassette: Take the pages from this file, as written with --record, not from the runs.
    """
    recorded = _recorded(cassette) if cassette else None
    sound, unreadable = True, False
    for folder in run:
        try:
            pages = read_pages(folder) if recorded is None else recorded
            found = verify_episodes(read_episodes(folder), pages)
            if not found.episodes:
                raise RecordError(f"{folder} holds no episode, so there is nothing to check")
        except Error as error:
            complain(str(error))  # the other runs are checked all the same
            unreadable = True
            continue
        print(f"{folder}: {_summary(found)}")
        for failure in found.failures[:SHOWN]:
            print(f"  {_line(failure)}")
        if (rest := len(found.failures) - SHOWN) > 0:
            print(f"  and {rest:,} more")
        sound = sound and not found.failures
    if not sound:
        print("webqa: not everything verified; see the list above", file=sys.stderr)
        return Exit.UNVERIFIED
    return Exit.ERROR if unreadable else Exit.DONE


def _recorded(cassette: Path) -> Mapping[str, Page]:
    from env.web.cassette.replaying import CassetteWeb

    web = CassetteWeb(expanded(cassette))
    for note in web.notes:
        print(f"Note: {note}", file=sys.stderr)
    return web.pages()


def _summary(found: Verification) -> str:
    parts = [
        counted(found.episodes, "episode"),
        counted(found.quotes, "quote"),
        f"{found.verified:,} verified",
        f"{found.unverifiable:,} not verifiable (imported)" if found.unverifiable else "",
        counted(found.citations, "citation"),
        counted(len(found.failures), "failure") if found.failures else "no failures",
    ]
    return ", ".join(filter(None, parts))


def _line(failure: Failure) -> str:
    return f"{one_line(failure.episode, 40)}: {failure.reason}: “{one_line(failure.text, 80)}”"
