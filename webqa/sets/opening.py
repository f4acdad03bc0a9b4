"""A question set that was read once and found to be whole, and can be read again, as a stream.

In memory are only its figures. Sets are files, or named on the hub (see `hub`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import file_digest
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from env.errors import ConfigError
from env.records import Question
from webqa.folders import expanded
from webqa.sets import hub, squad
from webqa.sets.reading import questions_in
from webqa.sets.rows import Placed, check_file, rows
from webqa.webs import SAMPLE


@dataclass(frozen=True, slots=True)
class Figures:
    """What the first reading of a set found."""

    form: str
    """The published form it has, for people."""
    rows: int
    """Rows that were read; a row of SQuAD is a page, and deleted posts of ELI5 are no questions."""
    count: int
    datasets: Mapping[str, int]
    """How many questions each dataset named in it has."""
    accepted: int
    """How many have accepted answers."""
    written: int
    """How many have long answers by people."""
    unanswerable: int
    """How many have no right answer but that there is none."""


class Questions:
    """The questions of a set, read anew each time that they are gone through."""

    def __init__(
        self, name: str, sha256: str, figures: Figures, read: Callable[[], Iterator[Question]]
    ) -> None:
        """Hold a set.

        Args:
            name: How a run names it: by its name and what it holds.
            sha256: Of the file's bytes; of a set on the hub, the commit it was read at.
            figures: What the first reading found.
            read: Begins to read it.
        """
        self.name, self.sha256, self.figures, self._read = name, sha256, figures, read

    def __iter__(self) -> Iterator[Question]:
        """Read the questions one by one, in the order of the set.

        Raises:
            ConfigError: the file cannot be read any more, or has changed since it was opened.
        """
        return self._read()

    def __len__(self) -> int:
        """Return how many there are."""
        return self.figures.count


def open_questions(source: str | Path) -> Questions:
    """Open a question set, which reads it once: whatever is wrong with it is told at the start.

    Args:
        source: A file in any form of `reading.SHAPES`, hub:OWNER/NAME (see `hub.parse`), or, where
            no file is called so, `sample`: the questions to the sample web.

    Raises:
        ConfigError: it cannot be read, is of no known form or of several, or holds a row that is
            no question, an id twice, or no question.
    """
    if str(source).startswith(hub.START):
        return _from_hub(str(source))
    path = expanded(source)
    if str(source) == SAMPLE and not path.exists():
        path = Path(str(files("webqa"))) / "sample" / "questions.jsonl"
    stamp = _stamp(path)
    digest = digest_of(path)
    figures = _figures(rows(path), str(path))
    _same(path, stamp)

    def read() -> Iterator[Question]:
        _same(path, stamp)
        for _, question in questions_in(rows(path), str(path)):
            yield _of_its_set(question, figures)
        _same(path, stamp)

    return Questions(named(path, digest), digest, figures, read)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal.

    Raises:
        ConfigError: it cannot be read.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


def named(path: Path, digest: str) -> str:
    """Return how a run names the file that its questions come from."""
    return f"{path.name} {digest}"


def _from_hub(source: str) -> Questions:
    place = hub.pinned(hub.parse(source))

    def placed() -> Iterator[Placed]:
        return hub.rows(place)

    figures = _figures(placed(), source)

    def read() -> Iterator[Question]:
        found = questions_in(placed(), source)
        return (_of_its_set(question, figures) for _, question in found)

    return Questions(str(place), place.revision, figures, read)


def _figures(found: Iterable[Placed], source: str) -> Figures:
    form, datasets, has = "", Counter[str](), Counter[str]()

    def counted() -> Iterator[Placed]:
        for row in found:
            has["rows"] += 1
            yield row

    for shape, question in questions_in(counted(), source):
        form = shape.name
        datasets[question.dataset] += 1
        has["accepted"] += bool(question.accepted)
        has["written"] += bool(question.written)
        has["unanswerable"] += question.unanswerable
    if form == squad.HUB.name and has["unanswerable"]:
        datasets = Counter({squad.SECOND: datasets.total()})
    return Figures(
        form,
        has["rows"],
        datasets.total(),
        MappingProxyType(dict(datasets)),
        has["accepted"],
        has["written"],
        has["unanswerable"],
    )


def _of_its_set(question: Question, figures: Figures) -> Question:
    """Return a question as of the set that it is in.

    An answered row of SQuAD 2.0 on the hub looks like one of 1.1: the set as a whole tells.
    """
    if figures.form == squad.HUB.name and figures.unanswerable:
        return replace(question, dataset=squad.SECOND)
    return question


def _stamp(path: Path) -> tuple[int, int]:
    check_file(path)
    try:
        found = path.stat()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    return found.st_size, found.st_mtime_ns


def _same(path: Path, stamp: tuple[int, int]) -> None:
    if _stamp(path) != stamp:
        raise ConfigError(f"{path} has changed since it was opened: start again")
