"""A recorded episode prepared for showing: what was seen and quoted, cut into styled pieces.

Pure functions from records to pieces of text; how a piece looks is for the template to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from env import actions
from env.actions import Action
from env.citations import MARK
from env.errors import InvalidAction
from env.records import Episode, Observation, Page, Quote, Step
from env.verify import is_verifiable, quotes_of, verify_quote
from env.view import LINK_MARK, plain_citations
from webqa.fragments import quote_url

CONTEXT = 240
"""Characters of the stored page shown on each side of a quote."""

_BLANK_LINES = re.compile(r"\n\s*\n")

Kind = Literal["text", "link", "cite"]


class Piece(NamedTuple):
    """A run of text that is shown in one way."""

    text: str
    kind: Kind = "text"
    number: int = 0
    """Id of a link, or number of a citation."""
    domain: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A quote of the answer, in its context."""

    number: int
    quote: Quote
    url: str
    """Opens at the quote; empty when it may not be made a link."""
    before: str
    after: str
    fault: str
    """Why the quote does not verify; empty when it does."""
    verifiable: bool
    step: int
    """Number of the step that took it; 0 for one kept from an earlier question."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One step: what was seen and what was written then."""

    number: int
    seen: Observation
    pieces: tuple[Piece, ...]
    is_same: bool
    """Whether the step before showed the same."""
    verb: str
    """The fixed part of the command; empty for an answer and for what is no command."""
    written: str
    """The rest."""
    clicked: int
    """Id of the link that was clicked; -1 for none."""
    anchor: str
    """Text of that link."""


@dataclass(frozen=True, slots=True)
class Replay:
    """All that is shown of an episode."""

    episode: Episode
    answer: tuple[Piece, ...]
    sources: tuple[Source, ...]
    uncited: tuple[Quote, ...]
    """Quotes that were taken but are not cited."""
    steps: tuple[Shown, ...]


def replay(episode: Episode, pages: Mapping[str, Page]) -> Replay:
    """Prepare an episode for showing."""
    quotes = tuple(quotes_of(episode))
    cited = episode.answer.quotes if episode.answer else ()
    steps = [_shown(number, episode, quotes, pages) for number in range(len(episode.steps))]
    return Replay(
        episode,
        tuple(answer_pieces(episode.answer.text)) if episode.answer else (),
        tuple(
            _source(number, quote, pages, _taken_at(episode, quote))
            for number, quote in enumerate(cited, start=1)
        ),
        tuple(quote for quote in quotes if quote not in cited),
        tuple(steps),
    )


def _taken_at(episode: Episode, quote: Quote) -> int:
    """Return the number of the step that took a quote: the one before it is first observed."""
    for before, step in enumerate(episode.steps):
        if quote in step.observation.quotes:
            return before
    return 0


def answer_pieces(text: str) -> Iterator[Piece]:
    """Cut an answer where its marks begin and end; `[1, 2]` becomes two."""
    offset = 0
    for mark in MARK.finditer(text):
        yield Piece(text[offset : mark.start()])
        for number in mark[1].split(","):
            yield Piece(f"[{int(number)}]", "cite", int(number))
        offset = mark.end()
    yield Piece(text[offset:])


def _source(number: int, quote: Quote, pages: Mapping[str, Page], step: int) -> Source:
    fault = verify_quote(quote, pages)
    before = after = ""
    if not fault:
        text = pages[quote.page_sha256].text
        before, after = _before(text, quote.start), _after(text, quote.end)
        before, after = (_BLANK_LINES.sub("\n", part) for part in (before, after))
    url = quote_url(quote)
    # An address from a page could otherwise carry a script.
    safe = url if urlsplit(url).scheme in {"http", "https"} else ""
    return Source(number, quote, safe, before, after, fault, is_verifiable(quote), step)


def _before(text: str, end: int) -> str:
    start = max(0, end - CONTEXT)
    if start == 0:
        return text[:end]
    space = text.find(" ", start, end)
    return "…" + text[space if space >= 0 else start : end]


def _after(text: str, start: int) -> str:
    end = min(len(text), start + CONTEXT)
    if end == len(text):
        return text[start:]
    space = text.rfind(" ", start, end)
    return text[start : space + 1 if space >= 0 else end] + "…"


def _shown(
    place: int, episode: Episode, quotes: Sequence[Quote], pages: Mapping[str, Page]
) -> Shown:
    step = episode.steps[place]
    seen, written = step.observation, step.completion.text
    command, action = None, _parse(step)
    if action:
        command = actions.BY_NAME[action.name]
        written = actions.format_action(action).removeprefix(command.prefix)
    clicked = action.number if action and action.name == "click" else -1
    anchors = {int(mark[1]): mark[2] for mark in LINK_MARK.finditer(seen.text)}
    return Shown(
        place + 1,
        seen,
        tuple(seen_pieces(seen, quotes, pages)),
        place > 0 and bool(seen.text) and _view(episode.steps[place - 1]) == _view(step),
        command.prefix.strip() if command else "",
        written,
        clicked,
        anchors.get(clicked, ""),
    )


def _parse(step: Step) -> Action | None:
    try:
        return None if step.observation.answering else actions.parse(step.completion.text)
    except InvalidAction:
        return None


def _view(step: Step) -> tuple[str, str, str]:
    seen = step.observation
    return seen.title, seen.domain, seen.text


def seen_pieces(
    seen: Observation, quotes: Sequence[Quote], pages: Mapping[str, Page]
) -> Iterator[Piece]:
    """Cut the visible text where links and quotes begin and end."""
    runs = list(_runs(seen.text))
    plain = "".join(run.text for run in runs)
    spans = _quoted_spans(plain, seen, quotes, pages)
    offset = 0
    for run in runs:
        for start, end, quoted in _cut(offset, offset + len(run.text), spans):
            yield run._replace(text=plain[start:end], quoted=quoted)
        offset += len(run.text)


def _runs(text: str) -> Iterator[Piece]:
    """Split rendered text into plain text and links."""
    offset = 0
    for mark in LINK_MARK.finditer(text):
        if mark.start() > offset:
            yield Piece(text[offset : mark.start()])
        yield Piece(mark[2], "link", int(mark[1]), mark[3] or "")
        offset = mark.end()
    if offset < len(text):
        yield Piece(text[offset:])


def _quoted_spans(
    plain: str, seen: Observation, quotes: Sequence[Quote], pages: Mapping[str, Page]
) -> list[tuple[int, int]]:
    """Return where quotes lie in the visible text, by finding the text on its stored page."""
    spans: list[tuple[int, int]] = []
    for page in pages.values():
        if not plain or (page.title, page.domain) != (seen.title, seen.domain):
            continue
        # It keeps every offset, so what is visible can be found as it was shown.
        offset = plain_citations(page.text).find(plain)
        if offset < 0:
            continue
        for quote in quotes:
            if quote.page_sha256 == page.sha256:
                start, end = quote.start - offset, quote.end - offset
                if end > 0 and start < len(plain):
                    spans.append((max(0, start), min(end, len(plain))))
    return sorted(spans)


def _cut(start: int, end: int, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, bool]]:
    """Cut a stretch at the borders of spans and tell of each part whether it is inside one."""
    inner = {place for span in spans for place in span if start < place < end}
    borders = [start, *sorted(inner), end]
    for first, last in pairwise(borders):
        if first < last:
            yield first, last, any(low <= first and last <= high for low, high in spans)
