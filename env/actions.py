"""The command language: one table, from which parser, formatter and help text are made.

The commands are those of WebGPT (Nakano et al. 2021, Table 1). Knows no page and no grammar
library; whether a command can be carried out is the browser's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from env.errors import InvalidAction

ArgumentKind = Literal["none", "text", "link", "steps"]

JOINER = "━"
"""`<start>━<end>` quotes the span from start to end."""

LONGEST_ARGUMENT = 4000
"""Characters; far more than the longest quote, so that nonsense is refused early."""


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table: what is written, what follows it, what it does."""

    name: str
    prefix: str
    argument: ArgumentKind
    help: str
    ends: bool = False
    """Whether it ends browsing."""


COMMANDS = (
    Command("search", "Search ", "text", "send a query to the search engine"),
    Command("click", "Clicked on link ", "link", "open the link with this number"),
    Command("find", "Find in page: ", "text", "go to the next place where the text occurs"),
    Command("quote", "Quote: ", "text", "keep this text of the page as a source of the answer"),
    Command("down", "Scrolled down ", "steps", "go down by one, two or three windows"),
    Command("up", "Scrolled up ", "steps", "go up by one, two or three windows"),
    Command("top", "Top", "none", "go to the top of the page"),
    Command("back", "Back", "none", "go back to the page before"),
    Command("answer", "End: Answer", "none", "stop browsing and answer", True),
    Command("nonsense", "End: Nonsense", "none", "stop: the question makes no sense", True),
    Command("controversial", "End: Controversial", "none", "stop: it should not be answered", True),
)
BY_NAME = {command.name: command for command in COMMANDS}

_SHOWN = {
    "none": "",
    "text": "<text>",
    "link": "<link number>",
    "steps": "<1, 2, 3>",
}
_PATTERNS = {"link": re.compile(r"[0-9]{1,7}"), "steps": re.compile(r"[123]")}


@dataclass(frozen=True, slots=True)
class Action:
    """A command with its argument: `text` for kinds of text, `number` for links and steps."""

    name: str
    text: str = ""
    number: int = 0


def parse(line: str) -> Action:
    """Read one line of a policy. White space around it does not count.

    Raises:
        InvalidAction: the line is no command; the text says why, in one short line.
    """
    line = line.strip()
    if not line:
        raise InvalidAction("nothing was written")
    if "\n" in line or "\r" in line:
        raise InvalidAction("more than one line was written")
    for command in COMMANDS:
        if command.argument == "none":
            if line == command.prefix:
                return Action(command.name)
        elif line.startswith(command.prefix.rstrip()):
            # "Search" alone, or "Searchlight", must not pass for "Search light".
            rest = line[len(command.prefix.rstrip()) :]
            if rest and (rest[0] == " " or command.prefix.rstrip().endswith(":")):
                return _with_argument(command, rest.strip())
            if not rest:
                raise InvalidAction(f"{command.prefix.strip()} needs {_SHOWN[command.argument]}")
    raise InvalidAction("no such command")


def _with_argument(command: Command, argument: str) -> Action:
    if not argument:
        raise InvalidAction(f"{command.prefix.strip()} needs {_SHOWN[command.argument]}")
    if command.argument == "text":
        if len(argument) > LONGEST_ARGUMENT:
            raise InvalidAction(f"the text is longer than {LONGEST_ARGUMENT} characters")
        return Action(command.name, text=argument)
    if not _PATTERNS[command.argument].fullmatch(argument):
        raise InvalidAction(f"{command.prefix.strip()} needs {_SHOWN[command.argument]}")
    return Action(command.name, number=int(argument))


def format_action(action: Action) -> str:
    """Write an action as the line that `parse` reads back."""
    command = BY_NAME[action.name]
    if command.argument == "none":
        return command.prefix
    return command.prefix + (action.text if command.argument == "text" else str(action.number))


def help_text() -> str:
    """Return a line for each command: how it is written and what it does."""
    shown = [command.prefix + _SHOWN[command.argument] for command in COMMANDS]
    width = max(map(len, shown))
    lines = [
        f"{form:<{width}}  {command.help}" for form, command in zip(shown, COMMANDS, strict=True)
    ]
    return "\n".join(
        [*lines, f"A quote may be shortened to its first and last words: <start>{JOINER}<end>"]
    )
