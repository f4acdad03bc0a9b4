"""How long `webqa ask` over the sample web takes from a cold start, and how much memory.

    python benchmarks/start.py [--runs 5]

The first call builds the index of the sample web in an empty cache folder; the others find it.
Each call is a process of its own; memory is the most that one held (resident, with children).
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from typing import NamedTuple

QUESTION = "Why is the sky blue?"
HEAVY = ("torch", "transformers", "faiss", "sentence_transformers")
_ASK = (
    "import sys; from webqa.cli import main; code = main(); "
    f"print('imported:', *[name for name in {HEAVY} if name in sys.modules], file=sys.stderr); "
    "sys.exit(code)"
)


class Call(NamedTuple):
    """What one call took."""

    seconds: float
    megabytes: float


def call(cache: str) -> Call:
    """Ask in a process of its own."""
    arguments = [sys.executable, "-c", _ASK, "ask", QUESTION]
    actions = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    began = time.perf_counter()
    child = os.posix_spawn(
        sys.executable, arguments, os.environ | {"XDG_CACHE_HOME": cache}, file_actions=actions
    )
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"webqa ask ended with {os.waitstatus_to_exitcode(status)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Call(seconds, usage.ru_maxrss * unit / 1e6)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as cache:
        first = call(cache)
        later = [call(cache) for _ in range(runs)]
    median = statistics.median(one.seconds for one in later)
    most = max(one.seconds for one in later)
    print(f"first call, index built: {first.seconds:.2f} s, {first.megabytes:.0f} MB")
    print(
        f"later calls: median {median:.2f} s, at most {most:.2f} s, "
        f"at most {max(one.megabytes for one in later):.0f} MB"
    )


if __name__ == "__main__":
    main()
