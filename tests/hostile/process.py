"""The hostile server in a process of its own, so that its tasks and files are not the test's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hostile.server import BOMB, Ports

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def hostile_server(bomb: int = BOMB) -> Iterator[Ports]:
    """Run the server; it ends with the block, or with this process."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.server", str(bomb)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            yield Ports(**json.loads(process.stdout.readline()))
        finally:
            process.kill()
