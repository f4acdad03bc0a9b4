"""Whole copies of a SQLite database that others may be writing at. Knows no table.

The file alone is no copy of it: what was written last stands in the log beside it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path


def copy_database(file: Path, copy: Path) -> None:
    """Copy a database as it is at one moment, for its owner alone.

    Args:
        file: that is there.
        copy: that is not.

    Raises:
        OSError: the copy is there already, or cannot be written.
        sqlite3.Error: it cannot be copied; nothing is left of it.
    """
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except BaseException:
        copy.unlink()
        raise
