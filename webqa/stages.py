"""Stages: commands and functions that run once in a folder and are not run again when done.

Each is noted beside what it made, with what it was asked and the seconds it took. Knows no stage.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from env.errors import ConfigError, Error, RecordError
from env.records import from_json, to_json
from policies.checkpoints import write_whole

NOTES = "stages"
"""Folder of the notes."""
INTERRUPTED = 130
PATIENCE = 10.0
"""Seconds after Ctrl-C in which a stage that was told of it, too, should have ended."""

Run = Callable[[Sequence[str]], int]
"""Runs a command of webqa and returns its exit code."""


class Stopped(KeyboardInterrupt):
    """A stage was stopped with Ctrl-C, and has said so."""


@dataclass(frozen=True, slots=True)
class _Done:
    """What is noted of a stage."""

    asked: tuple[str, ...]
    seconds: float


def run_apart(arguments: Sequence[str]) -> int:
    """Run a command of webqa in a process of its own, which gives back all its memory.

    Ctrl-C stops both: the process first, which has time to end as it should.
    """
    with subprocess.Popen([sys.executable, "-m", "webqa", *arguments]) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            try:
                code = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:  # a signal that was sent to this process alone
                process.send_signal(signal.SIGINT)
                code = process.wait()
            if code == INTERRUPTED:
                return code
            raise


@dataclass(slots=True)
class Stages:
    """The stages of one folder, in the order in which they are called."""

    folder: Path
    run: Run = run_apart
    say: Callable[[str], None] = lambda _text: None
    seconds: dict[str, float] = field(default_factory=dict)
    """What each stage took, when it ran."""

    def command(self, name: str, *arguments: object) -> None:
        """Run a command of webqa unless it is done; stopped, it goes on by itself.

        Raises:
            ConfigError: it is done, but was asked something else.
            Stopped: it was interrupted, and has written so.
            Error: it failed; why, it has written to standard error.
        """
        asked = tuple(str(one) for one in arguments)

        def work() -> None:
            code = self.run(asked)
            if code == INTERRUPTED:
                raise Stopped
            if code:
                raise Error(
                    f"the stage {name} in {self.folder} ended with exit code {code}: when what it "
                    "complains of is put right, the same command goes on from here"
                )

        self.make(name, work, asked)

    def make(self, name: str, work: Callable[[], object], asked: Sequence[object] = ()) -> None:
        """Call a function unless it is done; killed, it is called again.

        Args:
            name: of the stage; also of its note.
            work: writes its files whole or goes on with them.
            asked: what decides its outcome; something else later is refused.
        """
        wanted = tuple(str(one) for one in asked)
        note = self.folder / NOTES / f"{name}.json"
        if done := self._done(note):
            if done.asked != wanted:
                raise ConfigError(
                    f"the stage {name} in {self.folder} is done with other settings "
                    f"({_difference(done.asked, wanted)}): name another folder with -o"
                )
            self.seconds[name] = done.seconds
            return
        self.say(f"{name}: {' '.join(wanted)}" if wanted else name)
        begin = time.perf_counter()
        work()
        self.seconds[name] = round(time.perf_counter() - begin, 1)
        write_whole(note, to_json(_Done(wanted, self.seconds[name])).decode() + "\n")

    def _done(self, note: Path) -> _Done | None:
        try:
            return from_json(note.read_bytes(), _Done)
        except FileNotFoundError:
            return None
        except RecordError as error:
            raise RecordError(f"{note}: {error}; remove it to run the stage again") from error


def _difference(there: Sequence[str], here: Sequence[str]) -> str:
    for old, new in zip(there, here, strict=False):
        if old != new:
            return f"{old!r} there, {new!r} here"
    return f"{len(there)} arguments there, {len(here)} here"
