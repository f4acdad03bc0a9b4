"""`webqa demonstrate`: episodes by a policy that knows the accepted answers, to be learnt from."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from env.answers import shows_answer
from env.config import SMALL
from env.errors import ConfigError
from env.jsonl import append, read
from policies.base import Rollout
from policies.demonstrator import DemonstratorConfig
from webqa.cli.counting import Counting
from webqa.cli.exits import Exit
from webqa.cli.flags import NO_LIMITS, BrowserFlags, Preset, check
from webqa.cli.loop import Loop
from webqa.cli.opening import opened_web
from webqa.cli.terminal import counted, one_line
from webqa.demonstrating import Work, make_all, remaining
from webqa.folders import expanded
from webqa.questions import named_by_content, read_questions
from webqa.run import Run, Settings, configuration
from webqa.webs import OFFLINE, services_of

DISCARDED = "discarded.jsonl"
"""Ids of the episodes that were made and, with --only-found, not recorded."""
EVERY = 200
"""Episodes between two lines of progress where there is no terminal."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How many demonstrations are made, and by how many processes."""

    attempts: int = 1
    """Demonstrations of each question, each by another path."""
    jobs: int = 2
    """Processes that make them."""
    seed: int = 0
    """Another one gives other paths."""
    only_found: bool = False
    """Record only episodes that quote an accepted answer."""


def demonstrate(
    *,
    web: str,
    questions: Path,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    amount: Annotated[Amount, Parameter(name="*")] = Amount(),
    preset: Preset = "small",
    browser: BrowserFlags = SMALL,
    demonstrator: Annotated[
        DemonstratorConfig, Parameter(name="*", group="Demonstrator")
    ] = DemonstratorConfig(),  # noqa: B008 - frozen
) -> int:
    """Demonstrate how questions with known answers are answered from a web.

    The demonstrator uses the accepted answers only to decide what to open and what to quote. A
    run that was stopped goes on where it was when the same command is given again.

    Args:
        web: Where to look: sample, a folder made by `webqa index`, or a FILE.cassette.
        questions: JSON lines with `question` and `accepted` (see `webqa questions`).
        out: The run folder to make, or to go on with.
        amount: How many, and how.
        preset: Values of the browser's flags that are not given; small is for tiny models.
        browser: Settings of the text browser.
        demonstrator: How thorough the demonstrations are, and how varied.
    """
    check(browser, NO_LIMITS)
    _check(web, amount, demonstrator)
    file = expanded(questions)
    asked = read_questions(file)
    if not any(question.accepted for question in asked):
        raise ConfigError(f'no question has accepted answers: {file} needs them as "accepted"')
    out = expanded(out)
    with Loop() as loop, opened_web(web, browser, OFFLINE, loop) as (opened, _):
        settings = Settings(
            named_by_content(file),
            "demonstrator",
            opened.identity,
            browser,
            seed=amount.seed,
            policy_settings=asdict(demonstrator) | {"only_found": int(amount.only_found)},
        )
    work = Work(
        web, browser, demonstrator, out.resolve().name, configuration(settings), amount.seed
    )
    with Run(out, settings, web_name=web) as run:
        seen = run.finished | _discarded(out)
        tasks = list(remaining(asked, amount.attempts, run.name, seen))
        if done := len(run.finished):
            print(f"{counted(done, 'episode')} recorded already", file=sys.stderr)
        try:
            tally = _record(run, make_all(tasks, work, amount.jobs), len(tasks), amount.only_found)
        except KeyboardInterrupt:
            print("\nwebqa: stopped; the same command goes on from here", file=sys.stderr)
            return Exit.INTERRUPTED
    command = shlex.join(["webqa", "clone", "--from", str(out), "--model", "MODEL", "-o", "DIR"])
    print(f"{tally.summary()}. The run is in {out}. Next: {one_line(command, 300)}")
    return Exit.DONE


@dataclass(slots=True)
class Tally:
    """What came of the demonstrations that were made now."""

    made: int = 0
    found: int = 0
    quotes: int = 0
    actions: int = 0
    failed: int = 0
    error: str = ""
    """Of the first failed episode."""

    def add(self, rollout: Rollout) -> bool:
        """Count an episode, and tell whether it quotes an accepted answer."""
        episode = rollout.episode
        found = shows_answer(episode)
        self.made += 1
        self.found += found
        self.quotes += len(episode.answer.quotes) if episode.answer else 0
        self.actions += sum(not step.observation.answering for step in episode.steps)
        self.failed += episode.ended == "failed"
        self.error = self.error or episode.error
        return found

    def summary(self) -> str:
        """Return the counts in one line."""
        if not self.made:
            return "Nothing was left to demonstrate"
        each = self.made or 1
        failed = f"; {self.failed:,} failed, the first with: {self.error}" if self.failed else ""
        return one_line(
            f"{counted(self.made, 'demonstration')}, {self.found:,} with an accepted answer "
            f"({self.found / each:.0%}); {self.quotes / each:.1f} quotes and "
            f"{self.actions / each:.1f} actions each{failed}",
            400,
        )


def _record(run: Run, rollouts: Iterable[Rollout], total: int, only_found: bool) -> Tally:
    """Record episodes as they come, and show how far it is."""
    tally, counting = Tally(), Counting("demonstrations", EVERY)
    for rollout in rollouts:
        if tally.add(rollout) or not only_found:
            run.add(rollout)
        else:
            append(run.folder / DISCARDED, {"id": rollout.episode.id}, wait=False)
        counting(tally.made, total)
    return tally


def _discarded(folder: Path) -> set[str]:
    """Return the ids of episodes that quoted no accepted answer, so that none is made again."""
    path = folder / DISCARDED
    return {one["id"] for one in read(path, dict[str, str])} if path.exists() else set()


def _check(web: str, amount: Amount, demonstrator: DemonstratorConfig) -> None:
    if services_of(web):
        raise ConfigError(f"--web {web} is on the net: demonstrate on a folder or a cassette")
    for name in ("attempts", "jobs"):
        if getattr(amount, name) < 1:
            raise ConfigError(f"--{name} must be at least 1, not {getattr(amount, name)}")
    if demonstrator.sources < 1:
        raise ConfigError(f"--sources must be at least 1, not {demonstrator.sources}")
    for name in ("again", "hedge", "fair", "pick", "look", "varied", "terse"):
        if not 0 <= (value := getattr(demonstrator, name)) <= 1:
            raise ConfigError(f"--{name} must be from 0 to 1, not {value}")
