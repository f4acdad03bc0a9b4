"""`webqa browse`: a person answers a question with the text browser, and is recorded."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from env.config import DEFAULT
from env.errors import WebError
from env.records import Page
from env.web.base import Web
from policies.base import run_episode
from policies.human import HumanPolicy
from webqa.asking import make_question
from webqa.cli import terminal
from webqa.cli.ask import make_setup
from webqa.cli.exits import Exit
from webqa.cli.flags import (
    FETCH,
    LIVE,
    NO_LIMITS,
    BrowserFlags,
    FetchFlags,
    LimitFlags,
    LiveFlags,
    Preset,
    RecordFlags,
    check,
)
from webqa.cli.loop import Loop
from webqa.cli.opening import opened_web
from webqa.cli.session import Output, report
from webqa.run import Run, Settings
from webqa.webs import NOT_RECORDED, WebConfig, web_settings


def browse(
    *question: Annotated[str, Parameter(required=True)],
    web: str = "sample",
    save: Path | None = None,
    preset: Preset = "default",
    browser: BrowserFlags = DEFAULT,
    limits: LimitFlags = NO_LIMITS,
    fetch: FetchFlags = FETCH,
    live: LiveFlags = LIVE,
    recording: RecordFlags = NOT_RECORDED,
) -> int:
    """Answer a question yourself, with the text browser that policies use.

    Args:
        question: The question; quotation marks around it are not needed.
        web: Where to look: as for `webqa ask`.
        save: Record the episode and its pages in this run folder.
        preset: Values of the browser's flags that are not given; small is for tiny models.
        browser: Settings of the text browser.
        limits: What one question may cost.
        fetch: How live pages are fetched.
        live: Settings of a live web.
        recording: Whether the web's replies are recorded.
    """
    check(browser, limits)
    asked = make_question(" ".join(question))
    config = WebConfig(fetch, live, recording)
    ctrl_c = CtrlC()
    policy = HumanPolicy(ctrl_c.read, ctrl_c.write)
    with Loop() as loop, opened_web(web, browser, config, loop) as (opened, visits):
        settings = Settings(
            "typed",
            policy.name,
            opened.identity,
            browser,
            limits,
            web_settings=web_settings(web, config),
        )
        with Run(save, settings, web_name=web) if save else nullcontext() as run:
            visits.log = run.visited if run else None
            attempt = run.attempts(asked.id) if run else 0
            setup = make_setup(Stoppable(opened, ctrl_c), settings, run)
            with ctrl_c.held():
                rollout = loop.complete(run_episode(policy, asked, setup, attempt=attempt))
                if policy.left and run:
                    run.add(rollout)
            if not policy.left:
                return report(rollout, Output(save=save), run)
    where = f"; recorded in {save}" if save else ""
    print(f"\nLeft before the question was answered{where}.", file=sys.stderr)
    return Exit.INTERRUPTED if policy.left == "interrupt" else Exit.UNANSWERED


class CtrlC:
    """What Ctrl-C does while a person browses: it stops what is loading; at a prompt it leaves.

    In between, for the moment that a page takes to be shown or an episode to be recorded, it does
    nothing: whoever presses it twice must not lose the episode.
    """

    def __init__(self) -> None:
        self.loading: asyncio.Task[Page] | None = None
        self._leaves = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Take Ctrl-C over, for a whole episode."""
        before = signal.signal(signal.SIGINT, self._pressed)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def read(self, prompt: str) -> str:
        """Read a line; Ctrl-C interrupts it."""
        self._leaves = True
        try:
            return _read(prompt)
        finally:
            self._leaves = False

    def write(self, text: str, kind: Literal["page", "note"]) -> None:
        """Write what is read before the next line is typed: from here on Ctrl-C interrupts."""
        self._leaves = True
        _write(text, kind)

    def _pressed(self, _signal: int, _frame: FrameType | None) -> None:
        if self._leaves:
            self._leaves = False
            raise KeyboardInterrupt
        if self.loading:
            # From a signal handler nothing else wakes the loop.
            self.loading.get_loop().call_soon_threadsafe(self.loading.cancel)


class Stoppable:
    """A web of which a person need not await the reply: what is stopped is a failed command."""

    def __init__(self, web: Web, ctrl_c: CtrlC) -> None:
        self.identity = web.identity
        self._web = web
        self._ctrl_c = ctrl_c

    async def search(self, query: str) -> Page:
        """Return a results page; see env.web.base.Web."""
        return await self._unless_stopped(self._web.search(query))

    async def open(self, url: str) -> Page:
        """Return a page; see env.web.base.Web."""
        return await self._unless_stopped(self._web.open(url))

    async def _unless_stopped(self, reply: Coroutine[Any, Any, Page]) -> Page:
        # A task of its own: a stop that comes too late must not end the episode.
        loading = self._ctrl_c.loading = asyncio.create_task(reply)
        try:
            return await loading
        except asyncio.CancelledError:
            if (episode := asyncio.current_task()) and episode.cancelling():
                raise
            raise WebError("stopped while it was loading") from None
        finally:
            self._ctrl_c.loading = None


def _read(prompt: str) -> str:
    if sys.stdin.isatty() and sys.stdout.isatty():
        import readline  # noqa: F401 - importing it gives `input` editing and a history

        return input(prompt)
    print(prompt, end="", flush=True)
    return input()


def _write(text: str, kind: Literal["page", "note"]) -> None:
    console = terminal.stdout()
    if kind == "page":
        console.rule()
        console.print(terminal.page_text(text))
    else:
        console.print(terminal.printable(text), style="yellow")
