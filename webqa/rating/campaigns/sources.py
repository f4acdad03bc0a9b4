"""What a campaign can be made from: runs, files of pairs, tasks, judged comparisons, questions.

Gives items with their evidence; which of them are drawn for what, and the database, are not known
here. What cannot be an item is left out and counted by its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from env.errors import ConfigError, RecordError
from env.records import Answer, Page, Question, from_json
from reward.comparisons import is_torn
from reward.pairs import Pair
from webqa.rating.campaigns.evidence import needed, stored_pages, with_evidence, without_sources
from webqa.rating.campaigns.leaks import Leak, leaks_of
from webqa.rating.recognising import wrong
from webqa.rating.records import Demonstration, Profile, Task

Content = Task | Demonstration
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class NewItem:
    """What one item of a campaign is to be."""

    key: str
    """Id of the pair or the question."""
    content: Content
    expected: int | None = None
    """Of a gold item: the sign of the right overall rating."""


@dataclass(slots=True)
class Collected:
    """Items as they are collected, and what is to be said of them."""

    profile: Profile = "detailed"
    pages: Mapping[str, Page] = field(default_factory=dict)
    without_leaks: bool = False
    """Leave out what tells who wrote it, instead of only listing it."""
    items: list[NewItem] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    """Quotes that cannot be shown in context, by the reason."""
    quotes: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    questions_left_out: Counter[str] = field(default_factory=Counter)
    """Questions of runs of which no answers are compared."""
    gold_left_out: Counter[str] = field(default_factory=Counter)
    """Comparisons that were to be gold."""
    now_gold: int = 0
    """Pairs that would be items if they were not gold items."""
    _known: dict[Hashable, NewItem] = field(default_factory=dict)
    """By the key, and by what raters see."""

    @property
    def plain_gold(self) -> int:
        """How many gold items have no quotes where the others have some, and so stand out."""
        plain, others = 0, False
        for one in self.items:
            if isinstance(one.content, Task):
                quotes = bool(one.content.first or one.content.second)
                plain += one.expected is not None and not quotes
                others |= one.expected is None and quotes
        return plain if others else 0

    def pair(self, pair: Pair, expected: int | None = None) -> None:
        """Take a pair, in the way that the profile shows it."""
        shown = without_sources(pair) if self.profile == "minimal" else pair
        self.task(Task(shown), expected)

    def task(self, task: Task, expected: int | None = None) -> None:
        """Take a task, and look its quotes up where it comes without evidence."""
        if (fault := fault_of(task.pair)) or (fault := _unfit(task)):
            self.left_out[fault] += 1
            return
        found = list(leaks_of(task.pair))
        self.leaks += found
        if found and self.without_leaks:
            self.left_out["it tells who wrote it"] += 1
            return
        shown = with_evidence(task, self.pages)
        if self._add(NewItem(task.pair.id, shown, expected)):
            quotes = (*shown.first, *shown.second)
            self.quotes += len(quotes)
            self.faults.update(one.fault for one in quotes if one.fault)

    def question(self, question: Question) -> None:
        """Take a question that is to be answered."""
        self._add(NewItem(question.id, Demonstration(question)))

    def _add(self, item: NewItem) -> bool:
        same: list[Hashable] = [item.key]
        if isinstance(item.content, Task) and not item.content.planted:
            same.append(seen(item.content.pair))
        found = next((self._known[one] for one in same if one in self._known), None)
        if found is None:
            self._known |= dict.fromkeys(same, item)
            self.items.append(item)
        elif found.expected is not None and item.expected is None:
            self.now_gold += 1
        else:
            self.left_out["it is there already"] += 1
        return found is None


def collect(
    pairs: Sequence[Pair],
    tasks: Sequence[Task],
    gold: Sequence[tuple[Pair, int]],
    folders: Sequence[Path],
    collected: Collected,
) -> Collected:
    """Turn what was read into items, with pages of these run folders; the gold ones first.

    Raises:
        ConfigError: a folder cannot be read.
        RecordError: a line is no page.
    """
    if collected.profile == "detailed":
        wanted = needed([*pairs, *(one for one, _ in gold), *(task.pair for task in tasks)])
        collected.pages = stored_pages(folders, wanted) if wanted else {}
    for pair, expected in gold:
        collected.pair(pair, expected)
    for task in tasks:
        collected.task(task)
    for pair in pairs:
        collected.pair(pair)
    return collected


def seen(pair: Pair) -> Hashable:
    """Return what raters see of a pair: the same, whichever answer stands first."""
    return pair.first.question, frozenset(map(look_of, pair.answers))


def look_of(answer: Answer) -> Hashable:
    """Return what raters see of an answer."""
    return answer.text, tuple(quote.text for quote in answer.quotes)


def fault_of(pair: Pair) -> str:
    """Return why two answers cannot be compared; empty when they can."""
    first, second = pair.answers
    if not (pair.id and pair.question and first.question.strip()):
        return "it has no id or names no question"
    if first.question != second.question:
        return "the two answers are to different questions"
    if (first.text, first.quotes) == (second.text, second.quotes):
        return "the two answers are the same"
    if not (first.text.strip() and second.text.strip()):
        return "one of its answers is empty"
    return ""


def read_pairs(path: Path) -> Iterator[Pair]:
    """Read pairs that wait for a judgement, as `webqa iterate` and `webqa pairs` write them.

    Raises:
        ConfigError: the file cannot be read.
        RecordError: a line is no pair, with its number.
    """
    return _records(path, Pair, "pairs")


def read_tasks(path: Path) -> Iterator[Task]:
    """Read tasks, such as those of a trial; raises as `read_pairs` does."""
    return _records(path, Task, "tasks")


def _unfit(task: Task) -> str:
    """Return why the parts of a task do not belong together; empty when they do."""
    answers = task.pair.answers
    for answer, shown, critiques in zip(
        answers, (task.first, task.second), (task.first_critiques, task.second_critiques),
        strict=True,
    ):  # fmt: skip
        if shown and tuple(one.quote for one in shown) != answer.quotes:
            return "its evidence is of other quotes than the answer's"
        if any(not 0 <= one.start < one.end <= len(answer.text) for one in critiques):
            return "a critique is of a place outside its answer"
    return ""


def _records(path: Path, kind: type[_Kind], wanted: str) -> Iterator[_Kind]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    yield from_json(line, kind)
                except RecordError as error:
                    if is_torn(line):
                        return
                    told = wrong(wanted, line, error)
                    raise RecordError(f"{path}, line {number}: {told}") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
