"""What `webqa rate` prints: what became of a campaign, how far it is, who disagrees."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from webqa.cli.columns import in_columns
from webqa.cli.terminal import counted, one_line
from webqa.serving.guard import is_loopback

if TYPE_CHECKING:
    from reward.statistics import Interval
    from webqa.agreement import Alpha
    from webqa.rating.campaigns.creating import Created
    from webqa.rating.campaigns.sources import Collected
    from webqa.rating.config import CampaignConfig
    from webqa.rating.results.agreeing import AxisAgreement, Disagreement
    from webqa.rating.results.progress import CampaignProgress, RaterProgress

LINE = 300
"""Characters of a note, at the most."""
SHOWN = 5
"""Of a list, at the most."""


def tell_collected(found: Collected) -> None:
    """Print what there is to say of the items of a new campaign."""
    tell_left_out(found.questions_left_out, "question")
    tell_left_out(found.gold_left_out, "gold comparison")
    tell_left_out(found.left_out, "item")
    if found.now_gold:
        items = counted(found.now_gold, "item")
        note(f"{items} that --gold judges as well: to check raters by, and not to be exported")
    if found.plain_gold:
        note(
            f"{counted(found.plain_gold, 'gold item')} without quotes, by which raters may tell "
            "them from the others: take gold of such answers as the others, or --profile minimal"
        )
    for reason, number in found.faults.most_common():
        note(f"{counted(number, 'quote')} of {found.quotes:,} without context: {reason}")
    if found.leaks:
        told = "they are left out" if found.without_leaks else "--without-leaks leaves them out"
        answers = counted(len(found.leaks), "answer")
        note(f"{answers} may tell who wrote them ({told}), the first:")
    for leak in found.leaks[:SHOWN]:
        note(f"  the {leak.answer} answer of {leak.pair}: {leak.text!r}")


def tell_created(created: Created, config: CampaignConfig) -> None:
    """Print what a new campaign holds."""
    gold = f" and {counted(created.gold, 'gold item')}" if created.gold else ""
    people = "1 person" if config.raters == 1 else f"{config.raters:,} people"
    complete = f", {created.complete:,} of them with every part" if created.complete else ""
    authored = (
        f"; {created.authored:,} are not given to those who wrote them" if created.authored else ""
    )
    items = counted(created.items, "item")
    print(f"{created.name}: {items}{gold}, each for {people}{complete}{authored}")


def tell_left_out(left_out: Mapping[str, int], noun: str = "rating") -> None:
    """Print why something is not there."""
    for reason, number in left_out.items():
        if number:
            note(f"{counted(number, noun)} left out: {reason}")


def tell_invited(number: int, role: str, days: float, at: str) -> None:
    """Print what the links just made are good for."""
    links = counted(number, f"{role} link")
    note(f"{links}, valid for {_lasting(days)}; serve with --accounts to let them in")
    if is_loopback(urlsplit(at).hostname or ""):
        note("They work on this machine alone: for others, give --at the address of the page")


def _lasting(days: float) -> str:
    """Return a time in its largest unit of which there is one."""
    units = (("day", 1), ("hour", 24), ("minute", 24 * 60))
    unit, size = next((one for one in units if days * one[1] >= 1), ("second", 24 * 3600))
    number = round(days * size, 1)
    return f"{number:,g} {unit}{'' if number == 1 else 's'}"


def tell_progress(
    found: CampaignProgress, agreed: Sequence[AxisAgreement], apart: Sequence[Disagreement]
) -> None:
    """Print how far a campaign is."""
    closed = ", closed" if found.closed else ""
    print(f"{found.name} ({found.kind}, {found.guideline}{closed})")
    compares = found.kind == "compare"
    noun = "ratings" if compares else "answers"
    settled = f"; {found.settled:,} settled" if compares else ""
    gold = f"; {found.gold_submitted:,} of {counted(found.gold, 'gold item')}" if found.gold else ""
    print(
        f"{found.submitted:,} of {found.wanted:,} {noun} ({found.share:.0%}) of "
        f"{counted(found.items, 'item')}; {found.running:,} running{settled}{gold}"
    )
    for heading, numbers in (("Skipped", found.skipped), ("Flagged", found.flags)):
        if numbers:
            told = ", ".join(f"{reason}: {number:,}" for reason, number in numbers.items())
            print(one_line(f"{heading}: {told}", LINE))
    checked = [one.gold is not None for one in found.raters if one.submitted]
    if found.gold and not all(checked):
        people = "1 person" if len(checked) == 1 else f"{len(checked):,} people"
        print(f"{checked.count(False):,} of {people} had no gold item yet")
    if found.raters:
        columns = len(RATERS) if compares else RATERS.index("ties")
        _print_table([row[:columns] for row in (RATERS, *map(_rater, found.raters))])
    rows = [_agreed(one) for one in agreed if one.items]
    if rows:
        _print_table([AGREED, *rows])
    elif compares:
        print("No two people rated the same item: nothing is known of their agreement")
    if apart:
        items = counted(len(apart), "item")
        print(f"{items} on which people prefer different answers (+ the first, - the second):")
    for one in apart[:SHOWN]:
        said = ", ".join(f"{name} {_signed(value)}" for name, value in one.ratings)
        settled = " (settled)" if one.settled else ""
        print(one_line(f"  {one.item}: {one.question}: {said}{settled}", LINE))
    if len(apart) > SHOWN:
        print(f"  and {len(apart) - SHOWN:,} more, on the dashboard")
    print()


RATERS = (
    "rater", "submitted", "skipped", "median time", "ties", "prefers left", "95 % interval", "gold",
)  # fmt: skip
AGREED = (
    "agreement on", "items", "equal", "95 % interval", "a tie as half", "95 % interval",
    "without ties", "95 % interval", "alpha", "ordinal alpha",
)  # fmt: skip


def note(text: str) -> None:
    """Print one line for people, beside the output."""
    print(one_line(text, LINE), file=sys.stderr)


def _rater(one: RaterProgress) -> list[str]:
    seconds = one.median_seconds
    gold = f"{one.gold.mean:.0%} of {one.gold.count}" if one.gold else "-"
    return [
        one.name,
        f"{one.submitted:,}",
        f"{one.skipped:,}",
        "-" if seconds is None else f"{round(seconds) // 60}:{round(seconds) % 60:02}",
        f"{one.ties:,}",
        *_share(one.left),
        gold,
    ]


def _agreed(one: AxisAgreement) -> list[str]:
    return [
        one.axis,
        f"{one.items:,}",
        *_share(one.with_ties),
        *_share(one.half_ties),
        *_share(one.without_ties),
        _alpha(one.nominal),
        _alpha(one.ordinal),
    ]


def _signed(value: int) -> str:
    return f"{value:+d}" if value else "0"


def _share(found: Interval | None) -> tuple[str, str]:
    return (
        ("-", "")
        if found is None
        else (f"{found.mean:.0%}", f"{found.low:.0%} to {found.high:.0%}")
    )


def _alpha(found: Alpha | None) -> str:
    return "-" if found is None else f"{found.alpha:.2f} ({found.low:.2f} to {found.high:.2f})"


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    for line in in_columns(rows):
        print(line)
