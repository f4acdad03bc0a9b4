"""Makes the transcript in README.md afresh, from the program itself.

    python tests/readme.py

`tests/test_readme.py` fails when the transcript is not what the program writes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
QUESTION = "Why is the sky blue?"
BEGIN = "<!-- transcript: written by `python tests/readme.py`; a test keeps it up to date. -->\n"
END = "<!-- end of the transcript -->\n"
# What makes the program write as on a terminal of this width, without colours.
TERMINAL = {"FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def run(arguments: list[str], cache: Path, folder: Path = ROOT, **settings: str) -> str:
    """Run Python with its own cache folder and return what it wrote to standard output."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)} | settings,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def transcript(cache: Path) -> str:
    """Return the block of the README that shows a question and its answer."""
    written = run(["-m", "webqa", "ask", QUESTION], cache, **TERMINAL)
    lines = [_STYLE.sub("", line).rstrip() for line in written.splitlines()]
    return "\n".join(["```console", f'$ webqa ask "{QUESTION}"', *lines, "```\n"])


def between(text: str) -> tuple[str, str, str]:
    """Return the README before, in and behind the transcript."""
    before, rest = text.split(BEGIN)
    inside, behind = rest.split(END)
    return before, inside, behind


if __name__ == "__main__":
    first, _, last = between(README.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        fresh = transcript(Path(name))
    README.write_text(first + BEGIN + fresh + END + last, encoding="utf-8")
