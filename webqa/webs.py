"""Opens what `--web` names: the sample web, an index, a cassette, or search services on the net.

Knows no policy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from env.config import DEFAULT, BrowserConfig
from env.errors import ConfigError
from env.web.base import Web
from env.web.fetch.config import FetchConfig
from env.web.live.services import SERVICES
from env.web.live.services.named import is_service
from env.web.visits import Watch
from webqa.folders import expanded
from webqa.names import unknown

if TYPE_CHECKING:
    from env.web.encoding import Encoder

SAMPLE = "sample"
CASSETTE = ".cassette"
CONTACT = "WEBQA_CONTACT"
"""The environment variable with the contact address, for those who do not give one each time."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """What a live web is opened with, beside the settings of the fetcher."""

    since: str = ""
    """Only results published on this date (YYYY-MM-DD) or later, where the service can tell."""
    until: str = ""
    """Only results published on this date or earlier, where the service can tell."""
    cache_hours: float = 24.0
    """Hours for which a fetched page is kept on disk and used again; 0 fetches it every time."""
    cache_megabytes: int = 500
    """Megabytes that the kept pages may take on disk; the oldest go first."""


@dataclass(frozen=True, slots=True)
class RecordConfig:
    """Where the replies of a web are recorded, to be replayed later."""

    record: Path | None = None
    """Record every reply of the web in this file, FILE.cassette, for `--web FILE.cassette`."""
    record_anyway: bool = False
    """With --record: record although the terms of a search service forbid to store its replies."""


NOT_RECORDED = RecordConfig()


@dataclass(frozen=True, slots=True)
class WebConfig:
    """All that decides how a web is opened, but its name and the browser's settings."""

    fetch: FetchConfig = field(default_factory=FetchConfig)
    live: LiveConfig = field(default_factory=LiveConfig)
    recording: RecordConfig = field(default_factory=RecordConfig)


OFFLINE = WebConfig()


def with_contact(fetch: FetchConfig) -> FetchConfig:
    """Return the settings with the contact address of the environment, unless they name one."""
    return fetch if fetch.contact else replace(fetch, contact=os.environ.get(CONTACT, ""))


def say_on_stderr(line: str) -> None:
    """Write one line to standard error."""
    import sys

    sys.stderr.write(f"{line}\n")


def open_web(
    name: str | Path = SAMPLE,
    config: BrowserConfig = DEFAULT,
    web: WebConfig = OFFLINE,
    *,
    say: Say = say_on_stderr,
    watch: Watch | None = None,
) -> Web:
    """Open a web by the name that `--web` takes; close it with `close_web`.

    Args:
        name: `sample`; a folder made by `webqa index`; a file FILE.cassette; or search services
            (wikipedia, searxng, brave, tavily), several joined by commas: the next one is asked
            when one fails.
        config: how many results a search shows, and how much of each.
        web: how a live web is fetched, and whether replies are recorded.
        say: is told, line by line, what a person should know: that the sample web has to be
            indexed first, that search by meaning is not possible here.
        watch: is told of every search and every page of a live web.

    Raises:
        ConfigError: there is no such web, or it cannot be used.
    """
    if web.recording.record:
        from webqa.recording import open_recorded

        return open_recorded(name, config, web, say=say, watch=watch)
    if services := services_of(name):
        from webqa.live import open_live

        return open_live(services, config, web, say=say, watch=watch)
    if is_cassette(name):
        return _open_cassette(expanded(name), say)
    if not str(name).strip():
        raise ConfigError(f"--web names no web: give {SAMPLE}, a folder, a cassette or a service")
    return _open_index(name, config, say)


async def close_web(web: Web) -> None:
    """Give back what a web holds: connections, processes, files. Offline webs hold nothing."""
    if aclose := getattr(web, "aclose", None):
        await aclose()
    elif close := getattr(web, "close", None):
        close()


def services_of(name: str | Path) -> tuple[str, ...]:
    """Return the search services that a name lists; none when it names another kind of web."""
    parts = tuple(part.strip() for part in str(name).split(","))
    return parts if is_service(parts[0]) else ()


def is_cassette(name: str | Path) -> bool:
    """Tell whether a name is that of a cassette."""
    path = expanded(name)
    return path.suffix == CASSETTE or path.is_file()


def web_settings(name: str | Path, web: WebConfig) -> dict[str, object]:
    """Return the resolved settings of a live web, to be saved beside what is made with it."""
    if not services_of(name):
        return {}
    fetch = with_contact(web.fetch)
    return {"services": list(services_of(name)), **asdict(fetch), **asdict(web.live)}


def _open_cassette(path: Path, say: Say) -> Web:
    from env.web.cassette.replaying import CassetteWeb

    if not path.exists():
        raise ConfigError(f"no file {path}: --web takes a cassette that was made with --record")
    web = CassetteWeb(path)
    if web.recorded.encoder and (encoder := _encoder(web.recorded.encoder)):
        web.close()
        web = CassetteWeb(path, encoder)
    for note in web.notes:
        say(f"Note: {note}")
    return web


def _encoder(name: str) -> Encoder | None:
    """Return the encoder of this name if it is on this machine, but never one in a folder.

    A cassette may come from anyone, and a folder that came with it must not be loaded.
    """
    from env.web.encoding import load_encoder

    if expanded(name).exists():
        return None
    try:
        return load_encoder(name, fetch=False)
    except ConfigError:
        return None


def _open_index(name: str | Path, config: BrowserConfig, say: Say) -> Web:
    from env.web.corpus import open_corpus
    from webqa.sample_index import sample_index

    if name == SAMPLE:
        folder = sample_index(say)
    elif (folder := expanded(name)).is_dir():
        pass
    elif os.sep in str(name) or folder.exists():
        raise ConfigError(f"no folder {name}: --web takes a folder that `webqa index` made")
    else:
        message = unknown("web", str(name), [SAMPLE, *SERVICES])
        raise ConfigError(f"{message}, a folder that `webqa index` made, or a FILE{CASSETTE}")
    corpus = open_corpus(folder, results=config.results, snippet=config.snippet)
    for note in corpus.notes:
        say(f"Note: {note}")
    return corpus
