"""What `webqa rate export` writes, and what it says of it. Knows no flag and opens no database."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from webqa.cli.rate_told import tell_left_out
from webqa.cli.terminal import counted
from webqa.rating.config import Form, WhichConfig
from webqa.rating.results.demonstrations import export_run
from webqa.rating.results.exporting import export

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webqa.rating.store.tables import Campaign


def write_out(
    session: Session,
    campaign: Campaign,
    form: Form,
    out: Path,
    which: WhichConfig,
    *,
    mean: bool,
    runs: Sequence[Path],
) -> int:
    """Write the ratings or the demonstrations of a campaign, say so, and return how many.

    Raises:
        ConfigError: there is nothing to write, or it cannot be written.
    """
    if form == "run":
        return _write_run(session, campaign, out, nameless=which.nameless)
    done = export(session, campaign, form, out, which, mean=mean, runs=runs)
    tell_left_out(done.left_out)
    print(f"{counted(done.written, 'row')} of {campaign.name} as {form} in {out}")
    return done.written


def _write_run(session: Session, campaign: Campaign, out: Path, *, nameless: bool) -> int:
    done = export_run(session, campaign, out, nameless=nameless)
    tell_left_out(done.left_out)
    for folder in done.folders:
        before = f", besides {folder.before:,} that were there" if folder.before else ""
        print(f"{counted(folder.episodes, 'episode')} in {folder.path}{before}")
    first = str(done.folders[0].path)
    print(
        f"Next: {shlex.join(['webqa', 'clone', '--from', first, '--model', 'MODEL', '-o', 'DIR'])}"
    )
    return sum(folder.episodes for folder in done.folders)
