"""Pages of the live web, kept on disk for some hours so that nothing is fetched twice in a day.

A convenience that never stands in the way: where the file is damaged, locked, read-only or no cache
at all, there is simply nothing in it, and `notes` says so once. Several processes may use it at
once. Who puts pages in decides what may be kept; knows no network.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
import weakref
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from env.errors import RecordError
from env.records import Page, from_json, text_sha256, to_json
from env.version import VERSION
from env.web.urls import key_of

FILE = "pages.sqlite"
_APPLICATION = 0x77716163
"""Stands in the file's header: what has it is ours and may be replaced when it is damaged."""
_APPLICATION_AT = 68
"""Where (SQLite's database file format, 1.3)."""
_SIGN = b"SQLite format 3\0"
_FORMAT = 1
_LEVEL = 3
_WAIT = 0.5
"""Seconds that another process is waited for."""
_LONGEST = 1 << 28
"""Bytes of the largest page that is unpacked."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGE = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_TABLE = """
CREATE TABLE IF NOT EXISTS pages (
    key TEXT PRIMARY KEY, at REAL NOT NULL, size INTEGER NOT NULL, page BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS ages ON pages (at, size);
"""


class PageCache:
    """Pages by URL. No method raises an error because of the file."""

    def __init__(
        self,
        path: Path | str,
        *,
        hours: float = 24.0,
        megabytes: int = 500,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open a cache, making it if need be.

        Args:
            path: a folder, or a file whose name has an ending.
            hours: how long a page is kept.
            megabytes: how much is kept; the oldest goes first.
            clock: tells the time in seconds; the same for all who share the file.
        """
        named = Path(path)
        is_folder = named.is_dir() or (not named.suffix and not named.exists())
        self.path = named / FILE if is_folder else named
        self.notes: tuple[str, ...] = ()
        """What a person should know: at most one line."""
        self._seconds = 3600 * hours
        self._bytes = 1_000_000 * megabytes
        self._clock = clock
        self._using = threading.Lock()
        self._unchecked = self._bytes
        """Bytes put in since the size was last looked at; at the start nobody knows."""
        self._guard = -1
        self._connection: sqlite3.Connection | None = None
        with self._using:
            self._open()

    def get(self, url: str) -> Page | None:
        """Return the page that was put in for a URL, however it is written; None without one."""
        with self._using:
            try:
                return self._get(_key(url))
            except sqlite3.Error as error:
                self._mend(error)
                return None

    def put(self, url: str, page: Page) -> None:
        """Keep a page; one that is there for the URL is replaced."""
        with self._using:
            try:
                self._put(_key(url), zlib.compress(to_json(page), _LEVEL))
            except RecordError:
                return
            except sqlite3.Error as error:
                self._mend(error)

    def close(self) -> None:
        """Close the file."""
        with self._using:
            self._shut()

    def _get(self, key: str) -> Page | None:
        if self._connection is None:
            return None
        query = "SELECT at, page FROM pages WHERE key = ?"
        row = self._connection.execute(query, (key,)).fetchone()
        # A time far ahead is of a clock that was put back since.
        if row is None or abs(self._clock() - row[0]) >= self._seconds:
            return None
        page = _unpacked(row[1])
        if page is None:
            self._connection.execute("DELETE FROM pages WHERE key = ?", (key,))
        return page

    def _put(self, key: str, packed: bytes) -> None:
        size = len(packed) + len(key.encode())
        if self._connection is None or size > self._bytes:
            return
        values = (key, self._clock(), size, packed)
        self._connection.execute("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?)", values)
        self._unchecked += size
        # To add up all sizes takes a while: done once for each hundredth that comes in.
        if self._unchecked > self._bytes // 100:
            self._evict(self._connection)
            self._unchecked = 0

    def _evict(self, connection: sqlite3.Connection) -> None:
        """Remove what is too old, and then the oldest until the rest fits."""
        oldest = self._clock() - self._seconds
        connection.execute("DELETE FROM pages WHERE at <= ?", (oldest,))
        (total,) = connection.execute("SELECT coalesce(sum(size), 0) FROM pages").fetchone()
        surplus, last = total - self._bytes, None
        if surplus <= 0:
            return
        for at, size in connection.execute("SELECT at, size FROM pages ORDER BY at"):
            surplus, last = surplus - size, at
            if surplus <= 0:
                break
        connection.execute("DELETE FROM pages WHERE at <= ?", (last,))

    def _open(self) -> None:
        try:
            self._take_guard()
            self._connect()
        except (sqlite3.Error, OSError) as error:
            self._mend(error)

    def _take_guard(self) -> None:
        """Tell other processes that the file is in use: it must not be replaced under them."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._guard = os.open(f"{self.path}-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._release = weakref.finalize(self, os.close, self._guard)
        fcntl.flock(self._guard, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _connect(self) -> None:
        # SQLite gives its other files the same mode.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if not _is_ours(self.path):
            raise OSError("it is another file, or damaged")
        self.path.chmod(0o600)
        connection = sqlite3.connect(
            self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False
        )
        self._closing = weakref.finalize(self, connection.close)
        self._connection = connection
        if not self.path.stat().st_size:
            # Before anything else: without it a crash would leave what nobody may replace.
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found == 0:
            connection.executescript(f"{_TABLE} PRAGMA user_version = {_FORMAT};")
        elif found != _FORMAT:
            raise sqlite3.DatabaseError("it is of another version of webqa")

    def _mend(self, error: Exception) -> None:
        """Go on without what is there: begin anew if nobody else uses it, or do without."""
        if _code(error) in _BUSY:
            # Somebody else writes for long: this once, nothing was found or kept.
            if self._connection is None:
                self._without(error)
            return
        begun_before = bool(self.notes)
        self._disconnect()
        if begun_before or _code(error) not in _DAMAGE or not self._remove():
            self._without(error)
            return
        self.notes = (f"the page cache {self.path} was damaged ({error}) and is begun anew",)
        try:
            self._connect()
        except (sqlite3.Error, OSError) as again:
            self._without(again)

    def _remove(self) -> bool:
        """Remove a damaged file of ours that nobody else has open; tell whether it was."""
        try:
            if not _is_ours(self.path):
                return False
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for ending in ("", "-wal", "-shm"):
                Path(f"{self.path}{ending}").unlink(missing_ok=True)
            fcntl.flock(self._guard, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _without(self, error: Exception) -> None:
        self._shut()
        reason = getattr(error, "strerror", None) or error
        self.notes = (f"the page cache {self.path} is not used ({reason})",)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection = None
            with suppress(sqlite3.Error):
                self._closing()

    def _shut(self) -> None:
        self._disconnect()
        if self._guard >= 0:
            self._guard = -1
            self._release()


def _code(error: Exception) -> int:
    """Return SQLite's primary result code; -1 when it did not give one."""
    if not isinstance(error, sqlite3.DatabaseError):
        return -1
    # Ours, about another version, has none: like a table that is not there.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _key(url: str) -> str:
    """Return what a page is kept by: pages that another version made are not found again."""
    return f"{VERSION} {key_of(url.encode(errors='replace').decode())}"


def _is_ours(path: Path) -> bool:
    """Tell whether a file is empty or says in its header that it is a cache."""
    with path.open("rb") as file:
        head = file.read(_APPLICATION_AT + 4)
    mark = int.from_bytes(head[_APPLICATION_AT:])
    return not head or (head.startswith(_SIGN) and mark == _APPLICATION)


def _unpacked(packed: bytes) -> Page | None:
    """Return a page as it was put in; None when it was tampered with."""
    inflater = zlib.decompressobj()
    try:
        page = from_json(inflater.decompress(packed, _LONGEST), Page)
    except (zlib.error, TypeError, RecordError):
        return None
    return page if text_sha256(page.text) == page.sha256 else None
