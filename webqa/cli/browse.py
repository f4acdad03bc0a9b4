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
from webqa.cli.flags import NO_LIMITS, BrowserFlags, LimitFlags, Preset, check
from webqa.run import Run, Settings
from webqa.webs import open_web


def browse(
    *question: Annotated[str, Parameter(required=True)],
    web: str = "sample",
    save: Path | None = None,
    preset: Preset = "default",
    browser: BrowserFlags = DEFAULT,
    limits: LimitFlags = NO_LIMITS,
) -> int:
    """Answer a question yourself, with the text browser that policies use.

    Args:
        question: The question; quotation marks around it are not needed.
        web: Where to look: sample, or a folder made by `webqa index`.
        save: Record the episode and its pages in this run folder.
        preset: Values of the browser's flags that are not given; small is for tiny models.
        browser: Settings of the text browser.
        limits: What one question may cost.
    """
    check(browser, limits)
    asked = make_question(" ".join(question))
    opened = open_web(web, browser)
    policy = HumanPolicy(_read, _write)
    settings = Settings("typed", policy.name, opened.identity, browser, limits)
    with Run(save, settings, web_name=web) if save else nullcontext() as run:
        attempt = run.attempts(asked.id) if run else 0
        rollout = terminal.complete(
            run_episode(policy, asked, make_setup(opened, settings, run), attempt=attempt)
        )
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
