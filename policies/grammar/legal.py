"""The set of lines that are legal now, as data. Made from the command table; knows no library."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from env.answers import NOTHING_FOUND

VERSION = "3"
"""Raised when the same observation gives another set; completions record it."""

NUMBER = "⟨{}⟩"
"""How a sentence is numbered in prompts (policies.aids), and quoted by its number."""

_MARKS = re.compile(r"\[\d+\]")

CONTROLS = ((0x00, 0x1F), (0x7F, 0x9F), (0x2028, 0x2029))
"""Ranges of code points that no line holds; an answer holds line ends."""


@dataclass(frozen=True, slots=True)
class Line:
    """A command that can be carried out now, and what may stand behind its prefix.

    A command may have several lines; what one of them allows is legal.
    """

    command: str
    """Name in env.actions.COMMANDS."""
    prefix: str
    kind: Literal["nothing", "text", "choice", "words", "span"]
    choices: tuple[str, ...] = ()
    """choice: one of these. words: some of these, at least one, in this order, spaces between.
    span: a run of whole words of one of these texts (words with single spaces between)."""
    without: tuple[str, ...] = ()
    """words: texts that are not legal."""
    meanings: tuple[str, ...] = ()
    """choice: what each choice stands for in the command; empty: itself."""


@dataclass(frozen=True, slots=True)
class Legal:
    """All that may be written now: one of `lines`, or while answering an answer."""

    lines: tuple[Line, ...] = ()
    answering: bool = False
    citations: int = 0
    """Answering: the marks `[1]` to `[citations]` exist; at least one must be written, or that
    nothing was found (env.answers.NOTHING_FOUND). `[` stands in marks alone, and nowhere first."""
    quoted: tuple[str, ...] = ()
    """Answering with quotes only: their texts, in order, each on one line; empty: free text."""
    marks: bool = False
    """Answering with quotes only: the mark of a quote is written in place of its text and mark."""


def spelled(legal: Legal, text: str) -> str:
    """Return what was meant: the sentence, or the quote, for the number that stands for it."""
    if legal.marks and chooses(answer_items(legal), text):
        return _MARKS.sub(lambda mark: f"{legal.quoted[int(mark[0][1:-1]) - 1]} {mark[0]}", text)
    return _exchanged(legal, text, lambda line: zip(line.choices, line.meanings, strict=False))


def shortened(legal: Legal, text: str) -> str:
    """Return how a command or an answer is written here: the opposite of `spelled`."""
    if legal.marks and chooses(_cited(legal), text):
        return " ".join(_MARKS.findall(text))
    return _exchanged(legal, text, lambda line: zip(line.meanings, line.choices, strict=False))


def _exchanged(legal: Legal, text: str, pairs: Callable[[Line], Iterable[tuple[str, str]]]) -> str:
    for line in legal.lines:
        rest = text.removeprefix(line.prefix)
        if line.meanings and rest != text:
            return line.prefix + dict(pairs(line)).get(rest, rest)
    return text


def chooses(items: Sequence[str], text: str) -> bool:
    """Tell whether a text is some of the items, at least one, in order, spaces between."""
    ends = {0}
    """Places in the text behind which an item may stand."""
    for item in items:
        ends |= {end + len(item) + 1 for end in ends if text.startswith((item, item + " "), end)
                 and text[end + len(item) : end + len(item) + 1] in ("", " ")}  # fmt: skip
    return len(text) + 1 in ends


def allows(legal: Legal, text: str) -> bool:
    """Tell whether a text may be written: what every grammar made from `legal` accepts."""
    if not legal.answering:
        return any(_fits(line, text) for line in legal.lines)
    if legal.quoted:
        return chooses(answer_items(legal), text)
    if text == NOTHING_FOUND and legal.citations:
        return True
    marks = "|".join(re.escape(f"[{number}]") for number in range(1, legal.citations + 1))
    plain, cited = re.subn(marks or "(?!)", "", text)
    opens = bool(text) and not text[0].isspace() and text[0] != "["
    return opens and "[" not in plain and (cited > 0 or not marks) and _clean(plain, "\n")


def answer_items(legal: Legal) -> tuple[str, ...]:
    """Return what an answer of quotes alone is made of: each quote with its mark, or the mark."""
    if legal.marks:
        return tuple(f"[{number}]" for number in range(1, len(legal.quoted) + 1))
    return _cited(legal)


def _cited(legal: Legal) -> tuple[str, ...]:
    return tuple(f"{text} [{number}]" for number, text in enumerate(legal.quoted, 1))


def _fits(line: Line, text: str) -> bool:
    rest = text.removeprefix(line.prefix)
    if not text.startswith(line.prefix):
        return False
    match line.kind:
        case "nothing":
            return not rest
        case "text":
            return bool(rest) and not rest[0].isspace() and _clean(rest)
        case "choice":
            return rest in line.choices
        case "words":
            return chooses(line.choices, rest) and rest not in line.without
        case "span":
            return bool(rest) and any(f" {rest} " in f" {run} " for run in line.choices)


def _clean(text: str, besides: str = "") -> bool:
    return all(
        one in besides or not any(first <= ord(one) <= last for first, last in CONTROLS)
        for one in text
    )
