"""Makes the tasks of a trial from answered episodes: some with a planted flaw, some as they were.

A task is a pair of answers to one question. One of them is on trial: it has a flaw of one kind, or
it is a control and has none. Only pairs are taken in both of which a flaw of the kind could be
planted, where the other has not the same sentence; then it is drawn which answer is on trial. So
nothing but the flaw itself tells that answer from the other, nor a control from a flawed one. Knows
no rater and no database.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import NamedTuple

from env.errors import ConfigError
from env.records import Answer, Episode, Page, Question
from reward.comparisons import identifier
from reward.critiques import Critic
from reward.pairs import Pair
from reward.rules import says_nothing
from reward.spans import placed_claims
from reward.support import SupportJudge
from webqa.rating.campaigns.evidence import with_evidence
from webqa.rating.records import Planted, Task, Which
from webqa.trial.config import FLAWS, FlawKind, TrialConfig
from webqa.trial.naming import kinds_of
from webqa.trial.planting import Flawed, Sources, names_of, plant, supported
from webqa.trial.sides import Side, sides_of


@dataclass(slots=True)
class Made:
    """The tasks of a trial, and why others were not made."""

    tasks: list[Task] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


class _Trial(NamedTuple):
    """A question, and its different answers, one of which may be put on trial."""

    question: Question
    attempts: tuple[Side, ...]


class _Ready(NamedTuple):
    """An answer as it is, and with a flaw."""

    side: Side
    flawed: Flawed


def check(config: TrialConfig) -> None:
    """Refuse settings that make no trial.

    Raises:
        ConfigError: a number makes no sense, or there is no kind.
    """
    if not 0 <= config.controls < 1:
        raise ConfigError(f"--controls must be at least 0 and below 1, not {config.controls}")
    if config.tasks < 0:
        raise ConfigError(f"--tasks must not be below 0, but is {config.tasks}")
    if not config.kinds:
        raise ConfigError(f"a trial needs a kind of flaw: one or more of {', '.join(FLAWS)}")


async def make_tasks(
    episodes: Iterable[Episode],
    pages: Mapping[str, Page],
    critic: Critic | None,
    judge: SupportJudge,
    config: TrialConfig,
) -> Made:
    """Make the tasks of a trial, in an order that was drawn; at most one for each question.

    Args:
        episodes: of one run or several.
        pages: those that their quotes stand on, by their hash.
        critic: writes the critiques that the assisted arm is shown; None: there are none.
        judge: says which sentences are supported, and may be spoilt.
        config: how many, and which flaws.

    Raises:
        ConfigError: a setting makes no sense.
        ModelError: the judge or the critic failed.
    """
    check(config)
    trials = _trials(episodes, Random(f"trial {config.seed}"))
    quotes = [
        quote.text for trial in trials for side in trial.attempts for quote in side.answer.quotes
    ]
    kinds = kinds_of(page.text for page in pages.values())
    sources = Sources(judge, names_of(quotes), pages, kinds)
    made, chosen = Made(), Counter[tuple[bool, FlawKind]]()
    for trial in trials:
        if config.tasks and len(made.tasks) == config.tasks:
            break
        draw = Random(f"trial {config.seed} {trial.question.id}")
        control = _is_control(chosen, config)
        wanted = sorted(config.kinds, key=lambda kind: chosen[control, kind])
        found = await _occasion(trial, wanted, sources, draw)
        if isinstance(found, str):
            made.left_out[found] += 1
            continue
        kind, ready = found
        chosen[control, kind] += 1
        task = _task(trial, "" if control else kind, ready, draw)
        made.tasks.append(with_evidence(await _criticised(task, critic), pages))
    Random(f"order {config.seed}").shuffle(made.tasks)  # they were made by kinds, in turn
    return made


def _trials(episodes: Iterable[Episode], draw: Random) -> list[_Trial]:
    """Return the questions in an order that is drawn, with their answers."""
    answered: dict[str, dict[Answer, Episode]] = defaultdict(dict)
    for episode in episodes:
        if episode.answer and episode.answer.quotes and not says_nothing(episode.answer):
            answered[episode.question.id].setdefault(episode.answer, episode)
    found = [
        _Trial(
            next(iter(own.values())).question,
            tuple(Side(answer, episode.id) for answer, episode in own.items()),
        )
        for own in answered.values()
    ]
    draw.shuffle(found)
    return found


def _is_control(chosen: Counter[tuple[bool, FlawKind]], config: TrialConfig) -> bool:
    """Tell whether the next task is to have no flaw, so that the share of controls holds."""
    controls = sum(number for (control, _), number in chosen.items() if control)
    return controls < config.controls * (chosen.total() + 1) - 0.5


async def _occasion(
    trial: _Trial, wanted: Sequence[FlawKind], sources: Sources, draw: Random
) -> tuple[FlawKind, tuple[_Ready, _Ready]] | str:
    """Return a kind of flaw and two answers in each of which it was planted; else why not."""
    whole = [side for side in trial.attempts if await _is_whole(side.answer, sources.judge)]
    if not whole:
        return "not every sentence of the answer is supported"
    pairs = list(sides_of(whole, draw))
    for kind in wanted:
        for one, other in pairs:
            first = await plant(one.answer, kind, sources, draw, beside=other.answer)
            second = first and await plant(other.answer, kind, sources, draw, beside=one.answer)
            if first and second:
                return kind, (_Ready(one, first), _Ready(other, second))
    if not pairs:
        return "it has one sentence, and no other answer could stand beside it"
    return "no kind of flaw could be planted in each of two answers, so that either may have it"


async def _is_whole(answer: Answer, judge: SupportJudge) -> bool:
    """Tell whether an answer has no flaw of support before one is planted."""
    claims = placed_claims(answer)
    return bool(claims) and len(await supported(answer, judge)) == len(claims)


def _task(trial: _Trial, kind: str, ready: tuple[_Ready, _Ready], draw: Random) -> Task:
    """Return two answers side by side; which is on trial is drawn, and which stands first."""
    chosen, beside = draw.sample(ready, 2)
    original = chosen.side.answer
    on_trial = chosen.flawed.answer if kind else original
    which: Which = "first" if draw.random() < 0.5 else "second"
    answers = on_trial, beside.side.answer
    ids = chosen.side.episode, beside.side.episode
    if which == "second":
        answers, ids = answers[::-1], ids[::-1]
    pair = Pair(
        identifier(trial.question.id, *answers),
        trial.question.id,
        *answers,
        *ids,
        trial.question.dataset,
    )
    quotes = () if on_trial.quotes == original.quotes else original.quotes
    span = (chosen.flawed.start, chosen.flawed.end) if kind else (0, 0)
    return Task(pair, planted=Planted(which, kind, *span, original.text, quotes))


async def _criticised(task: Task, critic: Critic | None) -> Task:
    if critic is None:
        return task
    first, second = await critic.criticise(task.pair.answers)
    return replace(task, first_critiques=first, second_critiques=second)
