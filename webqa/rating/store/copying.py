"""Whole copies of a SQLite database that others may be writing at. Knows no table.

The file alone is no copy of it: what was written last stands in the log beside it.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from policies.checkpoints import PARTIAL


def copy_database(file: Path, copy: Path) -> None:
    """Copy a database as it is at one moment, for its owner alone.

    Args:
        file: that is there.
        copy: that is not.

    Raises:
        OSError: the copy is there already, or cannot be written.
        sqlite3.Error: it cannot be copied; nothing is left of it.
    """
    # What is cut off by a kill never has the name of a copy.
    beside = copy.with_name(f"{copy.name}.{secrets.token_hex(8)}{PARTIAL}")
    try:
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(beside)) as target:
            source.backup(target)
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        beside.replace(copy)
    finally:
        beside.unlink(missing_ok=True)
