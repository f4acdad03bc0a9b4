"""A session of `webqa ask`: questions asked, answers written, episodes recorded.

Knows neither flags nor how webs and models are opened.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from env.records import Step
from policies.base import Rollout
from webqa.asking import Conversation, given_answer
from webqa.best_of import record_scores
from webqa.choosing import BestOf, Chosen, told
from webqa.cli import terminal
from webqa.cli.exits import Exit
from webqa.cli.loop import Loop
from webqa.run import Run

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


def read_terminal() -> str:
    """Return a line that a person typed."""
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
