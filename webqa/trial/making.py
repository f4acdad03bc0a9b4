"""Makes the tasks of a trial from answered episodes: some with a planted flaw, some as they were.

A task is a pair of answers to one question. One of them, drawn, is on trial: it has a flaw of one
kind, or it is a control and has none. Beside it stands another answer to the question, where the
runs have one; else the same answer without the paragraph that was touched, so that the flaw cannot
be found by comparing the two. Knows no rater and no database.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import NamedTuple

from env.citations import make_answer
from env.errors import ConfigError
from env.records import Answer, Episode, Page, Question
from reward.comparisons import identifier
from reward.critiques import Critic
from reward.pairs import Pair
from reward.rules import says_nothing
from reward.spans import placed_claims
from reward.support import Judge
from webqa.rating.campaigns.evidence import with_evidence
from webqa.rating.records import Planted, Task, Which
from webqa.trial.config import FLAWS, FlawKind, TrialConfig
from webqa.trial.planting import Flawed, Sources, names_of, plant, supported

ALIKE = 2
"""Quotes of a run in which a name must stand in the same way to be put into another answer."""


@dataclass(slots=True)
class Made:
    """The tasks of a trial, and why others were not made."""

    tasks: list[Task] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


class _Trial(NamedTuple):
    """An answer that may be put on trial, and its episode."""

    question: Question
    answer: Answer
    episode: str
    others: tuple[tuple[Answer, str], ...]
    """Other answers to the question, with their episodes."""


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
    judge: Judge,
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
    quotes = [quote.text for trial in trials for quote in trial.answer.quotes]
    sources = Sources(judge, names_of(quotes, ALIKE), pages)
    made, planted = Made(), Counter[str]()
    for trial in trials:
        if config.tasks and len(made.tasks) == config.tasks:
            break
        draw = Random(f"trial {config.seed} {trial.question.id}")
        if not await _is_whole(trial.answer, judge):
            made.left_out["not every sentence of the answer is supported"] += 1
            continue
        wanted = _wanted(planted, config)
        task = await _task(trial, wanted, sources, draw)
        if task is None:
            made.left_out["no flaw could be planted, or nothing put beside it"] += 1
            continue
        planted[task.planted.kind if task.planted else ""] += 1
        made.tasks.append(with_evidence(await _criticised(task, critic), pages))
    Random(f"order {config.seed}").shuffle(made.tasks)  # they were made by kinds, in turn
    return made


def _trials(episodes: Iterable[Episode], draw: Random) -> list[_Trial]:
    """Return one answer of each question, drawn, and its others."""
    answered: dict[str, dict[Answer, Episode]] = defaultdict(dict)
    for episode in episodes:
        if episode.answer and episode.answer.quotes and not says_nothing(episode.answer):
            answered[episode.question.id].setdefault(episode.answer, episode)
    found = []
    for own in answered.values():
        answers = list(own)
        draw.shuffle(answers)
        first, *rest = answers
        others = tuple((one, own[one].id) for one in rest)
        found.append(_Trial(own[first].question, first, own[first].id, others))
    draw.shuffle(found)
    return found


async def _is_whole(answer: Answer, judge: Judge) -> bool:
    """Tell whether an answer has no flaw of support before one is planted."""
    claims = placed_claims(answer)
    return bool(claims) and len(await supported(answer, judge)) == len(claims)


def _wanted(planted: Counter[str], config: TrialConfig) -> list[FlawKind]:
    """Return the kinds to be tried, the rarest so far first; none of them for a control."""
    total = planted.total()
    if planted[""] < config.controls * (total + 1) - 0.5:
        return []
    return sorted(config.kinds, key=lambda kind: planted[kind])


async def _task(
    trial: _Trial, wanted: Sequence[FlawKind], sources: Sources, draw: Random
) -> Task | None:
    if not wanted:
        claims = placed_claims(trial.answer)
        touched = draw.choice(claims)
        return _paired(trial, "", Flawed(trial.answer, touched.start, touched.end), draw)
    for kind in wanted:
        flawed = await plant(trial.answer, kind, sources, draw)
        task = _paired(trial, kind, flawed, draw) if flawed else None
        if task:
            return task
    return None


def _paired(trial: _Trial, kind: str, flawed: Flawed, draw: Random) -> Task | None:
    """Return the answer on trial beside another one; which stands first is drawn."""
    if trial.others:
        beside, episode = draw.choice(trial.others)
    else:
        shorter = without(trial.answer, flawed)
        if shorter is None:
            return None
        beside, episode = shorter, trial.episode
    which: Which = "first" if draw.random() < 0.5 else "second"
    answers = (flawed.answer, beside) if which == "first" else (beside, flawed.answer)
    ids = (trial.episode, episode) if which == "first" else (episode, trial.episode)
    pair = Pair(
        identifier(trial.question.id, *answers),
        trial.question.id,
        *answers,
        *ids,
        trial.question.dataset,
    )
    quotes = () if flawed.answer.quotes == trial.answer.quotes else trial.answer.quotes
    span = (flawed.start, flawed.end) if kind else (0, 0)
    return Task(pair, planted=Planted(which, kind, *span, trial.answer.text, quotes))


def without(answer: Answer, flawed: Flawed) -> Answer | None:
    """Return an answer without what was touched, its marks numbered anew.

    What goes is the paragraph of the flaw, or its sentence where there is one paragraph alone;
    None where nothing would be left, or a sentence would lose the mark behind another one.
    """
    line = flawed.answer.text.count("\n", 0, flawed.start)  # planting makes and takes no line
    lines = answer.text.split("\n")
    if sum(map(bool, map(str.strip, lines))) > 1:
        del lines[line]
        text = "\n".join(lines).replace("\n\n\n", "\n\n")
    else:
        text = _without_sentence(answer, flawed)
    if not text.strip():
        return None
    made = make_answer(answer.question, text, answer.quotes)
    return made if all(one.claim.quotes for one in placed_claims(made)) else None


def _without_sentence(answer: Answer, flawed: Flawed) -> str:
    own, others = placed_claims(answer), placed_claims(flawed.answer)
    touched = [
        one
        for one, other in zip(own, others, strict=False)
        if other.start < flawed.end and flawed.start < other.end
    ]
    if not touched or len(own) != len(others):
        return ""
    start, end = touched[0].start, touched[-1].end
    return f"{answer.text[:start].rstrip()} {answer.text[end:].lstrip(' .')}"


async def _criticised(task: Task, critic: Critic | None) -> Task:
    if critic is None:
        return task
    first, second = await critic.criticise(task.pair.answers)
    return replace(task, first_critiques=first, second_critiques=second)
