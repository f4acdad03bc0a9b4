"""What the training loop is told of a reward model: batches, loss, and what is measured.

The loop itself is that of cloning, on `transformers.Trainer`. Knows no files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from policies.cloning.config import CloneConfig
from policies.cloning.measuring import Progress, Work
from policies.models.base import ModelError
from reward.packing import tree_size
from reward.running import Classifier, make_batch, run, score_readings
from reward.training.config import PreferenceConfig
from reward.training.groups import Group, Groups
from reward.training.loss import pair_loss, targets_of, weights_of
from reward.training.metrics import Floats, ScoredPairs, measure_pairs


class RewardWork(Work):
    """Preferences are learnt, all pairs of a question at once."""

    def __init__(
        self,
        classifier: Classifier,
        groups: Groups,
        preferences: PreferenceConfig,
        folder: Path,
        config: CloneConfig,
        watch: Callable[[Progress], None] | None = None,
    ) -> None:
        super().__init__(classifier.model, folder, config, watch=watch)
        self._classifier, self._groups, self._preferences = classifier, groups, preferences

    @property
    def examples(self) -> Sequence[Group]:
        """Questions with their answers and pairs."""
        return self._groups.train

    @property
    def lengths(self) -> Sequence[int]:
        """Tokens that are computed for each question."""
        size = tree_size if self._classifier.trees else _added
        return [size([one.ids for one in group.readings]) for group in self._groups.train]

    def collate(self, examples: Sequence[Group]) -> dict[str, torch.Tensor]:
        """Return a batch of readings, and `first`, `second`, `preference`, `weights` of pairs."""
        made = make_batch(self._classifier, [group.readings for group in examples])
        first, second, preference = [], [], []
        begin = 0
        for group in examples:
            first += [begin + pair.first for pair in group.pairs]
            second += [begin + pair.second for pair in group.pairs]
            preference += [pair.preference for pair in group.pairs]
            begin += len(group.readings)
        wanted = torch.tensor(preference)
        return {
            **made,
            "first": torch.tensor(first),
            "second": torch.tensor(second),
            "preference": wanted,
            "weights": weights_of(wanted, self._preferences),
        }

    def loss(
        self,
        model: object,
        batch: Mapping[str, torch.Tensor],
        total: torch.Tensor | float,
    ) -> torch.Tensor:
        """Return the weighted mean of the pairs' losses."""
        rewards = run(model, batch)
        loss = pair_loss(
            rewards[batch["first"]],
            rewards[batch["second"]],
            targets_of(batch["preference"], self._preferences),
            self._preferences.centring,
        )
        # A batch of ties alone may weigh nothing.
        return (batch["weights"] * loss).sum() / torch.as_tensor(total).clamp(min=1e-6)

    def measured(self) -> dict[str, float]:
        """Measure the model on the questions that are held out.

        Raises:
            ModelError: an output is no number.
        """
        outputs = outputs_of(self._classifier, self._groups.validation)
        if not all(np.isfinite(one).all() for one in outputs):
            raise ModelError(
                "the model's output is no number any more: use a lower --learning-rate, or, if it "
                "was none before the first step, another --model: the weights of this are broken"
            )
        return measure_pairs(scored_pairs(self._groups.validation, outputs))


def outputs_of(classifier: Classifier, groups: Sequence[Group]) -> list[Floats]:
    """Return a classifier's raw outputs for the answers of each group."""
    return [
        score_readings(classifier, group.readings).double().numpy().astype(np.float64)
        for group in groups
    ]


def scored_pairs(groups: Sequence[Group], outputs: Sequence[Floats]) -> ScoredPairs:
    """Return the groups' pairs with what a model says of them."""
    rows = [
        (
            output[pair.first] - output[pair.second],
            pair.preference,
            (group.lengths[pair.first], group.lengths[pair.second]),
            number,
        )
        for number, (group, output) in enumerate(zip(groups, outputs, strict=True))
        for pair in group.pairs
    ]
    difference, preference, lengths, questions = zip(*rows, strict=True)
    return ScoredPairs(
        np.array(difference, np.float64),
        np.array(preference, np.float64),
        np.array(lengths, np.float64),
        np.array(questions, np.int64),
    )


def _added(sequences: Sequence[Sequence[int]]) -> int:
    return sum(map(len, sequences))
