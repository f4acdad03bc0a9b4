"""How fast `webqa eval` is, what it holds in memory, and whether killing it changes anything.

    python -m benchmarks.evaluation speed --web INDEX --questions FILE
    python -m benchmarks.evaluation memory --web INDEX --questions FILE --times 10
    python -m benchmarks.evaluation kill --web INDEX --questions FILE --limit 200 --kills 50

speed: one run over all questions. memory: the peak of the largest process over the questions, and
over as many questions `--times` as often under other ids; also the sum over all processes. kill:
SIGKILL to the whole process group at random moments, the same command again, and in the end every
record compared with those of a run that was left alone, but for what the clock says.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from webqa.measured import read_measures
from webqa.questions import read_questions, write_questions
from webqa.run import EPISODES

CLOCK = re.compile(r'"(seconds|started_at)":("[^"]*"|[0-9.e-]+)')
STEP = 0.2
"""Seconds between two looks at the memory."""


class Ran(NamedTuple):
    """What a run took."""

    seconds: float
    largest: int
    """Bytes of the largest process, at its peak."""
    together: int
    """Of all processes, shared pages counted in each."""


def command(web: str, questions: Path, out: Path, *more: object) -> list[str]:
    """Return the command line of an evaluation."""
    words = ("eval", "--web", web, "--questions", questions, "-o", out, *more)
    return [sys.executable, "-m", "webqa", *map(str, words)]


def run(words: Sequence[str]) -> Ran:
    """Run a command to its end and watch its memory.

    Raises:
        SystemExit: it failed.
    """
    begin, largest, together = time.perf_counter(), 0, 0
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, stdout=said, stderr=said, start_new_session=True)
        while process.poll() is None:
            sizes = list(_sizes(process.pid))
            largest, together = max([largest, *sizes]), max(together, sum(sizes))
            time.sleep(STEP)
        if process.returncode:
            said.seek(0)
            sys.exit(said.read().decode()[-2000:])
    return Ran(time.perf_counter() - begin, largest, together)


def _sizes(session: int) -> Iterator[int]:
    """Yield the resident bytes of each process of a session."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == session:
                    yield int((entry / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
            except (OSError, IndexError):
                continue  # it ended just now


def content(folder: Path) -> tuple[list[str], list[bytes]]:
    """Return all that a run recorded, sorted, without what the clock says."""
    lines = (folder / EPISODES).read_text(encoding="utf-8").splitlines()
    values = [
        (one.episode, {name: value for name, value in one.values.items() if name != "seconds"})
        for one in read_measures(folder)
    ]
    return (
        sorted(CLOCK.sub("", line) for line in lines),
        sorted(msgspec.json.encode(one, order="sorted") for one in values),
    )


def speed(options: argparse.Namespace, folder: Path) -> None:
    """Print how many questions a second are answered and measured."""
    number = len(read_questions(options.questions))
    ran = run(command(options.web, options.questions, folder / "run"))
    print(f"{number:,} questions in {ran.seconds:.1f} s: {number / ran.seconds:.1f} a second")
    print(f"memory: {ran.largest / 1e6:.0f} MB the largest, {ran.together / 1e6:.0f} MB together")


def memory(options: argparse.Namespace, folder: Path) -> None:
    """Print what the same questions hold once and many times."""
    asked = read_questions(options.questions)[: options.limit or None]
    peaks = []
    for times in (1, options.times):
        file = folder / f"asked-{times}.jsonl"
        write_questions(
            file,
            (replace(one, id=f"{one.id}-{number}") for number in range(times) for one in asked),
        )
        ran = run(command(options.web, file, folder / f"run-{times}"))
        peaks.append(ran)
        print(
            f"{len(asked) * times:,} questions: {ran.largest / 1e6:.0f} MB the largest, "
            f"{ran.together / 1e6:.0f} MB together, {ran.seconds:.0f} s",
            flush=True,
        )
    print(
        f"{options.times} times the questions: {peaks[1].largest / peaks[0].largest:.2f} times the "
        f"memory of the largest, {peaks[1].together / peaks[0].together:.2f} of all"
    )


def kill(options: argparse.Namespace, folder: Path) -> None:
    """Kill a run again and again, and compare what it recorded with that of one left alone.

    Raises:
        SystemExit: something was lost, or is there twice.
    """
    more = ("--limit", options.limit or 400)
    alone = run(command(options.web, options.questions, folder / "alone", *more))
    draw, killed, begun = random.Random(options.seed), 0, 0
    words = command(options.web, options.questions, folder / "killed", *more)
    while killed < options.kills:
        # Mostly while episodes are recorded; some before the first one, and between runs.
        begun += 1
        process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(timeout=draw.uniform(0.2, 1.5 + alone.seconds * 3 / options.kills))
            if killed == 0 or begun > 10 * options.kills:
                sys.exit("the run ends before it can be killed: raise --limit")
            break
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
    run(words)
    same = content(folder / "killed") == content(folder / "alone")
    number = len(content(folder / "alone")[0])
    print(f"killed {killed} times: {number} episodes and their measures are "
          f"{'the same' if same else 'NOT the same'} as those of the run left alone")  # fmt: skip
    if not same:
        sys.exit(1)


def main() -> None:
    """Run what is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "memory", "kill"])
    parser.add_argument("--web", required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--limit", type=int, default=0, help="the first questions alone")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        {"speed": speed, "memory": memory, "kill": kill}[options.what](options, Path(folder))


if __name__ == "__main__":
    main()
