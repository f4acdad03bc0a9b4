"""Opens a web whose replies are recorded in a cassette. Knows no command line."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from env.config import BrowserConfig
from env.errors import ConfigError, Error
from env.web.base import Web
from env.web.cassette.recording import record
from env.web.fetch.exchange import Heard
from env.web.live.services.named import about_named
from env.web.visits import Watch
from webqa.folders import expanded
from webqa.live import HeldWeb, open_live
from webqa.webs import NOT_RECORDED, RecordConfig, Say, WebConfig, close_web, open_web, services_of


def open_recorded(
    name: str | Path, browser: BrowserConfig, config: WebConfig, *, say: Say, watch: Watch | None
) -> HeldWeb:
    """Open a web and record what it replies in `config.recording.record`.

    Raises:
        ConfigError: the web cannot be opened, the cassette cannot be written, or the terms of a
            search service forbid to store its replies and nobody said to do it anyway.
    """
    path = config.recording.record
    if path is None:
        raise ConfigError("no cassette is named: give --record FILE.cassette")
    services = services_of(name)
    notes = _check_terms(services, config.recording)
    inner: list[Web] = []

    def make(heard: Heard) -> Web:
        plain = replace(config, recording=NOT_RECORDED)
        if services:
            inner.append(open_live(services, browser, plain, say=say, watch=watch, heard=heard))
        else:
            inner.append(open_web(name, browser, plain, say=say))
        return inner[0]

    try:
        recording = record(expanded(path), make, notes=notes)
    except Error:
        # A live web holds nothing yet; an index does.
        for web in inner:
            if close := getattr(web, "close", None):
                close()
        raise
    for note in recording.notes:
        say(f"Note: {note}")
    held = AsyncExitStack()
    held.callback(recording.close)
    held.push_async_callback(close_web, inner[0])
    return HeldWeb(recording, held)


def _check_terms(services: tuple[str, ...], recording: RecordConfig) -> tuple[str, ...]:
    """Return what the cassette should say of the services' terms; stop where they forbid it."""
    about = [about_named(name) for name in services]
    forbidden = [one for one in about if not one.storable]
    if forbidden and not recording.record_anyway:
        named = "; ".join(f"{one.name}: {one.terms}" for one in forbidden)
        raise ConfigError(
            f"replies may not be stored ({named}); record with another service, or give "
            "--record-anyway if you have the right to"
        )
    return tuple(f"{one.name}: {one.terms}" for one in about)
