"""Best-of-n over a set of questions: a run folder with all answers, their scores, and the curves.

Answers do not depend on any scorer: another one can score the same run. Knows no terminal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from env.jsonl import append, read
from env.records import Answer, Ended, Episode, Question
from policies.base import MakePolicy, Setup
from reward.sampling import (
    Cost,
    SampleConfig,
    cost_of,
    remaining,
    sample_all,
)
from reward.scorers import Score, Scorer
from webqa.choosing import Chosen, scores_of
from webqa.metrics.measures import is_right
from webqa.run import Run, read_episodes

SCORES = "scores.jsonl"


@dataclass(frozen=True, slots=True)
class EpisodeScore:
    """A line of scores.jsonl: what a scorer says of the answer of an episode."""

    episode: str
    question: str
    """Its id."""
    scorer: str
    """As it was named: the same name scores an episode once."""
    value: float
    parts: dict[str, float] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is needed of an episode to score and count it, without its steps."""

    id: str
    question: str
    attempt: int
    parent: str
    answer: Answer
    """Without text where the episode has none."""
    ended: Ended
    right: bool
    """As evaluations have it; False where it cannot be told."""
    cost: Cost
    error: str = ""

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self.ended == "answered"


async def sample_into(
    run: Run,
    make_policy: MakePolicy,
    questions: Sequence[Question],
    setup: Setup,
    config: SampleConfig,
    *,
    seed: int,
    concurrency: int,
    watch: Callable[[int, int], None],
) -> None:
    """Sample what a run does not have yet, and record each browse with its answers.

    `watch` is told how many of how many browses are whole.
    """
    browses = remaining(questions, config, setup.run, read_episodes(run.folder))
    total = len(questions) * config.browses
    done = total - len(browses)
    sampled = sample_all(make_policy, browses, setup, config, seed=seed, concurrency=concurrency)
    async for one in sampled:
        for rollout in one.rollouts:
            run.add(rollout)
        done += 1
        watch(done, total)


def read_samples(folder: Path) -> list[Sample]:
    """Read the episodes of a run, those of a question in the order of their attempts."""
    found: dict[str, list[Sample]] = defaultdict(list)
    for episode in read_episodes(folder):
        found[episode.question.id].append(_sample(episode))
    return [
        sample
        for samples in found.values()
        for sample in sorted(samples, key=lambda sample: sample.attempt)
    ]


def _sample(episode: Episode) -> Sample:
    answer = episode.answer or Answer(episode.question.text, "")
    return Sample(
        episode.id,
        episode.question.id,
        episode.attempt,
        episode.parent,
        answer,
        episode.ended,
        bool(is_right(episode)),
        cost_of([episode]),
        episode.error,
    )


async def score_into(
    folder: Path,
    samples: Sequence[Sample],
    scorer: Scorer,
    name: str,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, float]:
    """Score the samples that have no score yet of this name and version; return all by episode.

    The answers to one question are scored together. `watch` is told of how many questions.

    Raises:
        Error: the scorer is broken.
        RecordError: scores.jsonl is damaged.
    """
    if not samples:
        return {}
    # A reward model that was trained again under the same name says so by its version.
    version = (await scores_of(scorer, [samples[0].answer]))[0].version
    path = folder / SCORES
    known = {
        line.episode: line.value
        for line in (read(path, EpisodeScore) if path.exists() else ())
        if (line.scorer, line.version) == (name, version)
    }
    questions: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        questions[sample.question].append(sample)
    for number, asked in enumerate(questions.values(), start=1):
        left = [sample for sample in asked if sample.id not in known]
        scores = await scores_of(scorer, [sample.answer for sample in left]) if left else []
        for sample, score in zip(left, scores, strict=True):
            append(path, _line(sample.id, sample.question, name, score), wait=False)
            known[sample.id] = score.value
        watch(number, len(questions))
    return {sample.id: known[sample.id] for sample in samples}


def record_scores(folder: Path, chosen: Chosen, name: str) -> None:
    """Append the scores of the answers that one was chosen from."""
    for rollout, score in zip(chosen.rollouts, chosen.scores, strict=True):
        episode = rollout.episode
        append(folder / SCORES, _line(episode.id, episode.question.id, name, score), wait=False)


def _line(episode: str, question: str, name: str, score: Score) -> EpisodeScore:
    return EpisodeScore(episode, question, name, score.value, dict(score.parts), score.version)
