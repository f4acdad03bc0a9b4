"""`webqa rank`: ratings of runs from comparisons of their answers, and how far raters agree."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from env.errors import ConfigError
from webqa.cli.columns import in_columns
from webqa.cli.exits import Exit
from webqa.cli.needing import need_numpy
from webqa.cli.terminal import counted, one_line
from webqa.folders import expanded

if TYPE_CHECKING:
    from reward.statistics import Interval
    from webqa.agreement import Alpha
    from webqa.bradley_terry import Ratings
    from webqa.ranking import Ranking

LINE = 300
"""Characters of a note, at the most."""


def rank(
    *comparisons: Path,
    run: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
    deviation: float = 400.0,
    resamples: int = 1_000,
    seed: int = 0,
    json: Path | None = None,
) -> int:
    """Rate runs from comparisons of their answers, and tell how far the raters agree.

    Ratings are those of Bradley and Terry around 1000, ties as half a win: 400 points above are
    odds of ten to one. They are always regularised, so that even who won every comparison has
    one. Intervals are of 95 % and are drawn over questions.

    Args:
        comparisons: Files of comparisons, in any form that `webqa comparisons` reads.
        run: A run folder whose answers were compared; may be repeated. Without it, only the
            folders that the files stand in are known.
        deviation: Points by which ratings differ before anything is compared: the smaller, the
            nearer to 1000 is who was seldom compared.
        resamples: Samples of questions that intervals come from.
        seed: Another one draws others.
        json: A file to write all numbers to.
    """
    need_numpy()
    import msgspec

    from policies.checkpoints import write_whole
    from webqa.bradley_terry import RatingConfig
    from webqa.ranking import rank as ranked

    out = expanded(json) if json else None
    if out and out.is_dir():
        raise ConfigError(f"{out} is a folder: name a file to write, such as ranking.json")
    config = RatingConfig(deviation, resamples, seed)
    found = ranked(list(map(expanded, comparisons)), list(map(expanded, run)), config)
    _tell(found)
    if out:
        write_whole(out, msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n")
        print(f"The numbers are in {out}")
    return Exit.DONE


def _tell(found: Ranking) -> None:
    for reason, number in found.skipped.items():
        _note(f"{counted(number, 'row')} skipped: {reason}")
    simulated = f", {found.simulated:,} judged by a program" if found.simulated else ""
    print(
        f"{counted(found.comparisons, 'comparison')} of {counted(found.questions, 'question')}"
        f"{simulated}"
    )
    _tell_left_out(found.left_out)
    if found.ratings:
        _tell_ratings(found.ratings)
    else:
        _note("No ratings: name the folders of the runs that were compared, with --run")
    _tell_raters(found)


def _tell_left_out(left_out: Mapping[str, int]) -> None:
    for reason, number in left_out.items():
        _note(f"{counted(number, 'comparison')} left out of the ratings: {reason}")


def _tell_ratings(ratings: Ratings) -> None:
    rows = [
        [one.name, f"{one.rating:.0f}", f"{one.low:.0f} to {one.high:.0f}", f"{one.matches:,}"]
        for one in ratings.rated
    ]
    _print_table([["run", "rating", "95 % interval", "comparisons"], *rows])
    rows = [
        [one.first, one.second, *_share(one.win_rate),
         *(f"{number:,}" for number in (one.wins, one.losses, one.ties))]
        for one in ratings.head_to_head
    ]  # fmt: skip
    headings = ["run", "against", "wins", "95 % interval", "won", "lost", "tied"]
    _print_table([headings, *rows], left=2)
    if len(ratings.groups) > 1:
        groups = "; ".join(", ".join(group) for group in ratings.groups)
        _note(
            f"{len(ratings.groups)} groups that no comparison connects: ratings of one cannot be "
            f"compared with those of another. They are: {groups}"
        )
    for above, below in ratings.one_sided:
        _note(
            f"{', '.join(above)} won every comparison with {', '.join(below)}: how far they are "
            "apart comes from the regularisation, too"
        )


def _tell_raters(found: Ranking) -> None:
    rows = [
        [one.name or "not named", f"{one.comparisons:,}", f"{one.ties:,}",
         " ".join(_share(one.first)), " ".join(_share(one.agreement))]
        for one in found.raters
    ]  # fmt: skip
    _print_table(
        [["rater", "comparisons", "ties", "prefers the first", "agrees with others"], *rows]
    )
    agreed = found.agreement
    if not agreed.pairs:
        print("No two raters judged the same pair: nothing is known of their agreement")
        return
    print(f"Agreement on {counted(agreed.pairs, 'pair')} that two raters or more have judged")
    rows = [
        ["equal judgements", *_share(agreed.with_ties)],
        ["equal judgements, a tie as half", *_share(agreed.half_ties)],
        ["equal judgements without ties", *_share(agreed.without_ties)],
        ["Krippendorff's alpha, nominal", *_alpha(agreed.nominal)],
        ["Krippendorff's alpha, ordinal", *_alpha(agreed.ordinal)],
        ["Krippendorff's alpha, interval", *_alpha(agreed.interval)],
    ]
    for line in in_columns(rows):
        print(line)


def _share(share: Interval | None) -> tuple[str, str]:
    if share is None:
        return "-", ""
    return f"{share.mean:.1%}", f"({share.low:.1%} to {share.high:.1%})"


def _alpha(alpha: Alpha | None) -> tuple[str, str]:
    if alpha is None:
        return "not defined", ""
    return f"{alpha.alpha:.3f}", f"({alpha.low:.3f} to {alpha.high:.3f})"


def _print_table(rows: list[list[str]], left: int = 1) -> None:
    for line in in_columns(rows, left):
        print(line)
    print()


def _note(text: str) -> None:
    print(one_line(text, LINE), file=sys.stderr)
