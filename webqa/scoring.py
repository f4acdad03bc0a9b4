"""`--scorer`: the one place that knows which scorers there are and how they are named.

    rules                       all rules, in equal parts
    supported                   one rule (reward.rules)
    FOLDER                      a reward model, made by `webqa train-reward`
    FOLDER,supported=0.5        a weighted sum; without a weight: 1
    support, support:MODEL      support by rules, or by an entailment model (reward.support)
    gold:QUESTIONS              against the accepted answers in a file of questions (reward.rater)

A weight of 0 tells a part without counting it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from env.errors import ConfigError
from reward.combined import Weighted, WeightedSum
from reward.rules import ALL, RULES
from reward.scorers import Scorer
from webqa.folders import expanded
from webqa.questions import read_questions

EVERY_RULE = "rules"
SUPPORT = "support"
GOLD = "gold"


class Term(NamedTuple):
    """A part of what `--scorer` names."""

    name: str
    weight: float


def open_scorer(text: str) -> Scorer:
    """Open what `--scorer` names.

    Raises:
        ConfigError: there is no such scorer, or a weight is no number.
        ModelError: a folder holds no model that can score.
    """
    terms = read_terms(text)
    opened = [Weighted(_open(term.name), term.weight) for term in terms]
    if len(opened) == 1 and opened[0].weight == 1:
        return opened[0].scorer
    return WeightedSum(opened)


def read_terms(text: str) -> list[Term]:
    """Read `NAME[=WEIGHT],...`.

    Raises:
        ConfigError: it is empty, or a weight is no number.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise ConfigError(f"the scorer {text!r} has an empty part: {_EXPECTED}")
    return [_term(part) for part in parts]


def models_of(text: str) -> str:
    """Return hashes of the folders among the scorers: one trained again is another scorer."""
    from policies.cloning.opening import identity

    folders = [expanded(Path(term.name)) for term in read_terms(text)]
    return " ".join(identity(str(folder)) for folder in folders if folder.is_dir())


def _term(part: str) -> Term:
    name, equals, weight = part.rpartition("=")
    if not equals or expanded(Path(part)).is_dir():
        return Term(part, 1.0)
    try:
        value = float(weight)
    except ValueError:
        value = math.nan
    if not name or not math.isfinite(value):
        raise ConfigError(f"the scorer {part!r}: the weight {weight!r} is no number")
    return Term(name, value)


def _open(name: str) -> Scorer:
    if name == EVERY_RULE:
        return WeightedSum([Weighted(rule, 1 / len(ALL)) for rule in ALL], EVERY_RULE)
    if name in RULES:
        return RULES[name]
    kind, colon, what = name.partition(":")
    if kind == SUPPORT:
        return _open_support(what)
    if kind == GOLD and colon:
        return _open_gold(expanded(Path(what)))
    folder = expanded(Path(name))
    if not folder.is_dir():
        raise ConfigError(f"the scorer {name} is neither a rule nor a folder: {_EXPECTED}")
    from reward.model import open_reward

    return open_reward(folder)


def _open_support(model: str) -> Scorer:
    from reward.support import SupportScorer, open_support_judge

    return SupportScorer(open_support_judge(model))


def _open_gold(file: Path) -> Scorer:
    from reward.rater import GoldScorer

    return GoldScorer(read_questions(file))


_EXPECTED = (
    f"give a folder made by `webqa train-reward`, {EVERY_RULE}, {SUPPORT}, {SUPPORT}:MODEL, "
    f"{GOLD}:QUESTIONS, or "
    f"one of {', '.join(RULES)}, each with =WEIGHT if you like, joined by commas"
)
