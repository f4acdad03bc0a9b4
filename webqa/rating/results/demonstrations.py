"""Demonstrations by people as run folders, which `webqa clone` learns from.

A run has one set of settings: what was demonstrated with others comes into a folder beside.
Knows no page and no form.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from env.errors import ConfigError, RecordError
from env.jsonl import append, read
from env.records import Episode, Page, from_json
from env.verify import quotes_of, verify
from policies.base import Rollout
from webqa.rating.results.lines import anonymous
from webqa.rating.results.reading import latest
from webqa.rating.store.tables import Campaign, StoredPage
from webqa.run import Run, Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

AUTHORS = "authors.jsonl"
"""Beside the episodes: who made which, so that nobody compares an own answer."""


@dataclass(frozen=True, slots=True)
class Authored:
    """A line of authors.jsonl."""

    episode: str
    person: str


class Folder(NamedTuple):
    """A run folder that was written."""

    path: Path
    episodes: int
    """That were added now."""
    before: int
    """That it had already."""


@dataclass(frozen=True, slots=True)
class Demonstrated:
    """What became of the demonstrations of a campaign."""

    folders: tuple[Folder, ...]
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is needed of a demonstration's draft: the settings that it was made with."""

    settings: Settings


class _Made(NamedTuple):
    episode: Episode
    settings: Settings
    person: str


def export_run(
    session: Session, campaign: Campaign, out: Path, *, nameless: bool = False
) -> Demonstrated:
    """Write the demonstrations of a campaign as a run, or add those that are not there yet.

    One whose quotes do not verify against the stored pages is left out.

    Args:
        session: of a reading transaction.
        campaign: which one.
        out: the folder; those with other settings go to folders with -2, -3 ... behind its name.
        nameless: call people rater-1, rater-2 ... instead of by their names; who wrote what is then
            no longer known to another database.

    Raises:
        ConfigError: it is no demonstrating campaign, there is nothing to write, or a folder
            cannot be written.
    """
    if campaign.kind != "demonstrate":
        raise ConfigError(f"{campaign.name} holds comparisons: choose another --form than run")
    left_out: Counter[str] = Counter()
    runs: dict[str, list[_Made]] = defaultdict(list)
    for made in _demonstrations(session, campaign, left_out, nameless):
        runs[made.episode.configuration].append(made)
    if not runs:
        told = ", ".join(f"{reason}: {number:,}" for reason, number in left_out.items())
        raise ConfigError(f"{campaign.name} has no demonstration to write ({told or 'none yet'})")
    largest = sorted(runs.values(), key=len, reverse=True)
    folders = [
        _write(session, out if number == 1 else out.with_name(f"{out.name}-{number}"), own)
        for number, own in enumerate(largest, start=1)
    ]
    return Demonstrated(tuple(folders), dict(left_out))


def read_authors(folders: Sequence[Path]) -> dict[str, str]:
    """Return who made the episodes of run folders, by the episode's id, where that is known.

    Raises:
        RecordError: a line is none.
    """
    paths = [folder / AUTHORS for folder in folders]
    lines = (line for path in paths if path.exists() for line in read(path, Authored))
    return {line.episode: line.person for line in lines}


def _demonstrations(
    session: Session, campaign: Campaign, left_out: Counter[str], nameless: bool
) -> Iterator[_Made]:
    for rating, assignment, _, person in latest(session, campaign.id):
        episode = from_json(rating.judgement, Episode)
        pages = {page.sha256: page for page in _pages(session, episode)}
        if verify([episode], pages).failures:
            left_out["a quote does not verify against the stored pages"] += 1
            continue
        settings = None
        with suppress(RecordError):
            settings = from_json(assignment.draft, _Draft).settings
        if settings is None:
            left_out["the settings that it was made with are not known"] += 1
            continue
        yield _Made(episode, settings, anonymous(person.id) if nameless else person.name)


def _write(session: Session, folder: Path, made: Sequence[_Made]) -> Folder:
    with Run(folder, made[0].settings, web_name=made[0].settings.web.kind) as run:
        before = len(run.finished)
        new = [one for one in made if one.episode.id not in run.finished]
        for one in new:
            # The author first: an episode whose author is lost might be given to that author.
            append(folder / AUTHORS, Authored(one.episode.id, one.person), wait=False)
            run.add(Rollout(one.episode, tuple(_pages(session, one.episode))))
    return Folder(folder, len(new), before)


def _pages(session: Session, episode: Episode) -> Iterator[Page]:
    """Yield the stored pages that an episode quotes."""
    for sha256 in dict.fromkeys(quote.page_sha256 for quote in quotes_of(episode)):
        if row := session.get(StoredPage, sha256):
            yield from_json(row.content, Page)
