"""Do the citations of an answer support it? After ALCE and after Liu et al., by any judge.

A judge gives probabilities; a threshold makes them yes and no, as both definitions want them. What
a judge cannot tell (None, or NaN) is left out and counted; where it can tell of no sentence that
cites, recall is not defined, as the sentences that do not cite would make it 0. Judging is
asynchronous and comes first; the figures are pure functions of what was judged. Knows no pages:
evidence is what the answer quotes.

ALCE (Gao et al. 2023), with the defects of its script mended: a mark that names no quote cites
nothing (the script takes `[0]` for the last one); a mark that is repeated in a sentence counts
once; a mark behind a full stop belongs to the sentence before it; all lines count, not the first
alone. For Liu et al. as for ALCE a sentence without a mark that stands word for word in a quote
which the next mark of its paragraph names cites that quote (`reward.claims`): the mark behind a
quotation of several sentences is for all of them. No other sentence inherits a mark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from env.records import Answer
from reward.claims import claims_of
from reward.rules import telling
from reward.support import Case, SupportJudge, evidence

MOST = 3
"""Citations of a sentence that ALCE reads; those behind them are not counted at all."""

Support = Literal["full", "part", "none"]
Judged = Mapping[Case, float | None]
"""For each case the probability that its evidence supports the whole claim; None: not told."""


@dataclass(frozen=True, slots=True)
class SupportConfig:
    """From which probability on evidence supports a claim."""

    full: float = 0.5
    """Wholly."""
    part: float = 0.2
    """In part, where not wholly. A choice of ours: judges tell whole support only."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, and the texts that it cites, each once."""

    text: str
    """Without marks; empty where nothing but marks stands there."""
    cited: tuple[str, ...] = ()

    @property
    def together(self) -> Case:
        """The sentence and all that it cites."""
        return Case(self.text, self.cited)

    @property
    def alone(self) -> list[Case]:
        """The sentence with each single citation."""
        return [Case(self.text, (one,)) for one in self.cited]

    def without(self, place: int) -> Case:
        """Return the sentence with all its citations but one."""
        return Case(self.text, self.cited[:place] + self.cited[place + 1 :])

    def first(self, most: int) -> Statement:
        """Return it with its first citations only."""
        return Statement(self.text, self.cited[:most])


class Quality(NamedTuple):
    """How well citations support an answer, from 0 to 1; None where it is not defined."""

    recall: float | None
    """Share of the sentences that their citations support."""
    precision: float | None
    """Share of the citations that do something for their sentence."""
    f1: float | None
    """Harmonic mean of both."""
    unscored: int = 0
    """Sentences and citations that were left out, as the judge could not tell."""


def statements_of(answer: Answer) -> list[Statement]:
    """Return the sentences of an answer with what they cite, as `reward.claims` reads it."""
    return [
        Statement(claim.text, tuple(map(evidence, claim.quotes)))
        for claim in claims_of(answer)
        if claim.text or claim.cited
    ]


async def judge_statements(
    statements: Iterable[Statement], judge: SupportJudge, config: SupportConfig | None = None
) -> dict[Case, float | None]:
    """Ask a judge all that ALCE and Liu et al. need of some statements; each case once.

    First what the citations support together and alone, then what is left without one, where that
    matters. So a judge is called twice at the most, for as many statements as there are.
    """
    full = (config or SupportConfig()).full
    cited = [one for one in statements if one.text and one.cited]
    cut = [one.first(MOST) for one in cited]
    first = (case for one in (*cited, *cut) for case in (one.together, *one.alone))
    judged = await _ask(judge, first, {})
    second = (
        one.without(place)
        for one in cut
        if len(one.cited) > 1 and _yes(judged, one.together, full)
        for place, alone in enumerate(one.alone)
        if not _yes(judged, alone, full)
    )
    return judged | await _ask(judge, second, judged)


async def _ask(
    judge: SupportJudge, cases: Iterable[Case], known: Judged
) -> dict[Case, float | None]:
    asked = [case for case in dict.fromkeys(cases) if case not in known]
    told: Sequence[float | None] = await judge.judge(asked) if asked else []
    return {
        case: None if value is None or math.isnan(value) else value
        for case, value in zip(asked, told, strict=True)
    }


def _yes(judged: Judged, case: Case, threshold: float) -> bool | None:
    """Tell whether evidence supports its claim; None where the judge could not tell."""
    if not case.claim or not case.evidence:
        return False
    value = judged.get(case)
    return None if value is None else value >= threshold


def alce(
    statements: Sequence[Statement], judged: Judged, config: SupportConfig | None = None
) -> Quality:
    """Return citation recall and precision of one answer as ALCE defines them.

    Recall: the share of the sentences whose citations (the first three) together support them; a
    sentence without citation counts 0. Precision: the share of the citations that are relevant: the
    sentence is supported, and the citation supports it alone, or the others do not without it. 0
    for an answer that has sentences and no citation, None for one that has no sentence.
    """
    full = (config or SupportConfig()).full
    cut = [one.first(MOST) for one in statements]
    said = [(one, _yes(judged, one.together, full)) for one in cut if one.text]
    relevant = _Share(told for one in cut for told in _relevant(one, judged, full))
    shares = _Share(told for _, told in said)
    unscored = shares.unscored + relevant.unscored
    if not shares.count or _untold(told for one, told in said if one.cited):
        return Quality(None, None, None, unscored)
    precision = 0.0 if not relevant.asked else relevant.mean
    return _quality(shares.mean, precision, unscored)


def _untold(cited: Iterable[bool | None]) -> bool:
    """Tell whether there are sentences that cite, and the judge could tell of none of them."""
    found = list(cited)
    return bool(found) and all(one is None for one in found)


def _relevant(one: Statement, judged: Judged, full: float) -> list[bool | None]:
    """Tell of each citation of a sentence whether it is relevant."""
    together = _yes(judged, one.together, full)
    if not together or len(one.cited) == 1:
        return [together] * len(one.cited)
    return [
        True if (told := _yes(judged, alone, full)) else _needed(judged, one, place, told, full)
        for place, alone in enumerate(one.alone)
    ]


def _needed(
    judged: Judged, one: Statement, place: int, alone: bool | None, full: float
) -> bool | None:
    """Tell whether a citation that does not support its sentence alone is needed for it."""
    others = _yes(judged, one.without(place), full)
    if others is None:
        return None
    # Where the judge could not tell of the citation alone, only its being needed is certain.
    return True if not others else (None if alone is None else False)


def is_worthy(text: str) -> bool:
    """Tell whether a sentence claims something that can be verified: it has a telling word."""
    return not text.rstrip().endswith(("?", "？")) and bool(telling(text))


def liu(
    statements: Sequence[Statement],
    judged: Judged,
    config: SupportConfig | None = None,
    worthy: Callable[[str], bool] = is_worthy,
) -> Quality:
    """Return citation recall and precision of one answer as Liu et al. 2023 define them.

    Only sentences that are worth verifying count. Recall: the share of them that their citations
    together support fully. Precision: the share of their citations that support fully, or in part
    where all citations together support the sentence fully and none does alone. None where there
    is nothing to divide by.
    """
    config = config or SupportConfig()
    kept = [one for one in statements if one.text and worthy(one.text)]
    levels = [tuple(_level(judged, case, config) for case in one.alone) for one in kept]
    together = [_yes(judged, one.together, config.full) for one in kept]
    return liu_of(together, levels)


def liu_of(together: Sequence[bool | None], levels: Sequence[Sequence[Support | None]]) -> Quality:
    """Return Liu et al.'s figures from what was judged, by people or a judge.

    Args:
        together: for each statement whether its citations together support it fully.
        levels: for each statement how far each of its citations supports it alone. None: unclear
            to the judge, and left out.
    """
    said = _Share(together)
    cited = _Share(
        _counts(level, whole, alone)
        for whole, alone in zip(together, levels, strict=True)
        for level in alone
    )
    untold = _untold(whole for whole, alone in zip(together, levels, strict=True) if alone)
    recall = None if untold else said.mean
    return _quality(recall, cited.mean, said.unscored + cited.unscored)


def _counts(
    level: Support | None, whole: bool | None, alone: Sequence[Support | None]
) -> bool | None:
    if level == "part":
        if "full" in alone:
            return False
        return None if None in alone and whole is not False else whole
    return None if level is None else level == "full"


def _level(judged: Judged, case: Case, config: SupportConfig) -> Support | None:
    if (whole := _yes(judged, case, config.full)) is None:
        return None
    return "full" if whole else "part" if _yes(judged, case, config.part) else "none"


class _Share:
    """How many of some judgements are yes, those left out that could not be told."""

    def __init__(self, told: Iterable[bool | None]) -> None:
        found = list(told)
        known = [one for one in found if one is not None]
        self.asked = len(found)
        self.count = len(known)
        self.unscored = self.asked - self.count
        self.mean = sum(known) / self.count if self.count else None


def _quality(recall: float | None, precision: float | None, unscored: int) -> Quality:
    if recall is None or precision is None:
        return Quality(recall, precision, None, unscored)
    both = recall + precision
    return Quality(recall, precision, 2 * recall * precision / both if both else 0.0, unscored)
