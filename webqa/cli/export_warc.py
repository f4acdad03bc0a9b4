"""`webqa export-warc`: writes a cassette as a WARC file, for other archive tools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from env.errors import ConfigError
from webqa.cli.exits import Exit
from webqa.cli.terminal import counted
from webqa.folders import expanded


def export_warc(cassette: Path, /, *, out: Annotated[Path, Parameter(name=["--out", "-o"])]) -> int:
    """Write what a cassette recorded as a WARC file: requests, replies, pages.

    Args:
        cassette: A file that was written with --record.
        out: The file to write, FILE.warc or FILE.warc.gz.
    """
    from env.web.cassette.warc import export_warc as export

    if (file := expanded(out)).exists() and not file.is_file():
        # Writing puts a new file in the place of the old: of a device too, which would be gone.
        raise ConfigError(f"{out} is no ordinary file: name a file, FILE.warc or FILE.warc.gz")
    wrote = export(expanded(cassette), file)
    for note in wrote.notes:
        print(f"Note: {note}", file=sys.stderr)
    parts = (
        counted(wrote.exchanges, "exchange"),
        counted(wrote.pages, "page") + " without one",
        f"{wrote.bytes:,} bytes",
    )
    print(f"Wrote {out}: {', '.join(parts)}", file=sys.stderr)
    return Exit.DONE
