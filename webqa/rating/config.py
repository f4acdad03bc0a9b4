"""What a campaign and the server can be set to. Knows neither of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from webqa.rating.records import Kind, Profile

Arms = Literal["never", "always", "by-item", "by-rater"]


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
    """Share of a person's tasks that are drawn from the items whose right rating is known."""
    assisted: Arms = "never"
    """Who sees critiques: nobody, everybody, or a random half of all turns or of all people."""
    completion_code: str = ""
    """Shown when a person has nothing left to do, for a payment platform; empty: none."""
    seed: int = 0
    """Decides the order of items, what is complete, and the arms."""


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
    idle_seconds: float = 60.0
    """Time without key or pointer after which working time is no longer counted."""
    body_bytes: int = 2_000_000
    """Largest form that is read."""
