"""What one wants of a search service, and checks of what a user sets for one.

Knows no service and no network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote_plus

from env.errors import ConfigError
from env.sanitise import clean_characters, sanitise_line
from env.web.live.services.base import About, Dates

ENCODED_QUERY = 3000
"""Characters of the longest query in a URL, percent-encoded."""
_LONGEST_QUERY = 10_000
_KEY = re.compile(r"[\x21-\x7e]{1,500}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,10}(?:-[A-Za-z0-9]{2,10}){0,2}")
_ANY_TIME = Dates()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one wants of a service, as far as it can give it."""

    count: int = 20
    """Results asked for; some may be hidden afterwards, so more than are shown."""
    language: str = ""
    """A code such as `de`; empty leaves it to the service."""
    dates: Dates = _ANY_TIME
    allow_domain: tuple[str, ...] = ()
    deny_domain: tuple[str, ...] = ()
    """Hints for a service that can keep to domains; the lists are enforced elsewhere."""


ANYTHING = Wanted()


def settings(wanted: Wanted, *more: str) -> str:
    """Return what shapes a service's replies, as a text for a hash."""
    dates = wanted.dates
    return "|".join((str(wanted.count), wanted.language, dates.since, dates.until, *more))


def one_line(query: str) -> str:
    """Return a query that any policy may have written as one line of Unicode, possibly empty."""
    return " ".join(_words(query))


def asked(query: str, characters: int, words: int = 1000) -> str:
    """Return a query in one line, cut behind a word to what a service takes."""
    kept = ""
    for number, word in enumerate(_words(query)):
        longer = f"{kept} {word}" if kept else word[:characters]
        fits = len(longer) <= characters and len(quote_plus(longer)) <= ENCODED_QUERY
        if number == words or not fits:
            return kept or word[: min(characters, ENCODED_QUERY // 12)]
        kept = longer
    return kept


def _words(query: str) -> Iterator[str]:
    # Half of a surrogate pair is no Unicode: no URL could take it.
    yield from clean_characters(query[:_LONGEST_QUERY]).encode(errors="ignore").decode().split()


def days(dates: Dates) -> tuple[date | None, date | None]:
    """Return a range of dates.

    Raises:
        ConfigError: one is no date, or they are in the wrong order.
    """
    since, until = _day(dates.since), _day(dates.until)
    if since and until and since > until:
        raise ConfigError(f"expected dates in order, found {since} to {until}: exchange them")
    return since, until


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        shown = sanitise_line(text, 40)
        raise ConfigError(f"expected a date like 2026-01-31, found {shown!r}") from error


def utc_day() -> date:
    """Return today's date in UTC."""
    return datetime.now(UTC).date()


def language(code: str) -> str:
    """Return a language code.

    Raises:
        ConfigError: it is none.
    """
    if code and not _LANGUAGE.fullmatch(code):
        raise ConfigError(f"expected a language code like `de`, found {sanitise_line(code, 40)!r}")
    return code


def usable_key(about: About, key: str, source: str) -> str:
    """Return a key fit for a header.

    Raises:
        ConfigError: there is none, or it holds what no key holds. It is not shown.
    """
    key = key.strip()
    if not key:
        raise ConfigError(
            f"{about.name} needs a key: set the environment variable {about.key}; "
            f"keys are given at {source}"
        )
    if not _KEY.fullmatch(key):
        raise ConfigError(f"{about.key} holds characters that no key has: copy it again")
    return key
