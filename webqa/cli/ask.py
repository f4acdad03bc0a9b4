"""`webqa ask`: a question in, a cited answer out; without a question, one after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from env.config import DEFAULT
from env.errors import ConfigError
from env.records import Step
from policies.base import Setup
from webqa.asking import Conversation, make_question
from webqa.choosing import BestOf, ChooseConfig, for_sampling, settings_of
from webqa.choosing import check as check_choosing
from webqa.cli import terminal
from webqa.cli.exits import Exit
from webqa.cli.flags import (
    FETCH,
    LIVE,
    LOCAL,
    NO_LIMITS,
    NO_MODEL,
    SERVER,
    BrowserFlags,
    FetchFlags,
    LimitFlags,
    LiveFlags,
    LocalFlags,
    ModelFlags,
    Preset,
    RecordFlags,
    ServerFlags,
    check,
)
from webqa.cli.loop import Loop
from webqa.cli.opening import ModelSettings, opened_policy, opened_web
from webqa.cli.session import Output, Session, StepLine, read_terminal, talk
from webqa.models import ModelConfig
from webqa.run import Run, Settings, configuration
from webqa.scoring import open_scorer
from webqa.webs import NOT_RECORDED, WebConfig, services_of, web_settings

if TYPE_CHECKING:
    from env.web.base import Web
    from webqa.cli.opening import Visits

TEXT = Output()
ONE = ChooseConfig()


def ask(
    *question: str,
    web: str = "sample",
    policy: str = "extractive",
    output: Annotated[Output, Parameter(name="*")] = TEXT,
    choosing: Annotated[ChooseConfig, Parameter(name="*", group="Choosing")] = ONE,
    preset: Preset = "default",
    browser: BrowserFlags = DEFAULT,
    limits: LimitFlags = NO_LIMITS,
    model: ModelFlags = NO_MODEL,
    engine: LocalFlags = LOCAL,
    server: ServerFlags = SERVER,
    fetch: FetchFlags = FETCH,
    live: LiveFlags = LIVE,
    recording: RecordFlags = NOT_RECORDED,
) -> int:
    """Answer a question, with citations.

    Without a question on a terminal it asks for one again and again; a follow-up keeps the
    earlier questions and quotes. Otherwise the question is read from standard input.

    Args:
        question: The question; quotation marks around it are not needed.
        web: Where to look: sample, a folder made by `webqa index`, a FILE.cassette, or search
            services on the net: wikipedia, wikipedia:LANGUAGE, searxng, brave, tavily; several,
            joined by commas, stand in for one another.
        policy: Who browses and answers: extractive.
        output: What is written, and where.
        choosing: How many answers are sampled, and which one is given.
        preset: Values of the browser's flags that are not given; small is for tiny models.
        browser: Settings of the text browser.
        limits: What one question may cost.
        model: A language model that browses and answers.
        engine: How a model on this machine is run.
        server: How a server is asked.
        fetch: How live pages are fetched.
        live: Settings of a live web.
        recording: Whether the web's replies are recorded.
    """
    check(browser, limits)
    model = sampling(choosing, model)
    text = _checked(question, output)
    scorer = open_scorer(choosing.scorer) if choosing.wanted else None
    config = WebConfig(fetch, live, recording)
    with (
        Loop() as loop,
        opened_web(web, browser, config, loop) as (opened, visits),
        opened_policy(policy, opened, ModelSettings(model, engine, server), loop) as made,
    ):
        settings = Settings(
            "typed", made.name, opened.identity, browser, limits, model.seed,
            made.settings | settings_of(choosing), web_settings(web, config),
        )  # fmt: skip
        with Run(output.save, settings, web_name=web) if output.save else nullcontext() as run:
            visits.log = run.visited if run else None
            steps = StepLine() if model.model and not services_of(web) else None
            setup = make_setup(opened, settings, run, _tracer() if output.trace else steps)
            best = BestOf(made.make, scorer, choosing) if scorer else None
            talk = Conversation(made.make, setup, model.seed, best.play if best else None)
            return _answered(Session(talk, output, loop, run, steps, best), text, visits)


def sampling(choosing: ChooseConfig, model: ModelConfig) -> ModelConfig:
    """Return how a model draws: where several answers are wanted they have to differ.

    Raises:
        ConfigError: there is no model that could draw, or the choice makes no sense.
    """
    check_choosing(choosing)
    if choosing.best_of == 1:
        return model
    if not model.model:
        raise ConfigError(
            f"--best-of {choosing.best_of} needs --model: a policy without one answers the same "
            "every time"
        )
    return for_sampling(model)


def _checked(question: tuple[str, ...], output: Output) -> str | None:
    """Return the question (see `_asked`), and refuse flags that do not go together."""
    if output.json and output.format != "text":
        raise ConfigError("--json and --format exclude one another: give one of them")
    return _asked(question)


def _answered(session: Session, text: str | None, visits: Visits) -> int:
    """Answer the question, or one after the other; return the exit code."""
    if text is None:
        return talk(session, read_terminal)
    code = session.ask(text)
    # Without any search nobody knows whether there is an answer.
    return Exit.ERROR if code == Exit.UNANSWERED and visits.faults.unsearched else code


def _asked(words: tuple[str, ...]) -> str | None:
    """Return the question, typed behind the command or read; None where a person is to be asked.

    Raises:
        Error: it is empty, which is told before a web is opened.
    """
    if not words and sys.stdin.isatty():
        return None
    text = " ".join(words) if words else sys.stdin.read()
    make_question(text)
    return text


def make_setup(
    web: Web, settings: Settings, run: Run | None, watch: Callable[[Step], None] | None = None
) -> Setup:
    """Return what the episodes of a run share."""
    return Setup(
        web,
        settings.browser,
        settings.limits,
        run=run.name if run else "",
        configuration=configuration(settings),
        watch=watch,
    )


def _tracer() -> Callable[[Step], None]:
    console = terminal.stderr()
    number = 0

    def trace(step: Step) -> None:
        nonlocal number
        number += 1
        terminal.show_step(step, console, number=number)

    return trace
