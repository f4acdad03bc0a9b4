"""Run folders: `config.json`, `pages.jsonl`, `episodes.jsonl`, and how they are kept consistent.

`visits.jsonl` is the log of a live web: what was asked for, and what became of it.

A run has one set of settings and one writer at a time; a page is stored before the first episode
that opened it, and once. Knows nothing of what is done with the episodes.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from env.config import DEFAULT, BrowserConfig
from env.errors import ConfigError
from env.jsonl import append, read
from env.records import Episode, Page, Record, WebIdentity, to_json
from env.version import VERSION
from env.web.base import Web
from env.web.visits import Visit
from policies.base import Limits, Rollout, Setup, now
from policies.checkpoints import PARTIAL, difference, write_whole

CONFIG = "config.json"
PAGES = "pages.jsonl"
EPISODES = "episodes.jsonl"
VISITS = "visits.jsonl"


@dataclass(frozen=True, slots=True)
class Settings:
    """The resolved settings of a run: with the same ones an episode can be made again."""

    questions: str
    """Where the questions come from: `typed`, or a data set and the hash of its file."""
    policy: str
    web: WebIdentity
    browser: BrowserConfig = DEFAULT
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    policy_settings: dict[str, bool | float | int | str] = field(default_factory=dict)
    """What the policy itself can be set to, and the encoder that helps it, if one does."""
    web_settings: dict[str, object] = field(default_factory=dict)
    """Of a live web: its search services, and how it is fetched."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What `config.json` holds. Only the settings decide whether runs are alike."""

    settings: Settings
    configuration: str
    """Hash of the settings, recorded with every episode."""
    web_name: str = ""
    """The web as the user named it."""
    version: str = VERSION
    """Of webqa, when the run was begun; every episode records its own."""
    python: str = ""
    begun_at: str = ""


@dataclass(frozen=True, slots=True)
class _QuestionId:
    id: str


@dataclass(frozen=True, slots=True)
class _EpisodeHead:
    """The few fields of an episode that are needed to go on with a run."""

    id: str
    question: _QuestionId


@dataclass(frozen=True, slots=True)
class _PageHead:
    sha256: str


class Run:
    """A run folder that is open for writing. Use it in a `with` statement."""

    def __init__(self, folder: Path, settings: Settings, *, web_name: str = "") -> None:
        """Begin a run, or go on with one that has the same settings.

        Raises:
            ConfigError: the folder cannot be written, another process is writing to it, or it
                was made with other settings.
        """
        self.folder = folder
        self.name = folder.resolve().name
        self.configuration = configuration(settings)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise ConfigError(
                f"cannot use {folder} as a run folder ({error.strerror}): name another one"
            ) from error
        try:
            self._take_lock()
            self._agree(settings, web_name)
            heads = list(_heads(folder / EPISODES, _EpisodeHead))
            self._pages = {head.sha256 for head in _heads(folder / PAGES, _PageHead)}
        except BaseException:
            os.close(self._lock)
            raise
        self.finished = {head.id for head in heads}
        """Ids of the episodes recorded so far, failed ones included."""
        self._attempts = Counter(head.question.id for head in heads)

    def attempts(self, question: str) -> int:
        """Return how many episodes of the question with this id are recorded."""
        return self._attempts[question]

    def add(self, rollout: Rollout) -> None:
        """Record an episode, the pages first that are not stored yet.

        Raises:
            ConfigError: the folder cannot be written.
        """
        for page in rollout.pages:
            self.keep(page)
        append(self.folder / EPISODES, rollout.episode)
        self.finished.add(rollout.episode.id)
        self._attempts[rollout.episode.question.id] += 1

    def keep(self, page: Page) -> None:
        """Store a page, unless it is there.

        Raises:
            ConfigError: the folder cannot be written.
        """
        if page.sha256 not in self._pages:
            append(self.folder / PAGES, page)
            self._pages.add(page.sha256)

    def visited(self, visit: Visit) -> None:
        """Note in the log what became of a search or a page of a live web."""
        append(self.folder / VISITS, visit, wait=False)

    def close(self) -> None:
        """Let other processes write to the folder."""
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"another process is writing to {self.folder}: wait for it, or save elsewhere"
            ) from error

    def _agree(self, settings: Settings, web_name: str) -> None:
        """Write `config.json`, or check the one that is there."""
        path = self.folder / CONFIG
        if not path.exists():
            if any((self.folder / name).exists() for name in (EPISODES, PAGES)):
                raise ConfigError(f"{self.folder} holds episodes but no {CONFIG}: save elsewhere")
            ours = {path.name + PARTIAL}
            names = {entry.name for entry in self.folder.iterdir()} - ours
            if any(not name.startswith(".") for name in names):
                raise ConfigError(f"{self.folder} holds other files: name a new folder to save in")
            begun = now().isoformat(timespec="seconds")
            python = platform.python_version()
            made = RunConfig(settings, self.configuration, web_name, python=python, begun_at=begun)
            _write(path, made)
            return
        found = read_config(self.folder).settings
        if found != settings:
            differs = difference(msgspec.to_builtins(found), msgspec.to_builtins(settings))
            raise ConfigError(
                f"{self.folder} was made with other settings: {differs}; save into another folder"
            )


def configuration(settings: Settings) -> str:
    """Return the hash of the settings in their canonical JSON."""
    return sha256(msgspec.json.encode(settings, order="sorted")).hexdigest()


def setup_of(web: Web, settings: Settings) -> Setup:
    """Return what the episodes of a run share whose ids are made of its settings.

    They do not depend on what the folder is called: an episode has the same id in every shard, and
    runs of other settings never share one.
    """
    name = configuration(settings)
    return Setup(web, settings.browser, settings.limits, run=name[:16], configuration=name)


def read_config(folder: Path) -> RunConfig:
    """Read what a run was made with.

    Raises:
        ConfigError: the folder is no run folder.
    """
    path = folder / CONFIG
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunConfig)
    except OSError as error:
        raise ConfigError(
            f"{folder} is not a run folder, for it has no readable {CONFIG} "
            f"({error.strerror}): give one that `webqa eval -o` or `webqa ask --save` wrote"
        ) from error
    except msgspec.MsgspecError as error:
        raise ConfigError(
            f"{path} is not a run's configuration ({error}): name a run folder, or a new one"
        ) from error


def read_episodes(folder: Path) -> Iterator[Episode]:
    """Read the episodes of a run one by one.

    Raises:
        ConfigError: the folder is no run folder, or a file cannot be read.
        RecordError: a line is no episode.
    """
    read_config(folder)
    if (path := folder / EPISODES).exists():
        yield from read(path, Episode)


def read_pages(folder: Path) -> dict[str, Page]:
    """Read the stored pages of a run, by the hash they are stored under.

    Raises:
        ConfigError: a file cannot be read.
        RecordError: a line is no page.
    """
    path = folder / PAGES
    return {page.sha256: page for page in read(path, Page)} if path.exists() else {}


def _heads(path: Path, kind: type[Record]) -> Iterator[Record]:
    return read(path, kind) if path.exists() else iter(())


def _write(path: Path, record: RunConfig) -> None:
    """Write `config.json` whole or not at all."""
    text = json.dumps(json.loads(to_json(record)), indent=2, ensure_ascii=False) + "\n"
    write_whole(path, text)
