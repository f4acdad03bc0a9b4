"""What the program writes for people: an answer with its sources, and a step of an episode.

Text of pages reaches the terminal as plain text only: never as Rich markup, and without control
characters, so that no page can send the terminal a command.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, TextIO

from env.citations import MARK
from env.records import Answer, Observation, Quote, Step
from env.view import LINK_MARK
from webqa.fragments import quote_url

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDTH = 100
"""Columns at most: longer lines are hard to read."""
LONGEST_SHOWN = 600
"""Characters of a quote that are shown; longer ones are cut, and it is said how long they are."""
TRACED_LINES = 3
TRACED_WIDTH = 160

# Control characters except tab and line end; characters that turn the direction of writing.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return a text without what a terminal could take for a command."""
    return _CONTROL.sub("\ufffd", text)


def console(stream: TextIO) -> Console:
    """Return a console for a stream: wrapped and coloured on a terminal, plain elsewhere."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # not Rich's own exit: `main` decides about the code

    made = Plain(file=stream, markup=False, highlight=False, emoji=False)
    if made.is_terminal:
        made.width = min(made.width, WIDTH)
    else:
        made.soft_wrap = True
    return made


def show_answer(answer: Answer, to: Console) -> None:
    """Print an answer and its numbered sources."""
    to.print(marked(answer.text))
    if answer.quotes:
        to.print("\nSources", style="bold")
    for number, quote in enumerate(answer.quotes, start=1):
        show_source(number, quote, to)


def show_source(number: int, quote: Quote, to: Console) -> None:
    """Print one source: title, domain, an address that opens at the quote, the quote."""
    from rich.padding import Padding
    from rich.text import Text

    label = f"[{number}] "
    indent = len(label)
    head = Text.assemble(
        (label, "cyan"),
        (one_line(quote.title) or "Untitled", "bold"),
        (f" ({one_line(quote.domain)})" if quote.domain else "", ""),
    )
    to.print(head)
    if url := quote_url(quote):
        # Never wrapped: a broken address cannot be clicked.
        to.print(Text(" " * indent + url, style="blue"), soft_wrap=True)
    shown = Text(f"“{_shortened(quote.text)}”", style="italic")
    if to.is_terminal:
        to.print(Padding(shown, (0, 0, 0, indent), expand=False))
    else:
        to.print(Text("\n").join(Text(" " * indent) + line for line in shown.split("\n")))


def marked(text: str) -> Text:
    """Return the text of an answer with its citations coloured."""
    from rich.text import Text

    shown = Text(printable(text))
    shown.highlight_regex(MARK, "cyan")
    return shown


def page_text(text: str) -> Text:
    """Return rendered text of a page with its link marks coloured."""
    from rich.text import Text

    shown = Text(printable(text))
    shown.highlight_regex(LINK_MARK, "cyan")
    return shown


def show_step(step: Step, to: Console, *, number: int = 0, whole: bool = False) -> None:
    """Print what was seen at a step, briefly or whole, and what was then written."""
    from rich.text import Text

    seen = step.observation
    label = f"Step {number}. " if number else ""
    to.print(Text(label + place(seen), style="bold"))
    if seen.notice:
        to.print(Text(printable(seen.notice), style="yellow"))
    if text := _seen_text(seen, whole):
        to.print(page_text(text))
    # Not page text, but a policy may copy control characters from one.
    written = printable(step.completion.text)
    to.print(Text(f"→ {written if seen.answering else one_line(written, 2000)}", style="green"))


def place(seen: Observation) -> str:
    """Return in one line where the browser is."""
    if seen.answering:
        return f"Answering, with {counted(len(seen.quotes), 'quote')}"
    if not seen.title and not seen.text:
        return "No page yet"
    domain = f" ({one_line(seen.domain)})" if seen.domain else ""
    first, last = seen.position
    return f"{one_line(seen.title) or 'Untitled'}{domain}, {first} - {last} %"


def _seen_text(seen: Observation, whole: bool) -> str:
    if whole or seen.answering:
        return seen.text
    lines = [line.strip() for line in seen.text.split("\n") if line.strip()]
    shown = [f"  {one_line(line, TRACED_WIDTH)}" for line in lines[:TRACED_LINES]]
    if (rest := len(lines) - TRACED_LINES) > 0:
        shown.append(f"  … {rest} more {'line' if rest == 1 else 'lines'}")
    return "\n".join(shown)


def one_line(text: str, longest: int = 200) -> str:
    """Return a text on one line, printable and cut to a length."""
    text = " ".join(printable(text).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def complain(text: str) -> None:
    """Write one line to standard error, in the name of the program."""
    print("webqa:", one_line(text, 2000), file=sys.stderr)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is not one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _shortened(text: str) -> str:
    text = printable(text).expandtabs(4)
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[:LONGEST_SHOWN].rstrip()} … ({len(text):,} characters in all)"


def stderr() -> Console:
    """Return a console for standard error."""
    return console(sys.stderr)


def stdout() -> Console:
    """Return a console for standard output."""
    return console(sys.stdout)
