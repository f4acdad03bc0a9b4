"""The exit codes of the program: the one place where they are defined and explained."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the program says by its exit code."""

    DONE = 0, "done; `ask` and `browse`: answered; a server that was told to end (SIGTERM)"
    ERROR = 1, "an error that the line on standard error explains; also: no search was answered"
    USAGE = 2, "the command was not understood"
    UNANSWERED = 3, "nothing was found that answers the question, or no answer was to be given"
    FAILED = 4, "the episode failed; the reason is on standard error"
    UNVERIFIED = 5, "`verify`: a quote or a citation is not what it claims to be"
    INTERRUPTED = 130, "stopped with Ctrl-C"
    BROKEN_PIPE = 141, "the reader of the output went away"

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Exit:
        """Make a code that carries its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


def table() -> str:
    """Return a line for each code."""
    return "\n".join(f"- {code.value}: {code.meaning}" for code in Exit)
