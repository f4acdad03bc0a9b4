"""The program `webqa`: finds the command, runs it, and turns errors into one line and a code.

Each command is a module here that is imported only when it is used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from env.errors import Error
from env.version import VERSION
from webqa.cli.exits import Exit, table

if TYPE_CHECKING:
    from cyclopts import App

COMMANDS = (
    "ask",
    "browse",
    "index",
    "show",
    "verify",
    "export-warc",
    "attack",
    "tiny",
    "eval",
    "merge",
    "compare",
    "rank",
    "pairs",
    "export-eval",
    "questions",
    "demonstrate",
    "clone",
    "comparisons",
    "train-reward",
    "best-of",
    "ppo",
    "iterate",
    "rate",
    "trial",
    "serve",
    "serve-env",
    "doctor",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: what stands behind the program's name; None: what the program was started with.
    """
    try:
        try:
            code = _run(list(sys.argv[1:] if arguments is None else arguments))
        finally:
            sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        # The reader of our output went away: nothing more may be written, at exit neither.
        # Rich, which writes the help, exits by itself then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE
    except KeyboardInterrupt:
        print("\nwebqa: stopped", file=sys.stderr)
        return Exit.INTERRUPTED
    except Error as error:
        _complain(str(error))
        return Exit.ERROR
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        _complain(f"{name}{error.strerror or error}")
        return Exit.ERROR
    return code


def _complain(text: str) -> None:
    from webqa.cli.terminal import complain

    complain(text)


def _run(arguments: list[str]) -> int:
    from cyclopts import CycloptsError, UnusedCliTokensError

    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")  # what a terminal cannot show is no reason to fail
    try:
        result = make_app(*arguments[:1])(
            arguments, result_action="return_value", exit_on_error=False, print_error=False
        )
    except UnusedCliTokensError as error:
        unused = " ".join(error.unused_tokens or ())
        _complain(f"{unused} is not understood here (see webqa --help)")
        return Exit.USAGE
    except CycloptsError as error:
        _complain(f"{error} (see webqa --help)")
        return Exit.USAGE
    return int(result or 0)


def make_app(command: str = "") -> App:
    """Return the command line with one command, or with all where none of them is named."""
    from cyclopts import App, Parameter

    from webqa.cli.flags import fill_from_preset

    app = App(
        name="webqa",
        help="Answer questions by browsing a web of pages; every citation is a verbatim quote.",
        version=f"webqa {VERSION}",
        help_format="markdown",
        help_epilogue=f"Exit codes:\n\n{table()}",
        default_parameter=Parameter(negative=(), show_default=_shown_default),
        config=fill_from_preset,
        suppress_keyboard_interrupt=False,
    )
    for name in [command] if command in COMMANDS else COMMANDS:
        function = name.replace("-", "_")
        module = import_module(f"webqa.cli.{function}")
        found = getattr(module, function)
        if isinstance(found, App):  # a command with commands of its own
            app.command(found, name=name)
        else:
            app.command(found, name=name, help_epilogue="")
    return app


def _shown_default(value: object) -> str | None:
    if value is None or value is False or value in ("", (), {}):
        return None
    return ", ".join(value) if isinstance(value, tuple) else str(value)
