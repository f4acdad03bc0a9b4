"""The ratings of a trial, from a database of the rating page or a file of exported ratings."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from env.errors import ConfigError, RecordError
from env.jsonl import read
from webqa.rating.recognising import wrong
from webqa.rating.records import Task
from webqa.rating.results.lines import RatingLine

SQLITE = b"SQLite format 3\0"
"""With which a file of SQLite begins."""


def read_ratings(where: str, campaign: str = "") -> list[RatingLine]:
    """Read the latest ratings of a campaign's tasks, with what was planted in them.

    Args:
        where: a database (a file, or postgresql://USER@HOST/NAME), or JSON lines as
            `webqa rate export --form ratings --planted --unsettled` and `webqa trial simulate`
            write them.
        campaign: its name; without it, the only one of the database, or all of the file.

    Raises:
        ConfigError: there is no such file, database or campaign.
        RecordError: a line is no rating.
    """
    if "://" not in where and not _is_database(Path(where)):
        return _of_file(Path(where), campaign)
    from webqa.rating.campaigns.creating import campaign_named
    from webqa.rating.config import WhichConfig
    from webqa.rating.results.reading import Read, rating_lines
    from webqa.rating.store.database import open_store

    store = open_store(where, create=False)
    try:
        with store.reading() as session:
            chosen = campaign_named(session, campaign)
            if chosen.kind != "compare":
                raise ConfigError(f"{chosen.name} holds demonstrations: it is no trial")
            # What a reviewer settled is not what raters found.
            which = WhichConfig(planted=True, unsettled=True)
            return list(rating_lines(session, chosen, which, Read()))
    finally:
        store.close()


def _of_file(path: Path, campaign: str) -> list[RatingLine]:
    try:
        lines = list(read(path, RatingLine))
    except RecordError as error:
        raise RecordError(_told(path, error)) from error
    chosen = [one for one in lines if not campaign or one.campaign == campaign]
    if lines and not chosen:
        names = ", ".join(sorted({one.campaign for one in lines}))
        raise ConfigError(f"{path} has no rating of the campaign {campaign}, but of: {names}")
    return chosen


def _told(path: Path, error: RecordError) -> str:
    """Return what is wrong, by the line that the error names: `PATH, line 3: FAULT`."""
    place, _, fault = str(error).removeprefix(str(path)).partition(": ")
    number = int(place.removeprefix(", line "))
    with path.open("rb") as file:
        line = next(islice(file, number - 1, None))
    return f"{path}{place}: {wrong('ratings', line, fault)}"


def tasks_of(lines: Iterable[RatingLine]) -> list[Task]:
    """Return the tasks that were rated, each once."""
    found = {
        one.pair.id: Task(
            one.pair,
            first_critiques=one.first_critiques,
            second_critiques=one.second_critiques,
            planted=one.planted,
        )
        for one in lines
        if one.planted
    }
    return list(found.values())


def is_simulated(lines: Iterable[RatingLine]) -> bool:
    """Tell whether programs judged, be it only some of it."""
    return any(one.simulated for one in lines)


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError as error:
        raise ConfigError(
            f"cannot read {path} ({error.strerror}): name a database of webqa rate, or a file of "
            "its ratings"
        ) from error
