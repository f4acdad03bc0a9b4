"""Iteration: answers are sampled, judged and learnt from, round by round (WebGPT, section 3.2).

Each round: answers of the current policy, pairs chosen among them, the pairs judged, a reward model
fitted from scratch on all comparisons so far, and a policy trained with it, from the cloned one
again, so that no round inherits what an earlier one got wrong. Each is a stage that runs once.
Knows no terminal, and of the stages only how they are asked.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from env.errors import ConfigError
from policies.checkpoints import agree
from webqa.stages import Stages

SETTINGS = "iterate.json"
PAIRS = "pairs.jsonl"
COMPARISONS = "comparisons.jsonl"
ADVICE = "name another folder with -o, or remove this one"
PEOPLE = "people"
FIRST_SCORER = "rules"
"""By which the answers of the first round are scored: there is no reward model yet."""

Algorithm = Literal["ppo", "rloo", "none"]


@dataclass(frozen=True, slots=True)
class IterateConfig:
    """How many rounds, and what happens in each."""

    rounds: int = 2
    """Times that answers are sampled, judged and learnt from."""
    browses: int = 4
    """Browsing episodes on each question, in each round."""
    answers: int = 4
    """Answers to each browse."""
    pairs: int = 1000
    """Pairs of answers that are judged in a round, at most."""
    each: int = 4
    """Of which to one question, at most."""
    at_random: float = 0.2
    """Share of the pairs that are drawn at random; the others are those that the members of the
    reward model disagree about. In the first round all are random."""
    judge: str = "simulated"
    """Who compares: simulated (by accepted answers; for tests), people (stops until their
    comparisons are there), or what --scorer takes, such as a folder."""
    members: int = 3
    """Reward models of an ensemble."""
    algorithm: Algorithm = "ppo"
    """How the policy is trained; none: it stays as it is, and only the reward model is fitted."""
    seed: int = 0
    """Of what is sampled, chosen and trained."""


@dataclass(frozen=True, slots=True)
class StageFlags:
    """More flags for the commands of the stages, as one text each."""

    best_of_flags: str = ""
    """For `webqa best-of`, such as "--concurrency 4"."""
    train_reward_flags: str = ""
    """For `webqa train-reward`."""
    ppo_flags: str = ""
    """For `webqa ppo`."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be iterated."""

    model: str
    """Folder of the cloned policy: every training begins with it."""
    web: str
    questions: Path
    out: Path
    config: IterateConfig = IterateConfig()
    flags: StageFlags = StageFlags()


class Round(NamedTuple):
    """Where the outcome of one round is."""

    number: int
    folder: Path
    policy: str
    """The policy that the round trained, or the one it sampled from where it trained none."""

    @property
    def answers(self) -> Path:
        """The run folder of sampled answers."""
        return self.folder / "answers"

    @property
    def comparisons(self) -> Path:
        """The judged pairs."""
        return self.folder / COMPARISONS

    @property
    def reward(self) -> Path:
        """The reward model."""
        return self.folder / "reward"


class Waiting(ConfigError):
    """The pairs of a round wait for people to judge them."""


def iterate(job: Job, stages: Stages) -> list[Round]:
    """Run all rounds, or go on with what was stopped.

    Raises:
        ConfigError: settings or the output folder cannot be used.
        Waiting: the comparisons of people are not there yet.
        Error: a stage failed.
    """
    check(job.config)
    _check_judge(job)
    _check_folder(job.out)
    agree(job.out / SETTINGS, _settings(job), ADVICE)
    rounds: list[Round] = []
    for number in range(1, job.config.rounds + 1):
        rounds.append(_round(job, stages, number, rounds))
    return rounds


def check(config: IterateConfig) -> None:
    """Refuse settings that make no sense.

    Raises:
        ConfigError: says which one and what it may be.
    """
    for name in ("rounds", "browses", "answers", "pairs", "each", "members"):
        if (value := getattr(config, name)) < 1:
            raise ConfigError(f"--{name} must be at least 1, not {value}")
    if config.browses * config.answers < 2:
        raise ConfigError("one answer cannot be compared: raise --browses or --answers")
    if not 0 <= config.at_random <= 1:
        raise ConfigError(f"--at-random must be from 0 to 1, not {config.at_random}")
    if not config.judge.strip():
        raise ConfigError("--judge is empty: give simulated, people, or a scorer")


def _check_judge(job: Job) -> None:
    """Refuse a judge that cannot judge before anything is sampled for it.

    Raises:
        ConfigError: there is none of this name, or the questions lack what it needs.
        ModelError: it is a model that cannot be used.
    """
    from webqa.judging import open_preference_judge

    if job.config.judge != PEOPLE:
        open_preference_judge(job.config.judge, job.questions, job.config.seed)


def _check_folder(folder: Path) -> None:
    """Refuse a folder that is of something else, such as of a model.

    Raises:
        ConfigError: it is, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise ConfigError(
            f"cannot use {folder} for the rounds ({error.strerror}): name another with -o"
        ) from error
    names = [name for name in names if not (name.startswith(".") or name.endswith(".tmp"))]
    if names and SETTINGS not in names:
        raise ConfigError(f"{folder} holds other files, such as {names[0]}: {ADVICE}")


def _settings(job: Job) -> dict[str, object]:
    return {
        "model": job.model,
        "web": job.web,
        "questions": str(job.questions),
        "config": job.config,
        "flags": job.flags,
    }


def _round(job: Job, stages: Stages, number: int, before: list[Round]) -> Round:
    config, last = job.config, before[-1] if before else None
    now = Round(
        number, job.out / f"round-{number}", str(job.out / f"round-{number}" / "policy")
    )  # the policy, unless none is trained
    current = last.policy if last else job.model
    seed = config.seed + number - 1
    stages.command(f"{number}-answers", *_best_of(job, now, current, last, seed))
    stages.make(f"{number}-pairs", lambda: _pairs(job, now, seed))
    _compare(job, stages, now, seed)
    known = [one.comparisons for one in (*before, now)]
    stages.command(f"{number}-reward", *_train_reward(job, now, known, seed))
    if config.algorithm == "none":
        return now._replace(policy=current)
    stages.command(f"{number}-policy", *_ppo(job, now, seed))
    return now


def _pairs(job: Job, now: Round, seed: int) -> None:
    from reward.pairs import PairConfig
    from webqa.judging import write_pairs

    config = PairConfig(job.config.pairs, job.config.each, job.config.at_random, seed)
    write_pairs(now.answers, now.folder / PAIRS, job.questions, config)


def _compare(job: Job, stages: Stages, now: Round, seed: int) -> None:
    """Have the pairs judged, or see whether people have.

    Raises:
        Waiting: they have not.
        RecordError: their file cannot be read.
    """
    from webqa.judging import check_judged, judge_pairs, open_preference_judge

    pairs, name = now.folder / PAIRS, f"{now.number}-comparisons"
    if job.config.judge != PEOPLE:
        stages.make(
            name,
            lambda: judge_pairs(
                pairs, now.comparisons, open_preference_judge(job.config.judge, job.questions, seed)
            ),
        )
        return
    if not now.comparisons.exists():
        raise Waiting(
            f"the pairs in {pairs} wait to be judged: webqa rate create NAME --pairs {pairs} "
            f"--pages {now.answers}, then webqa rate export NAME -o {now.comparisons}; or give "
            'each line a "preference" from 1 (the first answer is much better) to -1 and save them '
            "there. Then run the same command again"
        )
    stages.make(name, lambda: check_judged(pairs, now.comparisons))


def _best_of(job: Job, now: Round, model: str, last: Round | None, seed: int) -> Iterator[object]:
    yield from ("best-of", "--questions", job.questions, "--web", job.web, "--model", model)
    yield from ("--scorer", last.reward if last else FIRST_SCORER)
    yield from ("--browses", job.config.browses, "--answers", job.config.answers)
    yield from ("--seed", seed, "-o", now.answers, *shlex.split(job.flags.best_of_flags))


def _train_reward(job: Job, now: Round, known: list[Path], seed: int) -> Iterator[object]:
    yield from ("train-reward", "--from", *known, "--model", job.model)
    yield from ("--members", job.config.members, "--seed", seed, "-o", now.reward)
    yield from shlex.split(job.flags.train_reward_flags)


def _ppo(job: Job, now: Round, seed: int) -> Iterator[object]:
    yield from ("ppo", "--model", job.model, "--web", job.web, "--questions", job.questions)
    yield from ("--scorer", now.reward, "--algorithm", job.config.algorithm, "--seed", seed)
    yield from ("-o", now.policy, *shlex.split(job.flags.ppo_flags))
