"""What campaigns, their exports and the server can be set to. Knows none of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from webqa.rating.records import Kind, Profile

Arms = Literal["never", "always", "by-item", "by-rater"]
Form = Literal[
    "webqa", "webgpt", "hugging-face", "trl", "ratings", "csv", "parquet", "inspect", "run"
]
"""In which ratings leave the database."""
LEARNT: tuple[Form, ...] = ("webqa", "webgpt", "hugging-face", "trl", "inspect")
"""Of them, those that hold comparisons: what cannot be learnt from has no place in them."""


@dataclass(frozen=True, slots=True)
class CampaignConfig:
    """The rules of a campaign."""

    kind: Kind = "compare"
    """compare: two answers are judged; demonstrate: people browse and answer themselves."""
    profile: Profile = "detailed"
    """detailed: sources, claims and five axes; minimal: three axes, citations taken out."""
    raters: int = 1
    """How many people rate each item."""
    lease_minutes: float = 60.0
    """Time after which an item that was begun and not submitted is given to somebody else."""
    complete: float = 0.1
    """Share of items on which every part must be filled in, not only the overall rating."""
    gold_share: float = 0.1
    """Share of a person's tasks whose right rating is known: with 0.1 one of each ten, which is
    drawn."""
    assisted: Arms = "never"
    """Who sees critiques: nobody, everybody, or a random half of all turns or of all people."""
    completion_code: str = ""
    """Shown when a person has nothing left to do, for a payment platform; empty: none."""
    seed: int = 0
    """Decides the order of items, what is complete, the arms, and which tasks check a person. 0:
    one is drawn when the campaign is created, so that nobody can foretell these."""


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """What the items of a campaign come from."""

    run: tuple[Path, ...] = ()
    """Run folder whose answers are compared: of two or more with one another, of a single one its
    attempts. May be repeated."""
    pairs: tuple[Path, ...] = ()
    """File of pairs, as `webqa iterate` and `webqa pairs` write them. May be repeated."""
    tasks: tuple[Path, ...] = ()
    """File of tasks, as `webqa trial make` writes them. May be repeated."""
    questions: str = ""
    """Question set that people answer themselves: a file, or hub:OWNER/NAME."""
    gold: tuple[Path, ...] = ()
    """File of comparisons, in any form that `webqa comparisons` reads, whose preferences are known
    to be right: raters are checked by them and not told. May be repeated."""
    pages: tuple[Path, ...] = ()
    """Run folder whose stored pages show the quotes of pairs and tasks in context; those of --run
    are looked into as well. May be repeated."""
    without_leaks: bool = False
    """Leave out pairs of which an answer tells that a program wrote it, instead of only listing
    them."""


@dataclass(frozen=True, slots=True)
class PairingConfig:
    """Which answers of runs are compared."""

    each: int = 1
    """Pairs of answers to one question, at the most, of each two runs or of one run's attempts."""
    best_by: str = ""
    """Name of a scorer, as in scores.jsonl: of a run that it scored, its best answer stands for
    the run. Without it, the first one does."""
    written: int = 0
    """Answers by people that each answer of a run is compared with, instead of with other runs."""


@dataclass(frozen=True, slots=True)
class WhichConfig:
    """Which ratings leave the database."""

    gold: bool = False
    """Those of items whose right rating is known as well."""
    planted: bool = False
    """Those of a trial's items as well, and what was planted there."""
    unsettled: bool = False
    """Of pairs that a reviewer settled what raters said, instead of the reviewer's judgement."""
    nameless: bool = False
    """Call raters rater-1, rater-2 ... instead of by the names they signed in with."""


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """Where the rating page is served, and to whom."""

    host: str = "127.0.0.1"
    """Address to listen at; one that other machines reach needs --accounts and --served-as."""
    port: int = 8400
    """Port to listen at; 0 takes a free one."""
    served_as: tuple[str, ...] = ()
    """Name by which other machines ask for this server; several times too."""
    accounts: bool = False
    """People sign in by an invite; without it whoever reaches the page is its one user."""
    https: bool = False
    """A proxy before it speaks HTTPS: cookies are then for HTTPS alone."""
    session_days: float = 14.0
    """Days after which a person has to sign in again."""
    session_idle_days: float = 7.0
    """Days without a visit after which that is so even sooner."""
    idle_seconds: float = 60.0
    """Time without key or pointer after which working time is no longer counted."""
    body_bytes: int = 2_000_000
    """Largest form that is read."""
