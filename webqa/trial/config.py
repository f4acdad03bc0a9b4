"""What a trial and its simulated raters can be set to. Knows neither of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

FlawKind = Literal["number", "name", "negation", "citation", "quote"]
FLAWS: tuple[FlawKind, ...] = get_args(FlawKind)


@dataclass(frozen=True, slots=True)
class TrialConfig:
    """What a trial is made of."""

    kinds: tuple[FlawKind, ...] = FLAWS
    """Kinds of flaws, each planted as often as the answers allow: number, name, negation, citation
    (a mark that names another quote), quote (another quote of the same page, which does not say
    what cites it)."""
    controls: float = 0.5
    """Share of tasks whose answer is left as it is; without them nobody knows what assistance
    costs in false alarms."""
    tasks: int = 0
    """Tasks at the most; 0: one for each question that can have one."""
    seed: int = 0
    """Another one plants other flaws in other answers."""


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """Who judges, and how well. Skill, ease and effects are log-odds."""

    raters: int = 20
    """How many there are."""
    each: int = 3
    """Raters of each task."""
    arms: Literal["by-item", "by-rater"] = "by-item"
    """A random half of all turns is assisted, or a random half of all raters."""
    found: float = -0.5
    """Of finding a flaw alone, at the middle of skill and ease."""
    alarm: float = -2.0
    """Of a false alarm alone."""
    helped: float = 1.0
    """What a critique that names the flaw adds to finding it."""
    misled: float = 0.5
    """What critiques of an answer without flaw add to a false alarm."""
    skill: float = 0.7
    """Standard deviation among raters."""
    ease: float = 0.7
    """Standard deviation among tasks."""
    seconds: float = 300.0
    """Geometric mean of the time that a task takes alone."""
    slower: float = 0.15
    """What assistance adds to the logarithm of it."""
    seed: int = 0
    """Another one: other raters, who say other things."""
