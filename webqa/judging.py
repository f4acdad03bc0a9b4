"""Pairs of sampled answers, and who judges them: a simulated rater, a scorer, or people.

Brings together run folders, the choice of pairs and the judges. Pairs are JSON lines that lack only
a `preference` to be comparisons, which is what people add. Knows no terminal.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from env.errors import ConfigError, RecordError
from env.jsonl import read
from env.records import to_json
from policies.checkpoints import write_whole
from reward.comparisons import Comparison, read_comparisons, write_comparisons
from reward.pairs import Candidates, Pair, PairConfig, choose, judged
from reward.rater import GoldScorer, PreferenceJudge, RaterConfig, SimulatedRater
from reward.scorers import Scorer
from webqa.best_of import SCORES, EpisodeScore, Sample, read_samples
from webqa.choosing import scores_of
from webqa.questions import read_questions
from webqa.scoring import open_scorer

SIMULATED = "simulated"
MEMBER = "member_"
"""How the parts of a score begin that are the members of an ensemble."""


class ScorerJudge:
    """Judges by a scorer's score in log-odds, such as a reward model's, without noise."""

    def __init__(self, scorer: Scorer) -> None:
        self.name = f"scorer:{scorer.name}"
        self._scorer = scorer

    async def judge(self, pairs: Sequence[Pair]) -> list[Comparison]:
        """Return a comparison for each pair: +1 where the first is better for certain."""
        answers = [answer for pair in pairs for answer in pair.answers]
        values = [score.value for score in await scores_of(self._scorer, answers)]
        return [
            judged(
                pair,
                math.tanh((values[2 * place] - values[2 * place + 1]) / 2),
                rater=self.name,
                simulated=True,
            )
            for place, pair in enumerate(pairs)
        ]


def open_preference_judge(name: str, questions: Path, seed: int) -> PreferenceJudge:
    """Return the judge of this name: `simulated`, or what `--scorer` takes.

    Raises:
        ConfigError: there is none, or no question has the accepted answers that it needs.
    """
    if name != SIMULATED:
        return ScorerJudge(open_scorer(name))
    return SimulatedRater(GoldScorer(read_questions(questions)), RaterConfig(seed=seed))


def write_pairs(run: Path, out: Path, questions: Path, config: PairConfig) -> int:
    """Choose pairs among the answers of a run and write them; return how many.

    Args:
        run: folder of `webqa best-of`, whose scores tell what an ensemble disagrees about.
        out: the file.
        questions: only those in it are paired.
        config: how many, and which.

    Raises:
        ConfigError: no two answers to a question differ.
    """
    pairs = choose(_candidates(run, questions), config)
    if not pairs:
        raise ConfigError(
            f"no question in {run} has two answers that differ: sample more of them, or at a "
            "higher temperature"
        )
    write_whole(out, "".join(to_json(pair).decode() + "\n" for pair in pairs))
    return len(pairs)


def judge_pairs(pairs: Path, out: Path, judge: PreferenceJudge) -> int:
    """Have pairs judged and write the comparisons; return how many."""
    found = list(read(pairs, Pair))
    comparisons = asyncio.run(judge.judge(found))
    write_comparisons(out, comparisons)
    return len(comparisons)


def check_judged(pairs: Path, comparisons: Path) -> int:
    """Check that people judged these pairs, or some of them; return how many comparisons there are.

    Where several judged a pair, as in `webqa rate`, there is a comparison of each of them: its id
    is the pair's, a hyphen, and what tells the raters apart.

    Raises:
        ConfigError: a comparison is of no pair, or of other answers.
        RecordError: a line is no comparison.
    """
    known = {pair.id: pair for pair in read(pairs, Pair)}
    found = read_comparisons(comparisons)
    for one in found:
        pair = known.get(one.id) or known.get(one.id.rpartition("-")[0])
        if pair is None or (one.first, one.second) != pair.answers:
            raise ConfigError(
                f"the comparison {one.id!r} in {comparisons} is of none of the pairs in {pairs}: "
                "each line must be one of theirs, with a preference added"
            )
        if one.question != pair.question:
            raise RecordError(f"the comparison {one.id!r} in {comparisons} names another question")
    return len(found)


def _candidates(run: Path, questions: Path) -> list[Candidates]:
    """Return the answers of a run by question, with what each member of an ensemble says."""
    asked = {one.id: one for one in read_questions(questions)}
    samples: dict[str, list[Sample]] = defaultdict(list)
    for sample in read_samples(run):
        if sample.question in asked and sample.answered:
            samples[sample.question].append(sample)
    scores = _members(run)
    return [_candidate(name, asked[name].dataset, found, scores) for name, found in samples.items()]


def _candidate(
    question: str, dataset: str, samples: Sequence[Sample], members: dict[str, list[float]]
) -> Candidates:
    made = Candidates(
        question,
        [sample.answer for sample in samples],
        [sample.id for sample in samples],
        dataset=dataset,
    )
    rows = [members.get(sample.id, []) for sample in samples]
    if any(len(row) != len(rows[0]) or len(row) < 2 for row in rows):
        return made  # no ensemble has scored them all: nothing is known of disagreement
    return replace(made, scores=np.array(rows, np.float64).T)


def _members(run: Path) -> dict[str, list[float]]:
    """Return what the members of an ensemble say of each episode: its last scores with members."""
    path = run / SCORES
    found: dict[str, list[float]] = {}
    for line in read(path, EpisodeScore) if path.exists() else ():
        said = {
            int(name.rpartition(MEMBER)[2]): value
            for name, value in line.parts.items()
            if name.rpartition("/")[2].startswith(MEMBER)
        }
        if said:
            found[line.episode] = [said[number] for number in sorted(said)]
    return found
