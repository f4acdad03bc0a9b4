"""`webqa browse`: a person answers a question with the text browser, and is recorded."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from env.config import DEFAULT
from policies.base import run_episode
from policies.human import HumanPolicy
from webqa.asking import make_question
from webqa.cli import terminal
from webqa.cli.ask import Output, make_setup, report
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
    policy = HumanPolicy(_read, _write)
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
            setup = make_setup(opened, settings, run)
            rollout = loop.complete(run_episode(policy, asked, setup, attempt=attempt))
            if not policy.left:
                return report(rollout, Output(save=save), run)
            if run:
                run.add(rollout)
    where = f"; recorded in {save}" if save else ""
    print(f"\nLeft before the question was answered{where}.", file=sys.stderr)
    return Exit.INTERRUPTED if policy.left == "interrupt" else Exit.UNANSWERED


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
