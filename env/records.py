"""The frozen records that every stage reads and writes, and their JSON.

They hold data and nothing else: what can be done with them lives in the modules that do it. No
record knows of a model, a tokenizer or a reward. Every offset counts code points of `Page.text`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, TypeVar

import msgspec

from env.errors import RecordError

SCHEMA = 1
"""Raised when a field changes its meaning; readers refuse a record with a higher number."""

Ended = Literal["answered", "unanswered", "nonsense", "controversial", "failed"]
StoppedBy = Literal["command", "actions", "quotes", "tokens", "time", "error"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question and, where known, what counts as answering it."""

    id: str
    text: str
    dataset: str = ""
    accepted: tuple[str, ...] = ()
    """Known short answers. A policy never sees them; none means unknown, or unanswerable."""
    written: tuple[str, ...] = ()
    """Long answers written by people; the best first where the set says so."""
    wrong: tuple[str, ...] = ()
    """Answers known to be false; the most tempting first where the set says so."""
    unanswerable: bool = False
    """Whether the right answer is that there is none."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page: its anchor is `page.text[start:end]`."""

    id: int
    start: int
    end: int
    url: str
    domain: str


@dataclass(frozen=True, slots=True)
class Page:
    """A document as sanitised text, without link marks, in Unicode form NFC.

    Links are sorted, do not overlap, and are numbered from 0 in order.
    """

    url: str
    title: str
    domain: str
    text: str
    links: tuple[Link, ...] = ()
    sha256: str = ""
    """Of `text` in UTF-8, hexadecimal."""
    retrieved_at: str = ""
    """ISO 8601 with a time zone; empty when the source does not tell."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of a page: `page.text[start:end] == text` for the page with this hash.

    A quote imported from elsewhere may lack URL, offsets and hash; it is not verifiable.
    """

    text: str
    title: str
    domain: str
    url: str = ""
    start: int = -1
    end: int = -1
    page_sha256: str = ""
    retrieved_at: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """All that a policy may see, and all that a grammar is made from. Bounded in size."""

    question: str
    title: str = ""
    domain: str = ""
    text: str = ""
    """The visible window, with link marks."""
    links: tuple[int, ...] = ()
    """Ids of the links in the window."""
    position: tuple[int, int] = (0, 100)
    """First and last visible place of the page, in percent."""
    quotes: tuple[Quote, ...] = ()
    past_actions: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    """Names (see env.actions) of the commands that can be carried out now."""
    actions_left: int = 0
    quote_characters_left: int = 0
    notice: str = ""
    """What became of the last command, if it could not be carried out."""
    answering: bool = False
    """True once browsing is over: the next text is the answer."""
    quote_limit: int = 0
    """Characters of the longest quote; 0 where it is not told."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a policy wrote. Token fields are empty for policies without a tokenizer."""

    text: str
    token_ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    """Natural logarithms, one per token, of the distribution that was sampled from."""
    grammar: str = ""
    """Version of the grammar that masked the distribution; empty when nothing did."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    error: str = ""
    """Why the text is not what the policy would have written: one line; empty when it is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One turn: what was seen and what was written."""

    observation: Observation
    completion: Completion


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose `[n]` marks point at `quotes[n - 1]`."""

    question: str
    text: str
    quotes: tuple[Quote, ...] = ()
    removed: tuple[int, ...] = ()
    """Numbers of marks that named no quote and were taken out of the text."""


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """Which web an episode browsed: its kind (corpus, live, cassette) and a hash of its content."""

    kind: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """One question from the first observation to the answer: one line of episodes.jsonl."""

    id: str
    question: Question
    policy: str
    web: WebIdentity
    configuration: str
    """Hash of the resolved settings, which stand in the run's config.json."""
    steps: tuple[Step, ...]
    answer: Answer | None
    ended: Ended
    stopped_by: StoppedBy
    seed: int = 0
    attempt: int = 0
    error: str = ""
    """One line: why the episode failed, or what failed in one that was answered all the same."""
    started_at: str = ""
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    parent: str = ""
    """Id of the episode whose browsing this one repeats in its steps, to answer once more; seconds
    and tokens are then of its own answer alone. Empty when it browsed itself."""
    schema: int = SCHEMA
    version: str = ""
    """Version of the code that made it."""


Record = TypeVar("Record")


def to_json(record: object) -> bytes:
    """Write a record as one line of JSON, without the line end.

    Raises:
        RecordError: a text in it is no Unicode (half of a surrogate pair).
    """
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError as error:
        raise RecordError(f"a {type(record).__name__} with text that is no Unicode") from error


def from_json(line: bytes | str, kind: type[Record]) -> Record:
    """Read a record of the given kind.

    Raises:
        RecordError: not JSON, a field of the wrong type, or a schema newer than this code.
    """
    try:
        record = msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"not a record of kind {kind.__name__}: {error}") from error
    if (schema := getattr(record, "schema", SCHEMA)) > SCHEMA:
        raise RecordError(
            f"record of schema {schema}, this version reads up to {SCHEMA}: update webqa"
        )
    return record


def text_sha256(text: str) -> str:
    """Return the hash by which a page's text is known."""
    return sha256(text.encode()).hexdigest()


def make_page(
    url: str, title: str, text: str, *, domain: str, links: Sequence[Link] = (), at: str = ""
) -> Page:
    """Make a page from sanitised text, adding its hash."""
    return Page(url, title, domain, text, tuple(links), text_sha256(text), at)
