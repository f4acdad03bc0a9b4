"""How fast an offline web is built, and how much memory that takes.

    python benchmarks/indexing.py SOURCE... [--out DIR]

Memory is the largest sum over this process and its workers of what each holds alone, shared pages
counted once (PSS), looked at ten times a second. Needs Linux.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
from pathlib import Path

from env.web.indexing import IndexReport, build_index

SECONDS = 0.1


class Memory:
    """Watches how much memory a family of processes holds."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SECONDS):
            self.peak = max(self.peak, sum(map(held, family(os.getpid()))))


def family(process: int) -> list[int]:
    """Return a process and all that it started."""
    found = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        found += [member for child in children for member in family(int(child))]
    return found


def held(process: int) -> int:
    """Return the bytes that a process holds."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def show(report: IndexReport, peak: int, stored: int) -> None:
    """Print the figures."""
    print(f"pages {report.pages}, passages {report.passages}, links {report.links}")
    print(f"skipped {sum(report.skipped.values())} {report.skipped or ''}")
    print(f"{report.seconds:.1f} s, {report.pages / report.seconds:.0f} pages/s")
    print(f"memory {peak / 1e6:.0f} MB at most, all processes together")
    print(f"index {stored / 1e6:.1f} MB")


def main() -> None:
    """Build, measure, print; without --out the index is thrown away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = options.out or Path(scratch) / "index"
        if options.out and out.exists():
            parser.error(f"{out} exists: name a new folder, so that everything is built")
        with Memory() as memory:
            report = build_index(options.sources, out)
        show(report, memory.peak, size(out))
        if not options.out:
            shutil.rmtree(out)


if __name__ == "__main__":
    main()
