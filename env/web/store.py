"""The pages of an index folder in SQLite: stored in batches, found by URL or number.

Knows nothing of search. Texts and links are compressed; numbers of pages run from 1 in the order
of the sources.
"""

from __future__ import annotations

import sqlite3
import weakref
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from env.records import Link, Page
from env.web.passages import Passage, split
from env.web.urls import key_of

FILE = "pages.sqlite"
_LEVEL = 3
_TABLES = """
CREATE TABLE IF NOT EXISTS pages (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, url TEXT NOT NULL, title TEXT NOT NULL,
    domain TEXT NOT NULL, sha256 TEXT NOT NULL, retrieved_at TEXT NOT NULL,
    passages INTEGER NOT NULL, links INTEGER NOT NULL, text BLOB NOT NULL,
    passage_list BLOB NOT NULL, link_list BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS skipped (
    id INTEGER PRIMARY KEY, reason TEXT NOT NULL, place TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A page ready to be stored: made where the page was converted, so that it travels small."""

    key: str
    url: str
    title: str
    domain: str
    sha256: str
    retrieved_at: str
    passages: int
    links: int
    text: bytes
    passage_list: bytes
    link_list: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """What search needs of a stored page."""

    id: int
    url: str
    title: str
    domain: str
    sha256: str
    text: str
    """The start of its text, as far as it was asked for."""


def pack(page: Page) -> Row:
    """Make a page ready to be stored."""
    passages = split(page.text)
    links = [(link.start, link.end, link.url, link.domain) for link in page.links]
    return Row(
        key_of(page.url),
        page.url,
        page.title,
        page.domain,
        page.sha256,
        page.retrieved_at,
        len(passages),
        len(links),
        zlib.compress(page.text.encode(), _LEVEL),
        zlib.compress(msgspec.json.encode(passages), _LEVEL),
        zlib.compress(msgspec.json.encode(links), _LEVEL),
    )


class Counts(NamedTuple):
    """How much is stored."""

    pages: int
    passages: int
    links: int
    duplicates: int
    """Pages whose text stands in an earlier one."""


class Stored(NamedTuple):
    """What indexing needs of a stored page."""

    id: int
    url: str
    title: str
    text: str
    passages: list[Passage]


class Store:
    """The SQLite file of an index folder."""

    def __init__(self, folder: Path, *, writable: bool = False) -> None:
        self._path = folder / FILE
        if writable:
            self._connection = sqlite3.connect(self._path)
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.executescript(_TABLES)
        else:
            uri = f"{self._path.absolute().as_uri()}?mode=ro&immutable=1"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            self._connection.execute("PRAGMA mmap_size = 1000000000")
            # A web is opened in many places and closed in few: the file goes with its last user.
            weakref.finalize(self, self._connection.close)

    def check(self) -> None:
        """Make sure that this is a whole file of pages; damage within it is not looked for.

        Raises:
            sqlite3.Error: it is cut short, or no such file.
        """
        self._connection.execute("SELECT count(*) FROM pages WHERE id < 0")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def commit(self) -> None:
        """Make everything so far survive a crash."""
        self._connection.commit()

    def add(self, row: Row) -> bool:
        """Store a page; False when there is one with its URL already."""
        values = (
            row.key, row.url, row.title, row.domain, row.sha256, row.retrieved_at, row.passages,
            row.links, row.text, row.passage_list, row.link_list,
        )  # fmt: skip
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO pages (key, url, title, domain, sha256, retrieved_at, passages,"
            " links, text, passage_list, link_list) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )
        return cursor.rowcount == 1

    def add_skipped(self, reason: str, place: str, detail: str) -> None:
        """Remember something that did not become a page."""
        self._connection.execute(
            "INSERT INTO skipped (reason, place, detail) VALUES (?, ?, ?)", (reason, place, detail)
        )

    def note(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        self._connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def noted(self, name: str) -> str:
        """Return a value that was kept; empty when there is none."""
        row = self._connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def counts(self) -> Counts:
        """Count what is stored."""
        query = (
            "SELECT count(*), coalesce(sum(passages), 0), coalesce(sum(links), 0),"
            " count(*) - count(DISTINCT sha256) FROM pages"
        )
        return Counts(*self._connection.execute(query).fetchone())

    def skipped(self) -> Iterator[tuple[str, str, str]]:
        """Yield reason, place and detail of everything that was skipped, in order."""
        yield from self._connection.execute("SELECT reason, place, detail FROM skipped ORDER BY id")

    def skipped_counts(self) -> dict[str, int]:
        """Return how often each reason occurred."""
        query = "SELECT reason, count(*) FROM skipped GROUP BY reason ORDER BY 2 DESC, 1"
        return dict(self._connection.execute(query))

    def content_hash(self) -> str:
        """Return a hash of all pages that does not depend on their order."""
        digest = sha256()
        for url, page in self._connection.execute("SELECT url, sha256 FROM pages ORDER BY url"):
            digest.update(f"{page} {url}\n".encode())
        return digest.hexdigest()

    def passage_counts(self) -> Iterator[int]:
        """Yield the number of passages of each page, in order."""
        for (count,) in self._connection.execute("SELECT passages FROM pages ORDER BY id"):
            yield count

    def texts(self, after: int = 0) -> Iterator[Stored]:
        """Yield every page after one, in order, with its passages."""
        query = "SELECT id, url, title, text, passage_list FROM pages WHERE id > ? ORDER BY id"
        for number, url, title, text, passages in self._connection.execute(query, (after,)):
            yield Stored(
                number,
                url,
                title,
                zlib.decompress(text).decode(),
                msgspec.json.decode(zlib.decompress(passages), type=list[Passage]),
            )

    def find(self, ends: Mapping[int, int]) -> dict[int, Found]:
        """Return pages by number, the text of each at least up to an offset."""
        marks = ",".join("?" * len(ends))
        query = f"SELECT id, url, title, domain, sha256, text FROM pages WHERE id IN ({marks})"
        return {
            row[0]: Found(row[0], row[1], row[2], row[3], row[4], _start_of(row[5], ends[row[0]]))
            for row in self._connection.execute(query, list(ends))
        }

    def page(self, url: str) -> Page | None:
        """Return the page at a URL, however it is written; None when there is none."""
        row = self._connection.execute(
            "SELECT url, title, domain, sha256, retrieved_at, text, link_list FROM pages"
            " WHERE key = ?",
            (key_of(url),),
        ).fetchone()
        if row is None:
            return None
        stored = msgspec.json.decode(zlib.decompress(row[6]), type=list[tuple[int, int, str, str]])
        links = (Link(number, *link) for number, link in enumerate(stored))
        text = zlib.decompress(row[5]).decode()
        return Page(row[0], row[1], row[2], text, tuple(links), row[3], row[4])


def _start_of(packed: bytes, end: int) -> str:
    """Unpack a text as far as it is needed: that takes half the time of a search otherwise."""
    inflater = zlib.decompressobj()
    # Most characters are one byte; if they are not, the rest is unpacked as well.
    raw = inflater.decompress(packed, end + end // 16 + 64)
    text = raw.decode(errors="ignore")
    if len(text) > end:
        return text
    return (raw + inflater.decompress(inflater.unconsumed_tail) + inflater.flush()).decode()
