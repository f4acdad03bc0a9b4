"""What could be quoted: runs of adjacent sentences of what is on the screen, with their context.

Reads observations only, so it sees what any policy sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from env.records import Observation
from env.view import LINK_MARK, unmark
from policies.extractive.words import plain, stem, words

LONGEST = 400
"""Characters of a candidate."""
MOST_SENTENCES = 5
FEWEST_WORDS = 4
PARAGRAPH = 150
"""Characters from which a block counts as a paragraph: captions and labels are shorter."""

_ABBREVIATIONS = (
    "Mr Mrs Ms Dr Prof St Sr Jr Mt Ft No vs etc cf ca c e.g i.e approx Gen Col Sgt Capt Lt Rev Hon "
    "Inc Ltd Co Corp Dept Univ Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec Vol Fig p pp b d r "
    "fl U.S U.K a.m p.m B.C A.D"
).split()
_END = re.compile(r"[.!?]+[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9À-Þ])")
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
    block: int = 0
    """Number of the block on the screen; 0 may be the page's lead."""
    first: bool = False
    """Begins its block."""
    lead: bool = False
    """Stands among the first blocks of its page."""
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
    for block, line in enumerate(entry.snippet.split("\n")):
        yield from _runs(split_sentences(line), source, "", block, lead=False)


def page_candidates(observation: Observation, rank: int) -> Iterator[Candidate]:
    """Yield the candidates of the window of an opened page."""
    source = Source(observation.title, observation.domain, rank)
    at_top = observation.position[0] == 0
    heading, block, paragraphs = "", 0, 0
    for line in unmark(observation.text).split("\n"):
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.strip():
            paragraphs += len(line) >= PARAGRAPH
            lead = at_top and paragraphs <= 2 and len(line) >= PARAGRAPH
            yield from _runs(split_sentences(line), source, heading, block, lead=lead)
            block += 1


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
    found = tuple(words(text))
    return Sentence(text, found, tuple(stem(plain(word)) for word in found))


def _runs(
    sentences: list[Sentence], source: Source, heading: str, block: int, *, lead: bool
) -> Iterator[Candidate]:
    for start in range(len(sentences)):
        length = -1
        for end in range(start, min(start + MOST_SENTENCES, len(sentences))):
            length += len(sentences[end].text) + 1
            if length > LONGEST:
                break
            run = sentences[start : end + 1]
            if sum(len(sentence.words) for sentence in run) < FEWEST_WORDS:
                continue
            yield Candidate(
                " ".join(sentence.text for sentence in run),
                tuple(word for sentence in run for word in sentence.words),
                tuple(one for sentence in run for one in sentence.stems),
                source,
                heading,
                block,
                start == 0,
                lead,
                tuple(len(sentence.stems) for sentence in run),
            )
