"""What is written of each update: rewards by part, divergence, entropy, the critic, the episodes.

Everything by a name such as `kl/answering`, for metrics.jsonl and the report. Changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import fmean, pstdev

import torch

from env.citations import cited_numbers
from env.records import Episode
from reward.ppo.batch import Joined
from reward.ppo.learner import Measured, Target
from reward.ppo.maths import episode_sums
from reward.ppo.rollout import INVALID, Collected, Trajectory, kind_of


def of_batch(batch: Joined, measured: Measured, target: Target, kl: float) -> dict[str, float]:
    """Return what the models say of a batch; sums are those of whole episodes, by the mean.

    Args:
        batch: what was played.
        measured: what the models say of it.
        target: what is to be learnt.
        kl: the price of a nat.
    """
    divergence = measured.logprobs - measured.reference
    gap = (measured.logprobs - batch.engine).abs()
    browses = len(batch.browses.unique())
    browsed = _episode_divergence(batch, divergence)
    scored = _by_browse(zip(batch.browses.tolist(), batch.scores.tolist(), strict=True))
    found = {
        "kl/episode": browsed,
        "kl/root": sqrt(max(0.0, browsed)),
        "kl/token": float(divergence.mean()),
        "entropy/token": float(measured.entropies.mean()),
        "reward/total": scored - kl * browsed + float(batch.step_rewards.sum()) / browses,
        "critic/explained_variance": target.explained,
        "engine/mean_gap": float(gap.mean()),
        "engine/largest_gap": float(gap.max()),
        "batch/rows": float(len(batch.examples)),
        "batch/rows_run": float(len(set(batch.same))),
        "batch/tokens_chosen": float(batch.tokens),
        "batch/tokens_run": float(sum(batch.examples[row].length for row in set(batch.same))),
        "batch/padding": measured.padding,
    }
    for kind in sorted({one.kind for one in batch.examples}):
        of = batch.of_kind(kind)
        found[f"kl_of/{kind}"] = float(divergence[of].mean())
        found[f"entropy_of/{kind}"] = float(measured.entropies[of].mean())
    return found


def _episode_divergence(batch: Joined, divergence: torch.Tensor) -> float:
    """Return the mean divergence of a whole episode.

    An episode's is that of its browsing and of its answer, averaged over the answers to it: more
    of them give a figure that is less by chance.
    """
    sums = episode_sums(divergence, batch.starts)
    answering = episode_sums(divergence * batch.answering, batch.starts)
    browsing = float((sums - answering)[~batch.inserted].sum())
    of_answers = _by_browse(zip(batch.browses.tolist(), answering.tolist(), strict=True))
    return browsing / len(batch.browses.unique()) + of_answers


def of_episodes(collected: Collected) -> dict[str, float]:
    """Return what was played: scores by their parts, and how the episodes went."""
    made = collected.trajectories
    found = {
        "reward/score": _by_browse((one.browse, one.score) for one in made),
        "reward/spread": pstdev([one.score for one in made]),
        "reward/spread_of_answers": _mean(_spreads(made)),
        "reward/of_steps": _mean(sum(turn.reward for turn in one.turns) for one in made),
        "episodes/failed": float(collected.failed),
    }
    held_out = [(one.browse, one.held_out) for one in made if one.held_out is not None]
    if held_out:
        found["reward/held_out"] = _by_browse(held_out)
    for name in sorted({name for one in made for name in one.parts}):
        values = [(one.browse, one.parts[name]) for one in made if name in one.parts]
        found[f"reward_part/{name}"] = _by_browse(values)
    found |= _browsing([one.episode for one in made if not one.inserted])
    return found | _answers([one.episode for one in made])


def _by_browse(values: Iterable[tuple[int, float]]) -> float:
    """Return the mean over browses of the means over their answers.

    One that was answered often counts no more than one that was never answered.
    """
    found: dict[int, list[float]] = defaultdict(list)
    for browse, value in values:
        found[browse].append(value)
    return fmean(map(fmean, found.values()))


def _spreads(made: Sequence[Trajectory]) -> Iterable[float]:
    """Yield the standard deviation of the scores of each browse's answers."""
    scores: dict[int, list[float]] = defaultdict(list)
    for one in made:
        scores[one.browse].append(one.score)
    return [pstdev(values) for values in scores.values() if len(values) > 1]


def _browsing(episodes: Sequence[Episode]) -> dict[str, float]:
    steps = [[step for step in one.steps if not step.observation.answering] for one in episodes]
    lines = [[step.completion.text for step in one] for one in steps]
    kinds = Counter(
        kind_of(step.observation, step.completion.text) for one in steps for step in one
    )
    total = max(1, sum(kinds.values()))
    refused = sum(bool(later.observation.notice) for one in episodes for later in one.steps[1:])
    found = {
        "episodes/browsed": float(len(episodes)),
        "episodes/answered": _mean(one.ended == "answered" for one in episodes),
        "episodes/actions": _mean(map(len, lines)),
        "episodes/quotes": _mean(len(one.steps[-1].observation.quotes) for one in episodes),
        "episodes/without_quote": _mean(not one.steps[-1].observation.quotes for one in episodes),
        "episodes/out_of_actions": _mean(one.stopped_by == "actions" for one in episodes),
        "episodes/not_carried_out": refused / total,
        "episodes/repeated": sum(len(one) - len(set(one)) for one in lines) / total,
        "episodes/invalid": kinds[INVALID] / total,
    }
    return found | {f"share/{kind}": kinds[kind] / total for kind in sorted(kinds)}


def _answers(episodes: Sequence[Episode]) -> dict[str, float]:
    answers = [one.answer for one in episodes if one.answer]
    return {
        "answers/characters": _mean(len(one.text) for one in answers),
        "answers/citations": _mean(len(cited_numbers(one.text)) for one in answers),
        "answers/made_of_quotes": _mean(
            not one.steps[-1].completion.token_ids for one in episodes if one.answer
        ),
    }


def _mean(values: Iterable[float]) -> float:
    there = [float(value) for value in values]
    return fmean(there) if there else 0.0
