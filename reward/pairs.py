"""Which pairs of answers are worth judging: those that an ensemble of scorers disagrees about.

A share is drawn at random, so that what is judged also tells how well the scores are calibrated.
Knows no judge and no model: scores come as arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING

from env.errors import ConfigError
from env.records import Answer
from reward.comparisons import Comparison, identifier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one question that wait for a judgement.

    As JSON it is a comparison that lacks its preference: whoever judges adds that.
    """

    id: str
    question: str
    """Id of the question."""
    first: Answer
    second: Answer
    first_episode: str = ""
    second_episode: str = ""
    dataset: str = ""
    notes: str = ""
    """Why this one: `disagreement` or `random`."""

    @property
    def answers(self) -> tuple[Answer, Answer]:
        """Both answers."""
        return self.first, self.second


@dataclass(frozen=True, slots=True)
class Candidates:
    """Several answers to one question, and what each member of an ensemble says of them."""

    question: str
    """Id of the question."""
    answers: Sequence[Answer]
    episodes: Sequence[str] = ()
    """Ids of the episodes that they come from, or nothing."""
    scores: NDArray[np.float64] | None = None
    """(members, answers); None while there is no model yet: then all pairs are drawn."""
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class PairConfig:
    """How many pairs are judged, and which."""

    pairs: int = 1000
    """How many in all, at the most."""
    each: int = 4
    """How many to one question, at the most."""
    random: float = 0.2
    """Share of them that is drawn at random."""
    seed: int = 0
    """Another one draws other pairs."""


def disagreement(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much the members disagree about each pair of answers.

    The whole part of a value is the number of members that are outvoted about which of the two is
    better; the rest, below 1, grows with the spread of the differences. Zero for one member.

    Args:
        scores: (members, answers).

    Returns:
        (answers, answers), symmetric, with a diagonal of zeros.

    Raises:
        ConfigError: the scores are not finite, or no such array.
    """
    import numpy as np

    if scores.ndim != 2 or not np.isfinite(scores).all():
        raise ConfigError("finite scores are expected, one row a member and one column an answer")
    apart = scores[:, :, None] - scores[:, None, :]  # (members, answers, answers)
    better, worse = (apart > 0).sum(axis=0), (apart < 0).sum(axis=0)
    spread = apart.std(axis=0)
    return np.asarray(np.minimum(better, worse) + spread / (1 + spread), dtype=np.float64)


def choose(
    candidates: Sequence[Candidates],
    config: PairConfig = PairConfig(),
) -> list[Pair]:
    """Return the pairs to be judged, in the order of the questions.

    Answers that are the same are never paired, and of several alike the first is taken. Which of
    the two stands first is drawn. The same input and seed give the same pairs.

    Raises:
        ConfigError: a setting makes no sense, or the scores do not fit the answers.
    """
    _check(config)
    known = [_known(one) for one in candidates]
    open_pairs = [
        _Open(place, first, second, float(doubt[first, second]))
        for place, (one, doubt) in enumerate(zip(candidates, known, strict=True))
        for first, second in combinations(_different(one.answers), 2)
    ]
    draw = Random(f"pairs {config.seed}")
    draw.shuffle(open_pairs)
    wanted = min(config.pairs, len(open_pairs))
    drawn = round(wanted * config.random)
    room = [config.each] * len(candidates)
    # At random first, from all pairs alike: of what disagreement leaves over, it would tell less.
    taken = _take(open_pairs, room, drawn, "random")
    doubted = sorted((one for one in open_pairs if one.doubt > 0), key=lambda one: -one.doubt)
    for offered, why in ((doubted, "disagreement"), (open_pairs, "random")):
        left = [one for one in offered if one not in taken]
        taken |= _take(left, room, wanted - len(taken), why)
    order = sorted(taken, key=lambda one: (one.place, one.first, one.second))
    return [_pair(candidates[one.place], one, taken[one], draw.random() < 0.5) for one in order]


def judged(
    pair: Pair,
    preference: float,
    *,
    rater: str,
    simulated: bool,
    axes: Mapping[str, float] | None = None,
    guideline: str = "",
) -> Comparison:
    """Return what somebody or something said of a pair."""
    return Comparison(
        id=pair.id,
        question=pair.question,
        first=pair.first,
        second=pair.second,
        preference=preference,
        first_episode=pair.first_episode,
        second_episode=pair.second_episode,
        axes=dict(axes or {}),
        dataset=pair.dataset,
        notes=pair.notes,
        rater=rater,
        simulated=simulated,
        guideline=guideline,
        created="" if simulated else datetime.now(UTC).isoformat(timespec="seconds"),
    )


@dataclass(frozen=True, slots=True)
class _Open:
    """A pair that could be chosen: places of its question and answers, and how it is doubted."""

    place: int
    first: int
    second: int
    doubt: float = field(compare=False)


def _take(offered: Sequence[_Open], room: list[int], wanted: int, why: str) -> dict[_Open, str]:
    """Take pairs in order as long as their questions have room, which is used up."""
    taken: dict[_Open, str] = {}
    for one in offered:
        if len(taken) >= wanted:
            break
        if room[one.place] > 0:
            room[one.place] -= 1
            taken[one] = why
    return taken


def _known(one: Candidates) -> NDArray[np.float64]:
    count = len(one.answers)
    if one.episodes and len(one.episodes) != count:
        raise ConfigError(f"{len(one.episodes)} ids of episodes for {count} answers")
    if one.scores is None:
        import numpy as np

        return np.zeros((count, count))
    if one.scores.shape[-1] != count:
        raise ConfigError(f"scores of {one.scores.shape[-1]} answers, but there are {count}")
    return disagreement(one.scores)


def _different(answers: Sequence[Answer]) -> list[int]:
    """Return the places of the answers that are not the same as one before them."""
    first: dict[tuple[object, ...], int] = {}
    for place, answer in enumerate(answers):
        first.setdefault((answer.text, answer.quotes), place)
    return list(first.values())


def _pair(one: Candidates, chosen: _Open, why: str, swap: bool) -> Pair:
    places = (chosen.second, chosen.first) if swap else (chosen.first, chosen.second)
    first, second = (one.answers[place] for place in places)
    episodes = [one.episodes[place] for place in places] if one.episodes else ["", ""]
    return Pair(
        identifier(one.question, first, second),
        one.question,
        first,
        second,
        episodes[0],
        episodes[1],
        one.dataset,
        why,
    )


def _check(config: PairConfig) -> None:
    for name in ("pairs", "each"):
        if getattr(config, name) < 1:
            raise ConfigError(f"{name} must be at least 1, not {getattr(config, name)}")
    if not 0 <= config.random <= 1:
        raise ConfigError(f"the random share must be from 0 to 1, not {config.random}")
