"""Citations: the `[n]` marks of an answer. Knows nothing of pages."""

from __future__ import annotations

import re
from collections.abc import Callable

from env.records import Answer, Quote

MARK = re.compile(r"\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\]")
"""`[1]` and `[1, 2]`."""
# The look-behind keeps a long run of spaces from being tried from each of them.
_SPACED_MARK = re.compile(r"(?<![ \t])(?P<space>[ \t]*)" + MARK.pattern)


def cited_numbers(text: str) -> list[int]:
    """Return the numbers cited, in order of first mention, each once."""
    numbers = (int(number) for mark in MARK.finditer(text) for number in _numbers(mark))
    return list(dict.fromkeys(numbers))


def strip_citations(text: str) -> str:
    """Return the text without marks and without the space before them."""
    return _SPACED_MARK.sub("", text)


def map_citations(text: str, renumber: Callable[[int], int | None]) -> str:
    """Rewrite every mark; a number mapped to None disappears, and an empty mark with it."""

    def rewrite(mark: re.Match[str]) -> str:
        kept = [new for number in _numbers(mark) if (new := renumber(int(number))) is not None]
        space = mark["space"]
        return space + "".join(f"[{number}]" for number in dict.fromkeys(kept)) if kept else ""

    return _SPACED_MARK.sub(rewrite, text)


def make_answer(question: str, text: str, quotes: tuple[Quote, ...]) -> Answer:
    """Make an answer from what a policy wrote.

    Marks that name no quote are removed and recorded. The sources are renumbered in the order in
    which the answer first cites them, so `[1]` is the first that a reader meets; quotes that are
    not cited are left out (they stay in the episode's observations).
    """
    cited = cited_numbers(text)
    valid = [number for number in cited if 1 <= number <= len(quotes)]
    order = {number: place for place, number in enumerate(valid, start=1)}
    text = map_citations(text, order.get)
    # Taking the [9] out of [[9]7] makes another mark, which names no quote either.
    text = MARK.sub(lambda mark: _plain_unless(mark, len(order)), text)
    return Answer(
        question=question,
        text=text.strip(),
        quotes=tuple(quotes[number - 1] for number in valid),
        removed=tuple(number for number in cited if number not in order),
    )


def _plain_unless(mark: re.Match[str], quotes: int) -> str:
    """Return a mark, in round brackets unless all its numbers are those of quotes."""
    known = all(1 <= int(number) <= quotes for number in _numbers(mark))
    return mark[0] if known else f"({mark[1]})"


def _numbers(mark: re.Match[str]) -> list[str]:
    return re.findall(r"\d+", mark[0])
