"""The line in what a model without constraints wrote. Knows the command table's parser alone.

Models think aloud, wrap commands in fences and quotes, or say "Next action:" first. What is
taken off is only what stands around a command; a line that is one already is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from env.actions import parse
from env.errors import InvalidAction

_OPEN = r"<(?:think|thinking|thought|reasoning)>"
_CLOSE = r"</(?:think|thinking|thought|reasoning)>"
_THOUGHTS = re.compile(rf"\A(?:\s*{_OPEN}.*?(?:{_CLOSE}|\Z))+", re.DOTALL | re.IGNORECASE)
_ENDED = re.compile(rf"\A.*{_CLOSE}", re.DOTALL | re.IGNORECASE)
_FINAL = re.compile(r"\A.*<\|channel\|>final[^<]*<\|message\|>", re.DOTALL)
_TOKEN = re.compile(r"<\|[a-z_]{1,30}\|>.*", re.DOTALL)
_ANALYSIS = re.compile(r"\A\s*<\|channel\|>(?!final).*", re.DOTALL)
_FENCED = re.compile(r"\A\s*```[^\n`]*\n(.*?)\n?```\s*\Z", re.DOTALL)
_FENCE = re.compile(r"`{3,}[a-z]*")
_BEFORE = re.compile(
    r"(?:[♦#>*\-•\s]|[0-9]{1,2}[.)]\s)*"
    r"(?:\**(?:the )?(?:next )?(?:action|command)\s*:\**)?\s*",
    re.IGNORECASE,
)
_PAIRS = {"`": "`", '"': '"', "'": "'", "“": "”", "‘": "’", "*": "*", "«": "»"}
_LINES = 200
NEXT_STATE = ("■", "♦")
"""Marks of the layout, which stand in no page: where a model goes on with the next state."""


def without_thoughts(text: str) -> str:
    """Return what a model wrote without what it thought, also where the thought has no end.

    Only thoughts before the text go: a chat template may have opened the first one itself.
    """
    if "<|channel|>" in text:
        text = _ANALYSIS.sub("", _FINAL.sub("", text, count=1))
        text = _TOKEN.sub("", text)
    if (thoughts := _THOUGHTS.match(text)) is not None:
        return text[thoughts.end() :].strip("\n")
    return _ENDED.sub("", text, count=1).strip("\n")


def take_answer(text: str) -> str:
    """Return the answer in what a model wrote: without thoughts, and out of a code fence."""
    text = without_thoughts(text)
    for mark in NEXT_STATE:
        text = text.partition(mark)[0]
    fenced = _FENCED.match(text)
    return (fenced[1] if fenced else text).strip()


def take_line(text: str) -> str:
    """Return the first line that is a command, else the first that is not empty, else nothing."""
    first = ""
    for line in _lines(text):
        if (command := _command(line)) is not None:
            return command
        first = first or line
    return first


def first_line(text: str) -> str:
    """Return the first line that is not empty, unwrapped if it is a command; else nothing.

    With it a completion ends that nobody waits for the rest of.
    """
    line = next(_lines(text), "")
    return _command(line) or line


def _lines(text: str) -> Iterator[str]:
    """Yield the lines that are not empty and stand in no thought, without fences."""
    for line in without_thoughts(text).splitlines()[:_LINES]:
        if (line := line.strip()) and not _FENCE.fullmatch(line):
            yield line


def why_not(line: str) -> str | None:
    """Return why a line is no command, None when it is one."""
    try:
        parse(line)
    except InvalidAction as error:
        return str(error)
    return None


def _command(line: str) -> str | None:
    """Return the command in a line: the line itself, or what is left without its wrapping."""
    for _ in range(4):
        if why_not(line) is None:
            return line
        shorter = _unwrapped(line)
        if shorter == line:
            return None
        line = shorter
    return None


def _unwrapped(line: str) -> str:
    if len(line) > 1 and _PAIRS.get(line[0]) == line[-1]:
        return line[1:-1].strip()
    return line[_BEFORE.match(line).end() :].strip()  # type: ignore[union-attr]  # matches anything
