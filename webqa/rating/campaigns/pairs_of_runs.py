"""Pairs for people to compare, from run folders.

Answers of two runs, attempts of one, or answers beside those that people wrote. Knows no campaign.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from random import Random

from env.errors import ConfigError
from env.jsonl import read
from env.records import Answer, Episode
from reward.comparisons import identifier
from reward.pairs import Candidates, Pair, PairConfig, choose
from webqa.best_of import SCORES, EpisodeScore
from webqa.pairing import PeopleConfig, with_people
from webqa.rating.config import PairingConfig
from webqa.run import read_episodes

Answered = dict[str, list[Episode]]
"""The episodes of a run that have an answer, by question, without their steps; the one that stands
for the run first. A question that was asked and not answered has none."""


def pairs_of(
    folders: Sequence[Path],
    config: PairingConfig,
    seed: int,
    left_out: Counter[str] | None = None,
) -> list[Pair]:
    """Pair the answers of runs; which one stands first is drawn.

    Two runs or more are compared with one another on the questions that both answered, one run
    with its own attempts. `left_out` counts the questions that give no pair.

    Raises:
        ConfigError: a setting makes no sense, a folder is no run folder, runs ask different
            things under one id, or nothing can be paired.
        RecordError: a line is no episode.
    """
    if config.each < 1 or config.written < 0:
        raise ConfigError(f"--each must be at least 1, not {config.each}, and --written at least 0")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigError("a run folder is named twice: name each once")
    scores = [_scores(folder, config.best_by) for folder in folders]
    if config.best_by and not any(scores):
        raise ConfigError(
            f"no run was scored by {config.best_by!r}: see scores.jsonl of `webqa best-of`"
        )
    runs = list(map(_answered, folders, scores))
    found = _pairs(runs, config, seed)
    if not found:
        needed = (
            "questions with an answer and people's answers (written) are needed, as those of ELI5"
            if config.written
            else "two different answers to one question are needed"
        )
        raise ConfigError(f"nothing in {', '.join(map(str, folders))} can be paired: {needed}")
    if left_out is not None:
        left_out.update(_unpaired(runs, found, config))
    return found


def _unpaired(
    runs: Sequence[Answered], found: Sequence[Pair], config: PairingConfig
) -> Iterator[str]:
    """Yield of each question that gave no pair why it did not."""
    paired = {pair.question for pair in found}
    for question in {question for run in runs for question in run} - paired:
        own = [run.get(question, []) for run in runs]
        if not all(own):
            yield "not answered" if len(runs) == 1 else "not answered in every run"
        elif config.written:
            yield "without an answer by a person (written)"
        else:
            yield "without two different answers"


def _pairs(runs: Sequence[Answered], config: PairingConfig, seed: int) -> list[Pair]:
    if config.written:
        people = PeopleConfig(config.written, seed)
        standing = [own[0] for run in runs for own in run.values() if own]
        return list(with_people(standing, people))
    if len(runs) == 1:
        return _of_attempts(runs[0], config.each, seed)
    return [
        pair
        for one, other in combinations(runs, 2)
        for pair in _of_two(one, other, config.each, seed)
    ]


def _of_attempts(run: Answered, each: int, seed: int) -> list[Pair]:
    candidates = [
        Candidates(
            question,
            [_answer(one) for one in own],
            [one.id for one in own],
            dataset=own[0].question.dataset,
        )
        for question, own in run.items()
        if len(own) > 1
    ]
    return choose(candidates, PairConfig(max(1, each * len(candidates)), each, 1.0, seed))


def _of_two(one: Answered, other: Answered, each: int, seed: int) -> Iterator[Pair]:
    for question, own in one.items():
        for first, second in list(zip(own, other.get(question, []), strict=False))[:each]:
            if _answer(first).question != _answer(second).question:
                raise ConfigError(
                    f"the id {question!r} stands for two questions: compare runs of one set"
                )
            sides = sorted((first, second), key=lambda episode: episode.id)
            if Random(f"side {seed} {sides[0].id} {sides[1].id}").random() < 0.5:
                sides.reverse()
            yield _pair(*sides)


def _pair(first: Episode, second: Episode) -> Pair:
    answers = _answer(first), _answer(second)
    return Pair(
        identifier(first.question.id, *answers),
        first.question.id,
        *answers,
        first.id,
        second.id,
        first.question.dataset,
    )


def _answer(episode: Episode) -> Answer:
    return episode.answer or Answer(episode.question.text, "")


def _answered(folder: Path, scores: Mapping[str, float]) -> Answered:
    """Read the answers of a run, the best first where they are scored, else in order."""
    found: Answered = defaultdict(list)
    for episode in read_episodes(folder):
        own = found[episode.question.id]
        if episode.answer and episode.answer.text.strip():
            own.append(replace(episode, steps=()))
    for own in found.values():
        own.sort(key=lambda one: (-scores.get(one.id, float("-inf")), one.attempt))
    return dict(found)


def _scores(folder: Path, scorer: str) -> dict[str, float]:
    """Return the scores by a scorer; the last version's where there are several."""
    path = folder / SCORES
    if not (scorer and path.exists()):
        return {}
    return {one.episode: one.value for one in read(path, EpisodeScore) if one.scorer == scorer}
