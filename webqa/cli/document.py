"""Writes the reference of the command line from its own help: `docs/cli.md`.

python -m webqa.cli.document > docs/cli.md
"""

from __future__ import annotations

import sys

from env import actions
from policies.human import help_text
from webqa.cli import make_app
from webqa.cli.exits import table

HEADING = """\
<!-- Written by `python -m webqa.cli.document > docs/cli.md`; a test keeps it up to date. -->

"""


def document() -> str:
    """Return the reference as Markdown."""
    lines = [line.rstrip() for line in make_app().generate_docs().strip().split("\n")]
    short = help_text().removesuffix(actions.help_text()).rstrip().rsplit("\n", 1)[0]
    return (
        HEADING
        + "\n".join(lines)
        + f"\n\n## Commands of the text browser\n\n```\n{actions.help_text()}\n```\n"
        + f"\n`webqa browse` also takes short forms:\n\n```\n{short}\n```\n"
        + f"\n## Exit codes\n\n{table()}\n"
    )


if __name__ == "__main__":
    sys.argv[0] = "webqa"  # cyclopts writes it into the usage lines
    sys.stdout.write(document())
