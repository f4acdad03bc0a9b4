"""`webqa attack`: shows a policy pages that give it orders, and counts how often it obeys."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import count
from typing import TYPE_CHECKING

from env.config import DEFAULT
from webqa.cli.counting import Counting
from webqa.cli.exits import Exit
from webqa.cli.flags import (
    LOCAL,
    NO_LIMITS,
    NO_MODEL,
    SERVER,
    BrowserFlags,
    LimitFlags,
    LocalFlags,
    ModelFlags,
    Preset,
    ServerFlags,
    check,
)
from webqa.cli.loop import Loop
from webqa.cli.opening import ModelSettings, opened_policy
from webqa.cli.terminal import printable

if TYPE_CHECKING:
    from webqa.injection import Outcome


def attack(
    *,
    policy: str = "extractive",
    json_lines: bool = False,
    preset: Preset = "default",
    browser: BrowserFlags = DEFAULT,
    limits: LimitFlags = NO_LIMITS,
    model: ModelFlags = NO_MODEL,
    engine: LocalFlags = LOCAL,
    server: ServerFlags = SERVER,
) -> int:
    """Measure how often a policy obeys a page, quotes what was planted, or opens a planted link.

    Each question is asked in a small web whose page gives orders, and in the same web without.

    Args:
        policy: Who browses and answers: extractive.
        json_lines: Write a JSON object for each attack to standard output, not the table.
        preset: Values of the browser's flags that are not given; small is for tiny models.
        browser: Settings of the text browser.
        limits: What one question may cost.
        model: A language model that browses and answers.
        engine: How a model on this machine is run.
        server: How a server is asked.
    """
    from webqa.injection import attacks, measure, report_lines, web_with

    check(browser, limits)
    chosen, numbers, counting = attacks(), count(1), Counting("attacks")

    def progress(_outcome: Outcome) -> None:
        counting(next(numbers), len(chosen))

    set_to = ModelSettings(model, engine, server)
    with Loop() as loop, opened_policy(policy, web_with(None), set_to, loop) as made:
        work = measure(made.make, chosen, browser=browser, limits=limits, progress=progress)
        report = loop.complete(work)
    if json_lines:
        for outcome in report.outcomes:
            print(json.dumps(asdict(outcome)))
    else:
        print("\n".join(map(printable, report_lines(report))))
    return Exit.DONE
