"""The weights and how they change: policy, frozen reference, critic, and one update of them.

On accelerate: every process plays and learns from its own episodes, sums and gradients are added
up over all of them, and the weights stay alike. Knows no browser and no files.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from policies.cloning.collator import Collator
from policies.likelihood import at_tokens, log_distribution, logits_at, output_layer
from policies.models.base import ModelError
from reward.ppo.batch import Joined, compared, minibatches
from reward.ppo.config import LearnConfig
from reward.ppo.critic import Critic
from reward.ppo.maths import (
    approximate_kl,
    explained_variance,
    gae,
    policy_losses,
    sums_to_the_end,
    token_rewards,
    value_losses,
    whitened,
)
from reward.ppo.passes import Pass, passes
from reward.ppo.statistics import Sums, UpdateStatistics

if TYPE_CHECKING:
    from accelerate import Accelerator

    from policies.cloning.records import Ids


class Measured(NamedTuple):
    """What the models say of a batch before it is learnt from; (tokens,) each, on the CPU."""

    logprobs: torch.Tensor
    """Of the policy as it played: the old ones."""
    reference: torch.Tensor
    values: torch.Tensor
    """0 without a critic."""
    entropies: torch.Tensor
    padding: float
    """Share of what was run through the models."""
    seconds: float


class Target(NamedTuple):
    """What is to be learnt; (tokens,) each."""

    advantages: torch.Tensor
    """Whitened over the whole batch, that of all processes."""
    returns: torch.Tensor
    explained: float
    """Share of the returns' variance that the critic foretold."""


class Sizes(NamedTuple):
    """How batches are cut, and what is drawn."""

    tokens: int
    """Run at once, padding included."""
    seed: int
    temperature: float = 1.0


class Learner:
    """A policy that learns."""

    def __init__(
        self,
        policy: Any,  # noqa: ANN401 - a causal model of transformers
        config: LearnConfig,
        sizes: Sizes,
        accelerator: Accelerator,
    ) -> None:
        """Begin with a cloned policy; it is changed in place, and copied for all else."""
        self.policy = policy.eval()
        self.reference = deepcopy(policy).requires_grad_(False)
        self.critic = Critic(policy).eval() if config.algorithm == "ppo" else None
        self.config = config
        self._sizes = sizes
        self._accelerator = accelerator
        self._head = output_layer(policy)
        self._reference_head = output_layer(self.reference)
        self.optimisers = {"policy": _optimiser(self.policy, config.learning_rate)}
        if self.critic:
            self.optimisers["critic"] = _optimiser(self.critic, config.critic_rate)

    def measure(self, batch: Joined, sets: Sequence[Ids]) -> Measured:
        """Return what the models say of a batch, as they are now."""
        clock, read, useful = time.perf_counter(), 0, 0
        found = torch.zeros(4, batch.tokens)
        with torch.no_grad():
            for places, copies, tensors in self._passes(batch, sets, range(len(batch.examples))):
                new, spread = self._score(self.policy, self._head, tensors, spread=True)
                fixed, _ = self._score(self.reference, self._reference_head, tensors)
                values = self._values(tensors)
                found[:, places] = torch.stack([new, fixed, values, spread]).cpu()[:, copies]
                read += tensors["input_ids"].numel()
                useful += int(tensors["attention_mask"].sum())
        if not torch.isfinite(found).all():
            raise ModelError(
                "the model's scores are no numbers any more: use a lower --learning-rate"
            )
        seconds = time.perf_counter() - clock
        logprobs, reference, values, entropies = found
        return Measured(logprobs, reference, values, entropies, 1 - useful / max(1, read), seconds)

    def target(self, batch: Joined, measured: Measured) -> Target:
        """Return advantages and returns of a batch."""
        kl = self.config.kl
        rewards = token_rewards(
            measured.logprobs, measured.reference, batch.scores, batch.starts, kl
        )
        rewards += batch.step_rewards
        if self.critic:
            made = gae(rewards, measured.values, batch.starts, self.config.gae)
            explained = explained_variance(measured.values, made.returns)
            return Target(self._whitened(made.advantages), made.returns, explained)
        price = batch.step_rewards - kl * (measured.logprobs - measured.reference)
        returns = sums_to_the_end(rewards, batch.starts)
        return Target(self._whitened(compared(batch, price)), returns, 0.0)

    def learn(
        self,
        batch: Joined,
        sets: Sequence[Ids],
        measured: Measured,
        target: Target,
        *,
        update: int,
        epochs: int,
        critic_only: bool = False,
    ) -> dict[str, float]:
        """Change the weights; return what was seen on the way.

        Raises:
            ModelError: a loss or gradient is no number.
        """
        statistics = UpdateStatistics()
        for epoch in range(epochs):
            seed = f"{self._sizes.seed}/{update}/{epoch}"
            for rows in minibatches(batch.same, self.config.minibatches, seed):
                sums = self._gradients(batch, sets, measured, target, rows, critic_only, statistics)
                if sums.kl / sums.divisor > self.config.stop_kl:
                    statistics.stopped = 1.0
                    self._drop_gradients()
                    return statistics.means()
                statistics.add(sums)
                if sums.tokens:
                    self._step(update, critic_only, statistics)
        return statistics.means()

    def rates(self, share: float) -> None:
        """Set the policy's learning rate to a share of what it is at first."""
        for group in self.optimisers["policy"].param_groups:
            group["lr"] = self.config.learning_rate * share

    def _gradients(
        self,
        batch: Joined,
        sets: Sequence[Ids],
        measured: Measured,
        target: Target,
        rows: Sequence[int],
        critic_only: bool,
        statistics: UpdateStatistics,
    ) -> Sums:
        """Add up the gradients of a minibatch; return the sums over its tokens."""
        bounds = batch.row_starts
        own = sum(int(bounds[row + 1] - bounds[row]) for row in rows)
        total = self._total([float(own)])[0]
        kl = clipped = policy_loss = value_loss = 0.0
        for places, copies, tensors in self._passes(batch, sets, rows):
            old, device = measured.logprobs[places], tensors["input_ids"].device
            if not critic_only:
                new = self._score(self.policy, self._head, tensors)[0][copies]
                losses = policy_losses(
                    new, old.to(device), target.advantages[places].to(device), self.config.clip
                )
                (losses.sum() / total).backward()
                new = new.detach().cpu()
                ratios = (new - old).exp()
                statistics.first_ratios(ratios)
                kl += float(approximate_kl(new, old).sum())
                clipped += float(((ratios - 1).abs() > self.config.clip).sum())
                policy_loss += float(losses.detach().sum())
            if self.critic:
                errors = value_losses(
                    self._values(tensors)[copies],
                    measured.values[places].to(device),
                    target.returns[places].to(device),
                    0.0 if critic_only else self.config.value_clip,
                )
                (errors.sum() / total).backward()
                value_loss += float(errors.detach().sum())
        statistics.past_first()
        return Sums(*self._total([own, kl, clipped, policy_loss, value_loss]))

    def _step(self, update: int, critic_only: bool, statistics: UpdateStatistics) -> None:
        for name, optimiser in self.optimisers.items():
            if critic_only and name == "policy":
                continue
            weights = [one for group in optimiser.param_groups for one in group["params"]]
            self._add_up(weights)
            length = torch.nn.utils.clip_grad_norm_(weights, self.config.gradient_norm)
            if not torch.isfinite(length):
                raise ModelError(
                    f"the gradient of the {name} is no number at update {update}: use a lower "
                    f"--{'learning-rate' if name == 'policy' else 'critic-rate'}"
                )
            optimiser.step()
            statistics.norms[name] = max(statistics.norms.get(name, 0.0), float(length))
        self._drop_gradients()

    def _add_up(self, weights: Sequence[torch.Tensor]) -> None:
        """Add up the gradients of all processes."""
        if self._accelerator.num_processes == 1:
            return
        for one in weights:
            gradient = one.grad if one.grad is not None else torch.zeros_like(one)
            one.grad = self._accelerator.reduce(gradient, "sum")

    def _drop_gradients(self) -> None:
        for optimiser in self.optimisers.values():
            optimiser.zero_grad(set_to_none=True)

    def _total(self, values: Sequence[float]) -> list[float]:
        """Return sums over all processes."""
        if self._accelerator.num_processes == 1:
            return list(values)
        # fp32 would do for tensors of a device that knows no fp64, but sums of tokens are exact.
        here = torch.tensor(values, dtype=torch.float64, device=self._accelerator.device)
        return [float(one) for one in self._accelerator.reduce(here, "sum")]

    def _whitened(self, advantages: torch.Tensor) -> torch.Tensor:
        exact = advantages.double()
        sums = [float(len(exact)), float(exact.sum()), float(exact.square().sum())]
        return whitened(advantages, *self._total(sums))

    def _passes(self, batch: Joined, sets: Sequence[Ids], rows: Sequence[int]) -> Iterator[Pass]:
        collate = Collator(sets, self._head.weight.shape[0], pad=0)
        yield from passes(batch, rows, collate, self._sizes.tokens, self._accelerator.device)

    def _score(
        self,
        model: Any,  # noqa: ANN401
        head: Any,  # noqa: ANN401
        tensors: dict[str, torch.Tensor],
        spread: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the log-probabilities of the tokens, and the entropies if they are wanted."""
        with self._accelerator.autocast():
            logits = logits_at(
                model, head, tensors["input_ids"], tensors["rows"], tensors["columns"]
            )
        distribution = log_distribution(logits, tensors.get("allowed"), self._sizes.temperature)
        logprobs = at_tokens(distribution, tensors["targets"])
        if not spread:
            return logprobs, None
        finite = distribution.masked_fill(distribution == float("-inf"), 0.0)
        return logprobs, -(distribution.exp() * finite).sum(-1)

    def _values(self, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
        if not self.critic:
            return torch.zeros(len(tensors["rows"]), device=tensors["rows"].device)
        with self._accelerator.autocast():
            found: torch.Tensor = self.critic(
                tensors["input_ids"], tensors["rows"], tensors["columns"]
            )
        return found


def _optimiser(model: Any, rate: float) -> torch.optim.AdamW:  # noqa: ANN401
    """Return AdamW; its epsilon is the one that reproductions found to matter."""
    weights = [one for one in model.parameters() if one.requires_grad]
    return torch.optim.AdamW(weights, lr=rate, eps=1e-5, weight_decay=0.0)
