"""What reading a file of comparisons gives, and the texts of strangers. Knows no single format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

from env.citations import cited_numbers
from env.errors import RecordError
from env.records import Answer, Quote
from env.sanitise import sanitise, sanitise_line
from reward.comparisons import ID_LENGTH, Comparison, check, identifier

Format = Literal["webqa", "webgpt", "hugging-face", "fine-grained", "trl"]
SIMULATED = "simulated/"
"""Stands before the data set's name where a format has no other place to say so."""


class Unusable(RecordError):
    """A row or a pair that cannot be learnt from."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason = reason
        """The same words for all rows with the same fault, so that they can be counted."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a file that became no comparison."""

    place: str
    reason: str
    message: str
    """The reason with what was found."""


@dataclass(frozen=True, slots=True)
class FileRead:
    """What one file held."""

    path: Path
    rows: int
    taken: int
    """Comparisons; a row may hold several."""
    skipped: int
    forms: dict[str, int]
    """Rows of each format."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What files gave: nothing in them is left out without being counted."""

    comparisons: list[Comparison]
    skipped: list[Skipped]
    files: list[FileRead]
    notes: dict[str, int]
    """What is odd about comparisons that were taken all the same, and how often."""

    def reasons(self) -> dict[str, int]:
        """Return why something was skipped, the commonest first."""
        return dict(Counter(one.reason for one in self.skipped).most_common())


@dataclass(slots=True)
class Taken:
    """Comparisons as they are collected from the rows of files."""

    comparisons: list[Comparison] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    _known: dict[str, Comparison] = field(default_factory=dict)
    _copies: Counter[str] = field(default_factory=Counter)
    """How often a pair was seen in this file: every judgement of it counts."""

    def begin_file(self) -> None:
        """Note that another file begins: what stood in one before is now there twice."""
        self._copies.clear()

    def skip(self, place: str, error: RecordError) -> None:
        """Count what cannot be used."""
        reason = error.reason if isinstance(error, Unusable) else str(error)
        self.skipped.append(Skipped(place, reason, str(error)))

    def take(self, place: str, comparison: Comparison) -> None:
        """Add a comparison, or count why it cannot be used.

        One without an id gets one made of its content, and a number if the file has it again.
        """
        try:
            check(comparison)
            comparison = comparison if comparison.id else self._named(comparison)
            if (known := self._known.get(comparison.id)) is not None:
                same = known == comparison
                raise Unusable("it is there twice" if same else "its id stands for another one")
        except RecordError as error:
            self.skip(place, error)
            return
        self._known[comparison.id] = comparison
        self.comparisons.append(comparison)
        if any(
            max(cited_numbers(one.text), default=0) > len(one.quotes)
            for one in (comparison.first, comparison.second)
        ):
            self.notes["comparisons that cite a number without a quote"] += 1

    def _named(self, comparison: Comparison) -> Comparison:
        content = identifier(comparison.question, comparison.first, comparison.second)
        while True:
            self._copies[content] += 1
            copies = self._copies[content]
            named = replace(comparison, id=content if copies == 1 else f"{content}-{copies}")
            if self._known.get(named.id, named) == named:
                return named


def question_id(text: str) -> str:
    """Return the id of a question that has none: the same that question files get."""
    return sha256(text.encode()).hexdigest()[:ID_LENGTH]


def clean_answer(question: str, text: str, quotes: Sequence[Quote] = ()) -> Answer:
    """Return an answer of strangers as safe text."""
    return Answer(sanitise(question), sanitise(text), tuple(quotes))


def clean_quote(text: str, title: str = "", domain: str = "") -> Quote:
    """Return a quote of strangers as safe text: without URL, so that it cannot be verified."""
    return Quote(sanitise(text), sanitise_line(title), sanitise_line(domain))
