"""`webqa trial`: flaws planted in good answers, and whether assistance helps people find them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from env.errors import ConfigError
from webqa.cli.columns import in_columns
from webqa.cli.exits import Exit
from webqa.cli.loop import Loop
from webqa.cli.terminal import counted
from webqa.folders import expanded
from webqa.trial.config import SimulationConfig, TrialConfig

if TYPE_CHECKING:
    from webqa.rating.records import Task
    from webqa.trial.critics import Gap
    from webqa.trial.making import Made

TRIAL = TrialConfig()
SIMULATION = SimulationConfig()
NOBODY = "none"

trial = App(
    name="trial",
    help="""Plant flaws in good answers, and measure whether assistance helps people find them.

    `make` writes tasks for `webqa rate create --tasks`, some with a planted flaw and some without;
    `report` tells what people found, assisted and alone; `simulate` checks that it can be told.""",
    help_epilogue="",
    default_parameter=Parameter(negative=()),
)


@trial.command
def make(
    *runs: Path,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    critic: str = "rules",
    config: Annotated[TrialConfig, Parameter(name="*")] = TRIAL,
) -> int:
    """Plant one flaw in each of some answers of runs, and leave others as they are.

    Only answers are taken whose every sentence is supported by its quotes. Two answers to one
    question stand side by side; where the runs have one alone, it is shown without one paragraph,
    and beside it without another. In both a flaw of the kind could be planted: a coin says where.

    Args:
        runs: Run folders; of several attempts or runs, the answers of a question stand side by
            side.
        out: The file of tasks to write, as JSON lines.
        critic: Who writes the critiques that the assisted are shown: rules, none, or a language
            model, as a folder or NAME@URL of a server.
        config: How many tasks, and which flaws.
    """
    from env.records import to_json
    from policies.checkpoints import write_whole

    if not runs:
        raise ConfigError("no run to take answers from: webqa trial make RUN... -o FILE")
    place = _file(out)
    made = _made(list(map(expanded, runs)), critic, config)
    for reason, number in made.left_out.items():
        print(f"{counted(number, 'question')} left out: {reason}", file=sys.stderr)
    if not made.tasks:
        raise ConfigError("no answer of these runs can be put on trial")
    write_whole(place, "".join(to_json(task).decode() + "\n" for task in made.tasks))
    _tell_made(made)
    print(
        f"{counted(len(made.tasks), 'task')} in {out}. Next: webqa rate create NAME --tasks {out} "
        "--raters 3 --assisted by-item"
    )
    return Exit.DONE


@trial.command
def report(
    where: str,
    /,
    *,
    campaign: str = "",
    scorer: str = "",
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
) -> int:
    """Tell what raters found with assistance and without: flaws, and false alarms.

    Args:
        where: The database of the rating page (a file, or postgresql://USER@HOST/NAME), or a file
            written by `webqa rate export --form ratings --planted --unsettled` or
            `webqa trial simulate`.
        campaign: Its name; without it, the only one.
        scorer: Tells also which flaws this scorer ranks below the original, and no critique names:
            a folder made by `webqa train-reward`, rules, support, or another --scorer.
        out: A file to write the report to, as HTML.
    """
    from policies.checkpoints import write_whole
    from webqa.trial.analysing import analyse
    from webqa.trial.critics import named_of
    from webqa.trial.reading import is_simulated, read_ratings, tasks_of
    from webqa.trial.report import SIMULATED, critics_rows, gap_rows, render, rows_of, summary
    from webqa.trial.turns import turns_of

    place = _file(out) if out else None
    lines = read_ratings(where if "://" in where else str(expanded(where)), campaign)
    turns = turns_of(lines)
    found = analyse(turns.turns, simulated=is_simulated(lines))
    tasks = tasks_of(lines)
    named, gap = named_of(tasks), _gap(tasks, scorer)
    for reason, number in turns.left_out.items():
        print(f"{counted(number, 'rating')} left out: {reason}", file=sys.stderr)
    if found.simulated:
        print(SIMULATED)
    _tell(rows_of(found.measures))
    _tell(rows_of(found.kinds))
    _tell(critics_rows(named))
    if gap:
        _tell(gap_rows(gap))
    print(summary(found))
    if place:
        title = f"Trial: {campaign or Path(where).stem}"
        write_whole(place, render(title, found, named, gap, turns.left_out))
        print(f"The report is in {out}")
    return Exit.DONE


@trial.command
def simulate(
    tasks: Path | None = None,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    made_up: int = 100,
    config: Annotated[SimulationConfig, Parameter(name="*")] = SIMULATION,
) -> int:
    """Let programs of known skill rate a trial, to see whether so many raters would tell enough.

    Args:
        tasks: A file made by `webqa trial make`; without it, tasks are made up.
        out: The file of ratings to write; all of them are marked as simulated.
        made_up: How many tasks are made up.
        config: How many raters there are, how good they are, and how much assistance helps them.
    """
    from env.records import to_json
    from policies.checkpoints import write_whole
    from webqa.rating.campaigns.sources import read_tasks
    from webqa.trial import simulating

    place = _file(out)
    if made_up < 1:
        raise ConfigError(f"--made-up must be at least 1, not {made_up}")
    chosen = (
        list(read_tasks(expanded(tasks)))
        if tasks
        else simulating.made_up(made_up, seed=config.seed)
    )
    if not chosen:
        raise ConfigError(f"{tasks} holds no task: webqa trial make RUN -o FILE writes them")
    lines = list(simulating.simulate(chosen, config))
    write_whole(place, "".join(to_json(line).decode() + "\n" for line in lines))
    flaws, alarms = simulating.expected(chosen, config)
    print(f"{counted(len(lines), 'simulated rating')} in {out}. Next: webqa trial report {out}")
    print(
        f"In truth assistance adds {100 * flaws:+.1f} points of flaws found and "
        f"{100 * alarms:+.1f} of false alarms"
    )
    return Exit.DONE


def _made(folders: Sequence[Path], critic: str, config: TrialConfig) -> Made:
    from reward.support import RuleJudge
    from webqa.rating.campaigns.evidence import stored_pages
    from webqa.run import read_episodes
    from webqa.trial.making import check, make_tasks

    check(config)
    episodes = [one for folder in folders for one in read_episodes(folder)]
    answers = [one.answer for one in episodes if one.answer]
    wanted = {quote.page_sha256 for answer in answers for quote in answer.quotes}
    pages = stored_pages(folders, wanted)
    with Loop() as loop:
        if critic == NOBODY:
            return loop.complete(make_tasks(episodes, pages, None, RuleJudge(), config))
        from reward.model_critic import open_critic

        opened = open_critic(critic)
        try:
            return loop.complete(make_tasks(episodes, pages, opened.critic, RuleJudge(), config))
        finally:
            loop.complete(opened.close())
            if dropped := opened.dropped():
                print(f"{counted(dropped, 'critique')} left out as unusable", file=sys.stderr)


def _gap(tasks: Sequence[Task], scorer: str) -> Gap | None:
    if not scorer:
        return None
    from webqa.scoring import open_scorer
    from webqa.trial.critics import gap_of

    with Loop() as loop:
        return loop.complete(gap_of(tasks, open_scorer(scorer)))


def _tell_made(made: Made) -> None:
    from webqa.trial.critics import named_of
    from webqa.trial.report import critics_rows

    _tell(critics_rows(named_of(made.tasks)))


def _tell(rows: Sequence[Sequence[str]]) -> None:
    if len(rows) > 1:
        print("\n".join(in_columns(rows)), end="\n\n")


def _file(path: Path) -> Path:
    if (out := expanded(path)).is_dir():
        raise ConfigError(f"{out} is a folder: name a file to write")
    return out
