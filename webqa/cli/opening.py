"""Opening a web for a command: what is said of it on the way, and closing it in the end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import NamedTuple

from env.config import BrowserConfig
from env.records import Page
from env.web.base import Web
from env.web.visits import Visit, Watch
from policies.base import MakePolicy
from policies.models.base import TextModel
from policies.models.endpoint.config import EndpointConfig
from policies.models.local.config import LocalConfig
from webqa.asking import Faults, make_policy, policy_settings
from webqa.cli import terminal
from webqa.cli.loop import Loop
from webqa.models import ModelConfig, open_model
from webqa.models import without_effect as models_without_effect
from webqa.webs import OFFLINE, WebConfig, close_web, open_web, services_of

SHOWN = 90
"""Characters of a query or a URL that are shown."""


WAITED = 0.5
"""Seconds after which it is said on a terminal what is waited for."""


class Visits:
    """Tells of each search and page of a live web: on a terminal, and in the log of a run."""

    def __init__(self) -> None:
        self.log: Watch | None = None
        self.faults = Faults()
        self._waiting = False

    def __call__(self, visit: Visit) -> None:
        """Show and log one visit."""
        known = len(self.faults.on_the_way)
        self.faults(visit)
        self._clear()
        if len(self.faults.on_the_way) > known:
            print(f"Note: {terminal.one_line(visit.message, 400)}", file=sys.stderr)
        if sys.stderr.isatty():
            terminal.stderr().print(line(visit), style="dim")
        if self.log:
            self.log(visit)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Say on a terminal what is waited for, if it takes long; it goes when it is there."""
        say = asyncio.get_running_loop().call_later(WAITED, self._wait, what)
        try:
            yield
        finally:
            say.cancel()
            self._clear()

    def _wait(self, what: str) -> None:
        console = terminal.stderr()
        if console.is_terminal and not console.is_dumb_terminal:
            self._waiting = True
            shown = terminal.one_line(what, SHOWN)
            console.print(shown, style="dim", end="", no_wrap=True, overflow="ellipsis")

    def _clear(self) -> None:
        if self._waiting:
            self._waiting = False
            print("\r\033[K", end="", file=sys.stderr, flush=True)


class Awaited:
    """A live web of which it is said, on a terminal, what is waited for."""

    def __init__(self, web: Web, visits: Visits) -> None:
        self.identity = web.identity
        self._web = web
        self._visits = visits

    async def search(self, query: str) -> Page:
        """Return a results page; see env.web.base.Web."""
        with self._visits.waiting(f"Searching {query}"):
            return await self._web.search(query)

    async def open(self, url: str) -> Page:
        """Return a page; see env.web.base.Web."""
        with self._visits.waiting(f"Opening {url}"):
            return await self._web.open(url)


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
    for note in without_effect(name, config):
        print(f"Note: {note}", file=sys.stderr)
    try:
        yield (Awaited(web, visits) if services_of(name) else web), visits
    finally:
        loop.complete(close_web(web))
        if complaint := visits.faults.complaint:
            terminal.complain(complaint)


class ModelSettings(NamedTuple):
    """All that is set of a language model."""

    model: ModelConfig
    local: LocalConfig
    endpoint: EndpointConfig


class OpenedPolicy(NamedTuple):
    """A policy that is ready to be made for every episode."""

    name: str
    make: MakePolicy
    settings: dict[str, float | int | str]
    model: TextModel | None = None
    """The language model behind it, if there is one."""


@contextmanager
def opened_policy(name: str, web: Web, set_to: ModelSettings, loop: Loop) -> Iterator[OpenedPolicy]:
    """Open the policy of this name, or the language model that is named instead of it."""
    if given := ", ".join(models_without_effect(*set_to)):
        why = "the model is on this machine" if set_to.model.model else "no --model is given"
        why = "the model is on a server" if set_to.model.endpoint else why
        print(f"Note: without effect, as {why}: {given}", file=sys.stderr)
    if not (set_to.model.model or set_to.model.endpoint):
        yield OpenedPolicy(name, make_policy(name, web), policy_settings(name, web))
        return
    with _loading(set_to.model):
        opened = open_model(*set_to)
        if not set_to.model.endpoint:
            _quieten()
    try:
        yield OpenedPolicy(opened.name, opened.make, opened.settings, opened.model)
    finally:
        loop.complete(opened.close())


@contextmanager
def _loading(config: ModelConfig) -> Iterator[None]:
    """Say on a terminal that a model is loaded, until it is."""
    shown = not config.endpoint and sys.stderr.isatty()
    if shown:
        print(f"Loading {terminal.one_line(config.model)} ...", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _quieten() -> None:
    """Keep the library's hints, which are for programmers, from the terminal."""
    from transformers.utils import logging

    logging.set_verbosity_error()


def without_effect(name: str, config: WebConfig) -> Iterator[str]:
    """Say which flags were given that mean nothing for a web: they may have been relied upon."""
    pairs = ((config.fetch, OFFLINE.fetch), (config.live, OFFLINE.live))
    given = [
        "--" + field.name.replace("_", "-")
        for set_to, default in pairs
        for field in fields(default)
        if getattr(set_to, field.name) != getattr(default, field.name)
    ]
    if given and not services_of(name):
        have = "has" if len(given) == 1 else "have"
        yield f"{', '.join(given)} {have} no effect: --web {name} is not on the net"
    if config.recording.record_anyway and not config.recording.record:
        yield "--record-anyway has no effect without --record"
