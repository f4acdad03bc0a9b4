"""What a killed evaluation left half done, taken back before it is gone on with.

An episode is recorded, then what was asked again of it, then its measures. What was asked of an
episode without measures is asked once more, and measures of an episode that is not recorded belong
to none: both are taken out, so that nothing stands there twice. Knows no metric.
"""

from __future__ import annotations

import os
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from env.errors import ConfigError
from env.jsonl import read
from env.records import to_json
from policies.asking import Asked
from policies.checkpoints import PARTIAL
from webqa.measured import MEASURES, Measured, read_measures

ASKED = "asked.jsonl"


def settle(folder: Path, finished: Container[str]) -> None:
    """Take back what is half done in a run folder that is open for writing.

    Args:
        folder: of the run.
        finished: ids of the episodes that are recorded.

    Raises:
        ConfigError: a file cannot be read or written.
        RecordError: a line is not what it should be.
    """
    _keep(folder / MEASURES, Measured, finished)
    _keep(folder / ASKED, Asked, {one.episode for one in read_measures(folder)})


def _keep(path: Path, kind: type[Measured] | type[Asked], wanted: Container[str]) -> None:
    """Keep the lines of some episodes alone; the file is written only where there are others."""
    if not path.exists() or all(one.episode in wanted for one in read(path, kind)):
        return
    beside = path.with_name(path.name + PARTIAL)
    try:
        with beside.open("wb") as file:
            for one in read(path, kind):
                if one.episode in wanted:
                    file.write(to_json(one) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise ConfigError(f"cannot write {path} ({error.strerror}): make room") from error
