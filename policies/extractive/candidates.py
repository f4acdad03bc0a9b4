"""What could be quoted: runs of adjacent sentences of what is on the screen, with their context.

Reads observations only, so it sees what any policy sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from env.records import Observation
from env.view import LINK_MARK, unmark
from policies.extractive.words import compared, plain, stem

LONGEST = 400
"""Characters of a candidate."""
MOST_SENTENCES = 5
FEWEST_WORDS = 4
CELL = " | "
"""Stands between the cells of a table's row; the first row is the heading of the others."""
PARAGRAPH = 150
"""Characters from which a block counts as a paragraph: captions and labels are shorter."""

_ABBREVIATIONS = frozenset(
    """Mr Mrs Ms Dr Prof St Sr Jr Mt Ft No vs etc cf ca c e.g i.e approx Gen Col Sgt Capt
    Lt Rev Hon Inc Ltd Co Corp Dept Univ Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec Vol
    Fig p pp b d r fl U.S U.K a.m p.m B.C A.D""".split()
)
_END = re.compile(
    r"(?<![.!?])[.!?]+[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9À-Þ])|"
    r"(?<![。！？｡])[。！？｡]+(?:[」』）】”’]++(?![ぁ-ん])|(?![。！？｡」』）】”’]))\s*"
)
"""Chinese and Japanese need no space behind their own stops; 「はい。」と goes on.

A run of stops is tried from its first alone: thousands of dots must not be read over and over."""
_BEFORE_STOP = re.compile(r"(?:^|[\s(\[\"'“])([\w.]+)$")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a candidate was seen."""

    title: str
    domain: str
    rank: int
    """Place among the search results, from 0."""
    opened: bool = True
    """False for a snippet on a results page."""
    suspect: bool = False
    """The page tries to command whoever reads it."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as seen, and its stems."""

    text: str
    words: tuple[str, ...]
    stems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run of adjacent sentences inside one block."""

    text: str
    words: tuple[str, ...]
    stems: tuple[str, ...]
    source: Source
    heading: str = ""
    first: bool = False
    """Begins its block."""
    lead: bool = False
    """Stands in the first paragraphs of its page."""
    sentences: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()
    """Words of each sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A search result as seen."""

    link: int
    title: str
    domain: str
    snippet: str
    rank: int


def entries(observation: Observation, first_rank: int = 0) -> list[Entry]:
    """Read the results that are on the screen."""
    marks = list(LINK_MARK.finditer(observation.text))
    if not marks:
        return []
    ends = [mark.start() for mark in marks[1:]] + [len(observation.text)]
    return [
        Entry(
            int(mark[1]),
            mark[2],
            mark[3] or "",
            observation.text[mark.end() : end].strip(),
            first_rank + place,
        )
        for place, (mark, end) in enumerate(zip(marks, ends, strict=True))
    ]


def snippet_candidates(entry: Entry) -> Iterator[Candidate]:
    """Yield the candidates of a search result's snippet."""
    source = Source(entry.title, entry.domain, entry.rank, opened=False)
    for line in entry.snippet.split("\n"):
        yield from runs(split_sentences(line), source)


def page_candidates(observation: Observation, rank: int) -> Iterator[Candidate]:
    """Yield the candidates of the window of an opened page."""
    source = Source(observation.title, observation.domain, rank)
    at_top = observation.position[0] == 0
    lines = unmark(observation.text).split("\n")
    heading, paragraphs = "", 0
    rows: list[Sentence] = []
    for number, line in enumerate(lines, start=1):
        if CELL in line:
            rows.append(_sentence(line))
            continue
        yield from _table(rows, source, heading)
        rows = []
        if line.startswith("#"):
            heading = line.lstrip("# ")
            continue
        paragraphs += len(line) >= PARAGRAPH
        lead = at_top and paragraphs <= 2 and len(line) >= PARAGRAPH
        sentences = split_sentences(line)
        if number == len(lines) and observation.position[1] < 100:
            sentences = sentences[:-1]  # the window ends inside this line: it may be cut
        yield from runs(sentences, source, heading, lead)
    yield from _table(rows, source, heading)


def _table(rows: list[Sentence], source: Source, heading: str) -> Iterator[Candidate]:
    """Yield a table's rows, each with all that stands above it if that is short enough."""
    for end in range(1, len(rows)):
        fits = sum(len(row.text) + 1 for row in rows[: end + 1]) <= LONGEST
        if fits or len(rows[end].text) <= LONGEST:
            about = f"{heading} {rows[0].text}"
            yield candidate(rows[0 if fits else end : end + 1], source, about, first=fits)


def split_sentences(line: str) -> list[Sentence]:
    """Cut a line into sentences; one that is too long is cut again at commas or spaces."""
    cuts, start = [], 0
    for end in _END.finditer(line):
        before = _BEFORE_STOP.search(line[start : end.start()])
        if before and (before[1] in _ABBREVIATIONS or re.fullmatch(r"[A-Z]", before[1])):
            continue
        cuts.append(line[start : end.end()])
        start = end.end()
    cuts.append(line[start:])
    return [_sentence(piece) for cut in cuts for piece in _pieces(cut.strip()) if piece]


def _pieces(text: str) -> Iterator[str]:
    while len(text) > LONGEST:
        place = max(text.rfind(mark, LONGEST // 2, LONGEST) for mark in ("; ", ", ", " | "))
        place = place + 1 if place > 0 else text.rfind(" ", 1, LONGEST)
        place = place if place > 0 else LONGEST
        yield text[:place].strip()
        text = text[place:].strip()
    yield text


def _sentence(text: str) -> Sentence:
    found = tuple(compared(text))
    return Sentence(text, found, tuple(stem(plain(word)) for word in found))


def runs(
    sentences: list[Sentence], source: Source, heading: str = "", lead: bool = False
) -> Iterator[Candidate]:
    """Yield every run of a few adjacent sentences that is short enough to quote."""
    for start in range(len(sentences)):
        length = -1
        for end in range(start, min(start + MOST_SENTENCES, len(sentences))):
            length += len(sentences[end].text) + 1
            if length > LONGEST:
                break
            run = sentences[start : end + 1]
            if sum(len(sentence.words) for sentence in run) >= FEWEST_WORDS:
                yield candidate(run, source, heading, first=start == 0, lead=lead)


def candidate(
    run: list[Sentence], source: Source, heading: str = "", *, first: bool, lead: bool = False
) -> Candidate:
    """Join adjacent sentences."""
    return Candidate(
        " ".join(sentence.text for sentence in run),
        tuple(word for sentence in run for word in sentence.words),
        tuple(one for sentence in run for one in sentence.stems),
        source,
        heading,
        first,
        lead,
        tuple(sentence.text for sentence in run),
        tuple(len(sentence.stems) for sentence in run),
    )
