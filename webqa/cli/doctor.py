"""`webqa doctor`: looks at this machine and says what is missing and what to do."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from env.errors import ConfigError
from env.web.live.services import SERVICES
from webqa import doctor as checks
from webqa.cli import terminal
from webqa.cli.exits import Exit
from webqa.cli.flags import FETCH, FetchFlags
from webqa.cli.loop import Loop
from webqa.webs import SAMPLE, WebConfig

if TYPE_CHECKING:
    from webqa.doctor import Finding

STYLES = {"ok": "green", "note": "yellow", "fault": "red"}


def doctor(*web: str, offline: bool = False, fetch: FetchFlags = FETCH) -> int:
    """Check this machine: cache, disk, SQLite, workers, webs, keys of search services, models.

    Each search service that is set up is asked one question, which counts against its quota.

    Args:
        web: Webs to check as well: index folders and cassettes.
        offline: Ask no search service.
        fetch: Settings of the live web.
    """
    faults = 0
    with Loop() as loop:
        findings = _findings(web, offline, WebConfig(fetch))
        while (finding := loop.complete(_next(findings))) is not None:
            _show(finding)
            faults += finding.state == "fault"
    if faults:
        raise ConfigError(f"{terminal.counted(faults, 'fault')}: see what to do above")
    return Exit.DONE


async def _next(findings: AsyncIterator[Finding]) -> Finding | None:
    return await anext(findings, None)


async def _findings(
    webs: tuple[str, ...], offline: bool, config: WebConfig
) -> AsyncIterator[Finding]:
    for found in checks.machine():
        yield found
    yield await checks.converters()
    for name in (SAMPLE, *webs):
        yield await checks.web(name, config)
    for found in checks.models(os.environ):
        yield found
    if offline:
        return
    yield checks.contact(config.fetch)
    for name in SERVICES:
        yield await checks.service(name, os.environ, config)


def _show(finding: Finding) -> None:
    from rich.text import Text

    line = Text.assemble(
        (f"{finding.state:<6}", STYLES[finding.state]),
        (f"{finding.subject}: ", "bold"),
        terminal.one_line(finding.found, 300),
    )
    console = terminal.stdout()
    console.print(line)
    if finding.advice:
        console.print(Text(f"      → {finding.advice}"))
