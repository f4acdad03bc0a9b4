"""`webqa serve-env`: the browser as an OpenEnv environment, for trainers of other projects."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from env.config import DEFAULT
from env.errors import ConfigError
from policies.base import Setup
from webqa.cli.exits import Exit
from webqa.cli.flags import (
    FETCH,
    LIVE,
    NO_LIMITS,
    BrowserFlags,
    FetchFlags,
    LiveFlags,
    Preset,
    RecordFlags,
    check,
)
from webqa.cli.loop import Loop
from webqa.cli.opening import opened_web
from webqa.cli.terminal import counted
from webqa.folders import expanded
from webqa.questions import named_by_content, read_questions
from webqa.run import Run, Settings, configuration
from webqa.serving.environment import POLICY
from webqa.serving.guard import allowed_hosts
from webqa.serving.listening import announce, listening, until_told
from webqa.serving.tasks import Tasks
from webqa.webs import NOT_RECORDED, WebConfig, web_settings

NEEDED = ("openenv", "fastapi", "pydantic", "uvicorn")


@dataclass(frozen=True, slots=True)
class Serving:
    """Where it is served, and to whom."""

    host: str = "127.0.0.1"
    """Address to listen at; one that other machines reach needs --served-as."""
    port: int = 8000
    """Port to listen at; 0 takes a free one."""
    served_as: tuple[str, ...] = ()
    """Name or address by which other machines ask for this server; several times too."""
    sessions: int = 16
    """Episodes at the same time; who comes after is told that all are taken."""
    idle_hours: float = 2.0
    """Hours without a step after which a session is taken away."""


@dataclass(frozen=True, slots=True)
class Played:
    """What is played, and what is kept of it."""

    questions: Path | None = None
    """JSON lines with `question` and perhaps `accepted`; without it every reset names its own."""
    seed: int = 0
    """Decides the order of the questions."""
    save: Path | None = None
    """Record the episodes that come to an end, and their pages, in this run folder."""


def serve_env(
    *,
    web: str = "sample",
    played: Annotated[Played, Parameter(name="*")] = Played(),
    serving: Annotated[Serving, Parameter(name="*", group="Server")] = Serving(),
    preset: Preset = "default",
    browser: BrowserFlags = DEFAULT,
    fetch: FetchFlags = FETCH,
    live: LiveFlags = LIVE,
    recording: RecordFlags = NOT_RECORDED,
) -> int:
    """Serve the browser as an OpenEnv environment, so that other trainers can use it.

    A client plays by reset and step over WebSocket, with actions {"command": LINE}. The reward
    is 0 until the end, then 1 where an accepted answer stands in the answer and in a quote that
    it cites, otherwise 0; none where no accepted answers are known. Ctrl-C ends it.

    Args:
        web: Where to look: sample, a folder made by `webqa index`, a FILE.cassette, or search
            services on the net, as for `webqa ask`.
        played: What is played, and what is kept of it.
        serving: Where it is served, and to whom.
        preset: Values of the browser's flags that are not given; small is for tiny models.
        browser: Settings of the text browser.
        fetch: How live pages are fetched.
        live: Settings of a live web.
        recording: Whether the web's replies are recorded.
    """
    need_packages()
    check(browser, NO_LIMITS)
    _check(serving)
    hosts = allowed_hosts(serving.host, serving.served_as)
    file = expanded(played.questions) if played.questions else None
    questions = read_questions(file) if file else []
    config = WebConfig(fetch, live, recording)
    with Loop() as loop, opened_web(web, browser, config, loop) as (opened, visits):
        settings = Settings(
            named_by_content(file) if file else "of clients",
            POLICY,
            opened.identity,
            browser,
            seed=played.seed,
            web_settings=web_settings(web, config),
        )
        folder = expanded(played.save) if played.save else None
        with (
            listening(serving.host, serving.port) as at,
            Run(folder, settings, web_name=web) if folder else nullcontext() as run,
        ):
            visits.log = run.visited if run else None
            setup = Setup(
                opened,
                browser,
                run=run.name if run else "",
                configuration=configuration(settings),
            )
            tasks = Tasks(setup, questions, run=run, seed=played.seed)
            _serve(tasks, hosts, serving, at, loop)
    return Exit.DONE


def need_packages(find: Callable[[str], object] = find_spec) -> None:
    """Refuse where the server cannot run.

    Raises:
        ConfigError: the extra `serve-env` is not installed.
    """
    if missing := [name for name in NEEDED if not find(name)]:
        raise ConfigError(
            f"webqa serve-env needs {', '.join(missing)}:"
            " pip install -c constraints.txt -e '.[serve-env]' in the folder of webqa"
        )


def _serve(
    tasks: Tasks, hosts: frozenset[str], serving: Serving, at: socket.socket, loop: Loop
) -> None:
    from webqa.serving.server import make_application, serve

    application = make_application(
        tasks, hosts, sessions=serving.sessions, idle_seconds=serving.idle_hours * 3600
    )
    announce(counted(len(tasks.questions), "question") if tasks.questions else "no questions", at)
    with until_told():
        loop.complete(serve(application, at))


def _check(serving: Serving) -> None:
    if not 0 <= serving.port < 1 << 16:
        raise ConfigError(f"--port must be from 0 to {(1 << 16) - 1}, not {serving.port}")
    if serving.sessions < 1:
        raise ConfigError(f"--sessions must be at least 1, not {serving.sessions}")
    if not serving.idle_hours > 0:
        raise ConfigError(f"--idle-hours must be above 0, not {serving.idle_hours}")
