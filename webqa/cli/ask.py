"""`webqa ask`: a question in, a cited answer out; without a question, one after the other."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from env.config import DEFAULT
from env.errors import ConfigError
from env.records import Step
from policies.base import Rollout, Setup
from webqa.asking import Conversation, given_answer, make_question
from webqa.best_of import record_scores
from webqa.choosing import BestOf, ChooseConfig, Chosen, for_sampling, settings_of, told
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
from webqa.run import Run, Settings, configuration
from webqa.scoring import open_scorer
from webqa.webs import NOT_RECORDED, WebConfig, services_of, web_settings

if TYPE_CHECKING:
    from env.web.base import Web
    from webqa.cli.opening import Visits

PROMPT = "? "
LONGEST_STEP = 70
"""Characters shown of a step."""
INTRODUCTION = "Ask a question; the next ones follow it up. /new starts afresh, /quit leaves."


@dataclass(frozen=True, slots=True)
class Output:
    """What `ask` writes, and where."""

    json: bool = False
    """Write one JSON object to standard output: question, answer with quotes, ended, episode."""
    format: Literal["text", "md"] = "text"
    """How the answer is written: text for people, or Markdown."""
    trace: bool = False
    """Write every step to standard error: what was seen, what was done."""
    save: Path | None = None
    """Record the episode and its pages in this run folder."""


def ask(
    *question: str,
    web: str = "sample",
    policy: str = "extractive",
    output: Annotated[Output, Parameter(name="*")] = Output(),
    choosing: Annotated[ChooseConfig, Parameter(name="*", group="Choosing")] = ChooseConfig(),  # noqa: B008 - frozen
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
    check_choosing(choosing)
    if output.json and output.format != "text":
        raise ConfigError("--json and --format exclude one another: give one of them")
    text = _asked(question)
    scorer = open_scorer(choosing.scorer) if choosing.wanted else None
    model = for_sampling(model) if choosing.best_of > 1 else model
    config = WebConfig(fetch, live, recording)
    with (
        Loop() as loop,
        opened_web(web, browser, config, loop) as (opened, visits),
        opened_policy(policy, opened, ModelSettings(model, engine, server), loop) as made,
    ):
        settings = Settings(
            "typed",
            made.name,
            opened.identity,
            browser,
            limits,
            seed=model.seed,
            policy_settings=made.settings | settings_of(choosing),
            web_settings=web_settings(web, config),
        )
        with Run(output.save, settings, web_name=web) if output.save else nullcontext() as run:
            visits.log = run.visited if run else None
            steps = StepLine() if model.model and not services_of(web) else None
            setup = make_setup(opened, settings, run, _tracer() if output.trace else steps)
            best = BestOf(made.make, scorer, choosing) if scorer else None
            talk = Conversation(made.make, setup, model.seed, best.play if best else None)
            session = Session(talk, output, loop, run, steps, best)
            return _answered(session, text, visits)


def _answered(session: Session, text: str | None, visits: Visits) -> int:
    """Answer the question, or one after the other; return the exit code."""
    if text is None:
        return talk(session, _read_terminal)
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


class Session:
    """Asks questions, writes the answers and records the episodes."""

    def __init__(
        self,
        conversation: Conversation,
        output: Output,
        loop: Loop,
        run: Run | None = None,
        steps: StepLine | None = None,
        best: BestOf | None = None,
    ) -> None:
        self._best = best
        self.conversation = conversation
        self._output = output
        self._loop = loop
        self._run = run
        self._steps = steps

    def ask(self, text: str) -> int:
        """Ask one question, write its answer, and return the exit code."""
        attempts = self._run.attempts if self._run else lambda _id: 0
        try:
            rollout = self._loop.complete(self.conversation.ask(text, attempts))
        finally:
            if self._steps:
                self._steps.end()
        chosen = self._best.last if self._best else None
        if self._best and chosen:
            print(f"Note: {told(chosen, self._best.config)}", file=sys.stderr)
        code = report(rollout, self._output, self._run, chosen)
        if self._best and chosen and self._run:
            record_scores(self._run.folder, chosen, self._best.config.scorer)
        return code


def report(
    rollout: Rollout, output: Output, run: Run | None = None, chosen: Chosen | None = None
) -> int:
    """Write the outcome of an episode in the form that was asked for; return the exit code.

    It is recorded afterwards, so that a full disk does not lose the answer, and in any case, so
    that a reader who goes away does not lose the record.
    """
    episode = rollout.episode
    try:
        _write(rollout, output)
    finally:
        if run:
            for one in chosen.rollouts if chosen else (rollout,):
                run.add(one)
            print(f"Recorded as {episode.id} in {output.save}", file=sys.stderr)
    if episode.ended == "failed":
        error = terminal.printable(episode.error)
        print(f"webqa: the episode failed: {error}", file=sys.stderr)
        return Exit.FAILED
    return Exit.DONE if episode.ended == "answered" else Exit.UNANSWERED


def _write(rollout: Rollout, output: Output) -> None:
    ended = rollout.episode.ended
    if note := _stopped(rollout):
        print(f"Note: {note}", file=sys.stderr)
    if output.json:
        from webqa.writing import as_object

        ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        print(json.dumps(as_object(rollout), ensure_ascii=ascii_only))
    elif ended != "failed" and output.format == "md":
        from webqa.writing import as_markdown

        print(terminal.printable(as_markdown(given_answer(rollout))))
    elif ended != "failed":
        terminal.show_answer(given_answer(rollout), terminal.stdout())
    sys.stdout.flush()


def _stopped(rollout: Rollout) -> str:
    """Return what failed in an answered episode, or ran out before there was an answer."""
    episode = rollout.episode
    if episode.ended == "answered" and episode.error:
        return f"the model failed, what it had quoted is kept: {terminal.printable(episode.error)}"
    if episode.ended != "unanswered" or episode.stopped_by not in ("actions", "tokens", "time"):
        return ""
    acts = [step for step in episode.steps if not step.observation.answering]
    failed = sum(bool(step.observation.notice) for step in acts[1:])
    note = f"the {episode.stopped_by} ran out before anything was quoted"
    return f"{note}; {failed} lines could not be carried out (see --trace)" if failed else note


def talk(session: Session, read: Callable[[], str]) -> int:
    """Ask again and again until the end of the input.

    Args:
        session: answers the questions.
        read: returns the next line; raises EOFError at the end.
    """
    print(INTRODUCTION, file=sys.stderr)
    while True:
        try:
            line = read().strip()
            if line == "/quit":
                break
            if line == "/new":
                session.conversation.forget()
                print("Starting afresh.", file=sys.stderr)
            elif line.startswith("/"):
                print("Known: /new, /quit", file=sys.stderr)
            elif line:
                session.ask(line)
        except EOFError:
            print(file=sys.stderr)
            break
        except KeyboardInterrupt:
            print("\nStopped. /quit leaves.", file=sys.stderr)
    return Exit.DONE


def _read_terminal() -> str:
    import readline  # noqa: F401 - importing it gives `input` editing and a history

    if sys.stdout.isatty():
        return input(PROMPT)
    print(PROMPT, end="", file=sys.stderr, flush=True)
    return input()


class StepLine:
    """Shows, on a terminal, the last thing that a slow model did; gone when the answer comes."""

    def __init__(self) -> None:
        self._number, self._shown = 0, False

    def __call__(self, step: Step) -> None:
        """Show a step in place of the one before."""
        self.clear()
        self._number += 1
        if sys.stderr.isatty() and not step.observation.answering:
            line = f"{self._number}. {terminal.one_line(step.completion.text, LONGEST_STEP)}"
            print(line, end="", file=sys.stderr, flush=True)
            self._shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        self._shown = False

    def end(self) -> None:
        """Take the line away, and begin anew."""
        self.clear()
        self._number = 0


def _tracer() -> Callable[[Step], None]:
    console = terminal.stderr()
    number = 0

    def trace(step: Step) -> None:
        nonlocal number
        number += 1
        terminal.show_step(step, console, number=number)

    return trace
