"""A person as the policy: shows the observation, expands short forms, reads the answer.

What is read and where it is written are passed in, so that a test can be the person. Knows no
terminal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from env import actions
from env.actions import JOINER, Action, format_action
from env.errors import Error, InvalidAction
from env.records import Completion, Observation
from env.render import render

COMMAND_PROMPT = "> "
ANSWER_PROMPT = "answer> "
ANSWER_HELP = """\
Write the answer from these quotes; [1] behind a sentence cites the first of them.
An empty line ends it; without any text the question stays unanswered."""

_SHORT = {
    "s": "search",
    "c": "click",
    "f": "find",
    "q": "quote",
    "d": "down",
    "u": "up",
    "t": "top",
    "b": "back",
    "a": "answer",
    "n": "nonsense",
    "x": "controversial",
}
_STEPS = re.compile(r"([du])([123]?)")
_ELLIPSIS = re.compile(r"\s+(?:\.\.\.|…)\s+")

Show = Callable[[str, Literal["page", "note"]], None]


class Stopped(Error):
    """The person left before the question was answered."""


class HumanPolicy:
    """One question, browsed and answered by a person."""

    name = "human"

    def __init__(self, read: Callable[[str], str], write: Show) -> None:
        """Make the policy.

        Args:
            read: shows a prompt and returns a line; raises EOFError at the end of the input.
            write: shows a text, and is told whether it is the page or a note about it.
        """
        self._read = read
        self._write = write
        self._is_new = True
        self.left: Literal["", "interrupt", "end"] = ""
        """How the person left before the end: with Ctrl-C, or by ending the input."""

    async def act(self, observation: Observation) -> Completion:
        """Show what is seen and return what the person writes, short forms expanded.

        Raises:
            Stopped: the person ended the input.
        """
        try:
            if observation.answering:
                self._write(_for_answering(observation), "page")
                return Completion(self._read_answer())
            self._write(render(observation), "page")
            return Completion(self._read_command(observation))
        except KeyboardInterrupt as interrupt:
            self.left = "interrupt"
            raise Stopped("the person stopped") from interrupt
        except EOFError as end:
            self.left = "end"
            raise Stopped("the person left") from end

    def _read_command(self, observation: Observation) -> str:
        """Read until there is a command: a slip of the pen costs no action."""
        if self._is_new:
            self._is_new = False
            self._write("h shows the commands.", "note")
        while True:
            line = self._read(COMMAND_PROMPT).strip()
            if not line:
                continue
            if line in {"h", "help", "?"}:
                self._write(help_text(), "note")
                continue
            command = expand(line, observation.text)
            try:
                actions.parse(command)
            except InvalidAction as error:
                self._write(f"Not a command: {error}. h shows the commands.", "note")
                continue
            return command

    def _read_answer(self) -> str:
        self._write(ANSWER_HELP, "note")
        lines: list[str] = []
        try:
            while line := self._read(ANSWER_PROMPT).strip():
                lines.append(line)
        except EOFError:
            if not lines:
                raise
        return "\n".join(lines)


def _for_answering(observation: Observation) -> str:
    """Return the question and the quotes to answer from, without the marks that models need."""
    quotes = enumerate(observation.quotes, start=1)
    sources = (f"[{number}] {one.title} ({one.domain})\n{one.text}" for number, one in quotes)
    return "\n\n".join([observation.question, *sources]) + "\n"


def expand(line: str, text: str = "") -> str:
    """Write a short form as the full command; anything else comes back unchanged.

    Args:
        line: what the person wrote.
        text: the visible text: three dots are taken literally in a quote that occurs in it.
    """
    if line.isascii() and line.isdigit():
        return format_action(Action("click", number=int(line[:8])))
    if steps := _STEPS.fullmatch(line):
        return format_action(Action(_SHORT[steps[1]], number=int(steps[2] or 1)))
    letter, _, argument = line.partition(" ")
    if letter not in _SHORT:
        return line
    command = actions.BY_NAME[_SHORT[letter]]
    argument = argument.strip()
    if command.name == "quote" and argument not in text:
        argument = _ELLIPSIS.sub(JOINER, argument, count=1)
    return (command.prefix + argument).strip()


def help_text() -> str:
    """Return the short forms beside the commands that they stand for."""
    arguments = {"none": "", "text": " TEXT", "link": " 3, or 3", "steps": ", {0}2 or {0}3"}
    rows = [
        (letter + arguments[command.argument].format(letter), command)
        for letter, name in _SHORT.items()
        for command in (actions.BY_NAME[name],)
    ]
    lines = [f"{short:<12} {command.help}" for short, command in rows]
    return "\n".join(
        [
            *lines,
            "A long quote may be written as its first and last words: q START ... END",
            "The full commands work as well:",
            actions.help_text(),
        ]
    )
