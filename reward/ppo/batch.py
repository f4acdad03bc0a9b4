"""The trajectories of an update as one batch: rows for the models, tokens in the order of time.

A row is a prompt with what was written after it. All tokens that the policy chose stand in one
flat tensor, trajectory after trajectory and within it row after row: what is worked out over an
episode as a whole is handed back to its rows by their places. Knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch

from env.errors import ConfigError
from policies.cloning.config import ANSWERING
from policies.cloning.records import FORCED, Example
from reward.ppo.maths import episode_sums, leave_one_out
from reward.ppo.rollout import Trajectory

PADDING = 0.08
"""Share of a batch that may be padding."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """An update's batch."""

    examples: tuple[Example, ...]
    """The rows; those in which everything was forced are not there."""
    same: tuple[int, ...]
    """For each row the first one that is just like it: what was written again is run once."""
    row_starts: torch.Tensor
    """(rows + 1,) where each row's tokens are among all."""
    starts: torch.Tensor
    """(trajectories + 1,) the same of each trajectory."""
    scores: torch.Tensor
    """(trajectories,)."""
    engine: torch.Tensor
    """(tokens,) log-probabilities that the engine drew with."""
    step_rewards: torch.Tensor
    """(tokens,) of commands, at the last token of each."""
    answering: torch.Tensor
    """(tokens,) bool."""
    browses: torch.Tensor
    """(trajectories,) number of the browse."""
    groups: torch.Tensor
    """(trajectories,) number of the question."""
    inserted: torch.Tensor
    """(trajectories,) bool: whether it only answers."""

    @property
    def tokens(self) -> int:
        """Tokens that the policy chose."""
        return int(self.starts[-1])

    def places(self, rows: Sequence[int]) -> torch.Tensor:
        """Return where the tokens of some rows are among all, row after row."""
        bounds = self.row_starts.tolist()
        return torch.cat([torch.arange(bounds[row], bounds[row + 1]) for row in rows])

    def of_kind(self, kind: str) -> torch.Tensor:
        """Return (tokens,) bool: which are in rows of a kind."""
        rows = torch.tensor([one.kind == kind for one in self.examples])
        return rows.repeat_interleave(self.row_starts[1:] - self.row_starts[:-1])


def join(trajectories: Sequence[Trajectory]) -> Joined:
    """Join trajectories into a batch; one in which nothing was chosen is left out.

    Raises:
        ConfigError: nothing was chosen in any.
    """
    examples: list[Example] = []
    row_starts, starts = [0], [0]
    engine: list[float] = []
    rewards: list[float] = []
    answering: list[bool] = []
    kept = []
    for one in trajectories:
        waiting = 0.0
        for turn in one.turns:
            count, waiting = free_tokens(turn.example), waiting + turn.reward
            if not count:
                continue  # what a forced command is worth goes to the next choice, or the last
            examples.append(turn.example)
            engine += turn.engine
            rewards += [0.0] * (count - 1) + [waiting]
            answering += [turn.example.kind == ANSWERING] * count
            row_starts.append(row_starts[-1] + count)
            waiting = 0.0
        if row_starts[-1] > starts[-1]:
            rewards[-1] += waiting
            starts.append(row_starts[-1])
            kept.append(one)
    if not kept:
        raise ConfigError("the policy never had a choice: there is nothing to learn from")
    return Joined(
        tuple(examples),
        _first_alike(examples),
        torch.tensor(row_starts),
        torch.tensor(starts),
        torch.tensor([one.score for one in kept]),
        torch.tensor(engine),
        torch.tensor(rewards),
        torch.tensor(answering),
        torch.tensor([one.browse for one in kept]),
        torch.tensor([one.group for one in kept]),
        torch.tensor([one.inserted for one in kept]),
    )


def _first_alike(examples: Sequence[Example]) -> tuple[int, ...]:
    seen: dict[tuple[bytes, ...], int] = {}
    return tuple(
        seen.setdefault(
            (one.prompt.tobytes(), one.completion.tobytes(), one.sets.tobytes()), number
        )
        for number, one in enumerate(examples)
    )


def free_tokens(example: Example) -> int:
    """Return how many tokens of an example were chosen and not forced."""
    return int((example.sets != FORCED).sum()) if example.sets.size else len(example.completion)


def minibatches(same: Sequence[int], number: int, seed: str) -> list[list[int]]:
    """Return the rows of each minibatch, drawn at random; one may be empty where rows are few.

    Rows that are just alike come together.

    Args:
        same: for each row the first one like it.
        number: of minibatches.
        seed: of the order.
    """
    alike: dict[int, list[int]] = {}
    for row, first in enumerate(same):
        alike.setdefault(first, []).append(row)
    order = list(alike.values())
    Random(seed).shuffle(order)
    parts: list[list[int]] = [[] for _ in range(number)]
    for group in order:
        min(parts, key=len).extend(group)
    return [sorted(part) for part in parts]


def of_like_length(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Return batches of places, from the shortest to the longest, with little padding.

    Args:
        lengths: of the rows.
        tokens: of a batch at most, padding included; a longer row is alone.
    """
    made: list[list[int]] = []
    held = 0
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
        size = lengths[place]
        area = size * (len(made[-1]) + 1) if made else 0
        if not made or area > tokens or area - held - size > PADDING * area:
            made.append([])
            held = 0
        made[-1].append(place)
        held += size
    return made


def compared(batch: Joined, price: torch.Tensor) -> torch.Tensor:
    """Return the advantages of RLOO, (tokens,): each sample beside the others of its kind.

    An answer is compared with the other answers to the same browse; a browse, by the mean of its
    answers, with the other browses for the same question. All of an episode's tokens have one
    advantage for each of the two parts.

    Args:
        batch: with several browses of each question.
        price: (tokens,) what the divergence of each token costs, and what its command is worth.
    """
    zero = torch.zeros_like(price)
    answers = batch.scores + episode_sums(torch.where(batch.answering, price, zero), batch.starts)
    browsing = episode_sums(torch.where(batch.answering, zero, price), batch.starts)
    names, number = batch.browses.unique(return_inverse=True)
    counts = torch.bincount(number).to(answers)
    means = answers.new_zeros(len(names)).index_add_(0, number, answers) / counts
    # Only the trajectory that browsed has tokens of browsing; the others add nothing here.
    returns = means + answers.new_zeros(len(names)).index_add_(0, number, browsing)
    questions = torch.zeros_like(names).index_copy_(0, number, batch.groups)
    of_browse = leave_one_out(returns, questions.unique(return_inverse=True)[1])[number]
    alone = counts[number] == 1
    of_answer = torch.where(alone, of_browse, leave_one_out(answers, number))
    lengths = batch.starts[1:] - batch.starts[:-1]
    return torch.where(
        batch.answering,
        of_answer.repeat_interleave(lengths),
        of_browse.repeat_interleave(lengths),
    )
