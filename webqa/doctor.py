"""Looks at what webqa needs on a machine, and says what to do about what is missing.

Each check returns findings; none changes anything but the cache folder. Knows no terminal.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from env.errors import Error, WebError
from env.version import VERSION
from env.web.fetch.config import FetchConfig
from env.web.live.services import SERVICES
from policies.models.endpoint.config import EndpointConfig
from webqa.folders import cache_folder
from webqa.models import lacking
from webqa.webs import (
    CONTACT,
    OFFLINE,
    SAMPLE,
    WebConfig,
    close_web,
    open_web,
    services_of,
    with_contact,
)

State = Literal["ok", "note", "fault"]

ROOM = 1_000_000_000
LITTLE_ROOM = 100_000_000
"""Bytes free on the disk of the cache folder."""
SAFE_SQLITE = (3, 51, 3)
"""From here on several processes may write to one file in WAL mode (sqlite.org/wal.html)."""
PROBE = "Moon"
"""A word that every encyclopaedia and the sample web know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing."""

    state: State
    subject: str
    found: str
    advice: str = ""
    """What to do; empty when there is nothing to do."""


def machine() -> Iterator[Finding]:
    """Check Python, SQLite, the cache folder and the disk."""
    yield Finding("ok", "webqa", f"{VERSION} on Python {sys.version.split()[0]}")
    yield _sqlite()
    yield _cache()


def _sqlite() -> Finding:
    found = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return Finding("ok", "SQLite", found)
    wanted = ".".join(map(str, SAFE_SQLITE))
    return Finding(
        "note",
        "SQLite",
        f"{found}, which can damage a file that several processes write to",
        f"use a Python with SQLite {wanted} or newer, or --cache-hours 0 while several webqa run",
    )


def _cache() -> Finding:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        free = shutil.disk_usage(folder).free
    except OSError as error:
        advice = "set XDG_CACHE_HOME to a folder that can be written"
        return Finding("fault", "cache", f"{folder}: {error.strerror}", advice)
    found = f"{folder}, {free / 1e9:.1f} GB free"
    if free < LITTLE_ROOM:
        return Finding("fault", "cache", found, "make room, or set XDG_CACHE_HOME")
    if free < ROOM:
        return Finding("note", "cache", found, "make room before you index or record much")
    return Finding("ok", "cache", found)


def models(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Check for what language models need, and search by meaning."""
    yield _local()
    key = EndpointConfig().key_variable
    found = f"{key} is {'set' if environment.get(key) else 'not set'}"
    yield Finding("ok", "endpoint", f"{found}; only servers that want a key need it")
    missing = [name for name in ("sentence_transformers", "faiss", "torch") if not find_spec(name)]
    if missing:
        found = f"search by meaning is off: {', '.join(missing)} not installed"
        yield Finding("note", "encoder", found, "if you want it, see README.md, `--encoder`")
    else:
        yield Finding("ok", "encoder", "search by meaning is possible")


def _local() -> Finding:
    if missing := lacking():
        found = f"none can run in this process: {', '.join(missing)} not installed"
        advice = "for `--model FOLDER`: pip install -c constraints.txt -e '.[models]'"
        return Finding("note", "models", found, advice)
    import torch

    if not torch.cuda.is_available():
        return Finding(
            "ok", "models", f"run on the CPU (torch {torch.__version__}, no CUDA device)"
        )
    device = torch.cuda.get_device_properties(0)
    size = f"{device.total_memory / 1e9:.0f} GB"
    return Finding("ok", "models", f"run on {device.name}, {size} (torch {torch.__version__})")


async def converters() -> Finding:
    """Check that a document can be converted in a process of its own."""
    from env.web.conversion import Converters
    from env.web.fetch.exchange import Fetched

    document = Fetched("https://doctor.example/", "text/html", b"<p>Well.</p>", "", keep=False)
    workers = Converters(1)
    try:
        page = await workers.convert(document)
    except WebError as error:
        advice = "see whether this user may start processes and has memory left"
        return Finding("fault", "workers", str(error), advice)
    finally:
        await workers.aclose()
    return Finding("ok", "workers", f"live pages are converted apart ({len(page.text)} characters)")


async def web(name: str, config: WebConfig = OFFLINE) -> Finding:
    """Check a web by opening it, and searching it where that costs nothing."""
    if services_of(name):
        advice = "leave it out: all search services are asked, unless --offline is given"
        return Finding("note", f"web {name}", "a search service, not asked here", advice)
    notes: list[str] = []
    try:
        opened = open_web(name, web=config, say=notes.append)
    except Error as error:
        return Finding("fault", f"web {name}", str(error))
    try:
        found = f"{opened.identity.kind} {opened.identity.sha256[:12]}"
        if name == SAMPLE and not (await opened.search(PROBE)).links:
            advice = f"remove {cache_folder()} and ask again"
            return Finding("fault", f"web {name}", "finds nothing", advice)
    finally:
        await close_web(opened)
    noted = [note.removeprefix("Note: ") for note in notes if note.startswith("Note: ")]
    return Finding("note" if noted else "ok", f"web {name}", "; ".join([found, *noted]))


async def service(name: str, environment: Mapping[str, str], config: WebConfig) -> Finding:
    """Check a search service: its key, and with one question whether it answers."""
    about = SERVICES[name]
    if about.key and not environment.get(about.key):
        found = f"not set up: {about.key} is not set"
        return Finding("note", name, found, f"set {about.key} if you want to use it")
    try:
        opened = open_web(name, web=config, say=lambda _line: None)
        try:
            links = (await opened.search(PROBE)).links
        finally:
            await close_web(opened)
    except Error as error:
        advice = f"check {about.key}" if about.key else "check the network"
        return Finding("note", name, str(error), f"{advice}; only --web {name} needs it")
    if not links:
        return Finding("note", name, f"answers, but finds nothing for {PROBE!r}", "ask again later")
    ends = f", ends on {about.ends}" if about.ends else ""
    storable = "replies may be recorded" if about.storable else "replies may not be recorded"
    return Finding("ok", name, f"answers ({len(links)} results); {storable}{ends}")


def contact(fetch: FetchConfig) -> Finding:
    """Check that site owners can be told whom to write to."""
    if address := with_contact(fetch).contact:
        return Finding("ok", "contact", address)
    advice = f"set {CONTACT} to an e-mail address or URL of yours, for those whose sites you read"
    return Finding("note", "contact", "the user agent names nobody", advice)
