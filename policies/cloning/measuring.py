"""What a training has beside its loop: its data, what is measured in between, what is kept.

Knows no Trainer.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from policies.cloning.averaging import Average
from policies.cloning.collator import Collator, in_order
from policies.cloning.config import CloneConfig
from policies.cloning.keeping import Standing, save_best, take
from policies.cloning.loss import Scored, score, weighted_loss
from policies.cloning.metrics import measure
from policies.cloning.records import Example, Ids
from policies.likelihood import output_layer

CHECKPOINTS = "checkpoints"

Play = Callable[[Any], Awaitable[float]]
"""Plays held-out questions with the model as it is; the share that went well, 0 to 1."""


class Data(NamedTuple):
    """What is learnt and what is measured."""

    train: Sequence[Example]
    validation: Sequence[Example]
    sets: Sequence[Ids]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is."""

    step: int
    steps: int
    loss: float | None = None
    """In nats a token, of the last steps."""
    tokens_per_second: float = 0.0
    seconds_left: float | None = None
    measured: Mapping[str, float] | None = None
    """At a measurement, what it found."""


class Work(ABC):
    """A model in training, its average, and what measures and keeps them.

    What is learnt, and how, is for each kind of training to say.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401
        folder: Path,
        config: CloneConfig,
        *,
        play: Play | None = None,
        watch: Callable[[Progress], None] | None = None,
    ) -> None:
        self.model, self.folder, self.config = model, folder, config
        self.play, self.watch = play, watch
        self.standing = Standing()
        self.average = Average(model, config.ema) if config.ema else None

    @property
    @abstractmethod
    def examples(self) -> Sequence[Any]:
        """What is learnt from; a batch is a list of them."""

    @property
    @abstractmethod
    def lengths(self) -> Sequence[int]:
        """Tokens of each example."""

    @abstractmethod
    def collate(self, examples: Sequence[Any]) -> dict[str, torch.Tensor]:
        """Return the tensors of a batch, `attention_mask` and `weights` among them."""

    @abstractmethod
    def loss(
        self,
        model: Any,  # noqa: ANN401
        batch: Mapping[str, torch.Tensor],
        total: torch.Tensor | float,
    ) -> torch.Tensor:
        """Return a batch's part of the loss of an update whose weights sum to `total`."""

    @abstractmethod
    def measured(self) -> dict[str, float]:
        """Measure the model as it is on what is held out: `loss`, and more."""

    def measure_and_keep(self, step: int, *, writes: bool) -> dict[str, float]:
        """Measure the weights and their average, and keep the better one if it is the best yet.

        Nothing that is drawn here changes what the training draws.
        """
        was_training = self.model.training
        self.model.eval()
        with torch.random.fork_rng():
            plain = self.measured()
            found, averaged = plain, False
            if self.average:
                with self.average.applied():
                    found = self.measured()
                averaged = found["loss"] <= plain["loss"]
                both = {"loss/weights": plain["loss"], "loss/average": found["loss"]}
                found = {**(found if averaged else plain), **both}
            with self.average.applied() if self.average and averaged else nullcontext():
                if self.play:
                    found["played"] = asyncio.run(_played(self.play, self.model))
                value = (-found["played"], found["loss"]) if self.play else (found["loss"],)
                if take(self.standing, step, value, found) and writes:
                    save_best(self.folder / CHECKPOINTS, self.model)
        self.model.train(was_training)
        return found


class CloningWork(Work):
    """Lines and answers are learnt, token by token."""

    def __init__(
        self,
        model: Any,  # noqa: ANN401
        data: Data,
        folder: Path,
        config: CloneConfig,
        *,
        play: Play | None = None,
        watch: Callable[[Progress], None] | None = None,
    ) -> None:
        super().__init__(model, folder, config, play=play, watch=watch)
        self._data = data
        self._head = output_layer(model)
        self._collate = Collator(data.sets, model.config.get_text_config().vocab_size, _pad(model))
        lengths = [example.length for example in data.validation]
        self._held_out = [
            [data.validation[place] for place in batch]
            for batch in in_order(lengths, config.batch_tokens)
        ]

    @property
    def examples(self) -> Sequence[Example]:
        """Steps of episodes."""
        return self._data.train

    @property
    def lengths(self) -> Sequence[int]:
        """Tokens of prompt and completion."""
        return [example.length for example in self._data.train]

    def collate(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Return what a Collator makes of them."""
        return self._collate(examples)

    def loss(
        self,
        model: Any,  # noqa: ANN401
        batch: Mapping[str, torch.Tensor],
        total: torch.Tensor | float,
    ) -> torch.Tensor:
        """Return the weighted mean of the negative log-probabilities."""
        scored = score(model, self._head, batch)
        return weighted_loss(scored.logprobs, batch["weights"], total)

    def measured(self) -> dict[str, float]:
        """Measure each kind of line; see policies.cloning.metrics."""
        device = next(self.model.parameters()).device

        def score_batch(batch: Mapping[str, torch.Tensor]) -> Scored:
            moved = {name: one.to(device) for name, one in batch.items()}
            scored = score(self.model, self._head, moved)
            return Scored(scored.logprobs.cpu(), scored.best.cpu())

        with torch.no_grad():
            return measure(self._held_out, self.collate, score_batch)


async def _played(play: Play, model: Any) -> float:  # noqa: ANN401
    return float(await play(model))


def _pad(model: Any) -> int:  # noqa: ANN401
    """Return the token that fills up short rows: any that is in the vocabulary."""
    pad = model.config.get_text_config().pad_token_id
    return pad if pad is not None and pad >= 0 else 0
