"""What is seen while an update is learnt: sums over its minibatches. Knows no model."""

from __future__ import annotations

from typing import NamedTuple

import torch


class Sums(NamedTuple):
    """Sums over the tokens of a minibatch, of all processes."""

    tokens: float = 0.0
    kl: float = 0.0
    """Approximate KL to the weights that played, nats."""
    clipped: float = 0.0
    """Tokens whose ratio is clipped."""
    policy_loss: float = 0.0
    value_loss: float = 0.0

    @property
    def divisor(self) -> float:
        """Tokens, at least one, to divide by."""
        return max(1.0, self.tokens)


class UpdateStatistics:
    """What is told of an update: means over the tokens of all its minibatches."""

    def __init__(self) -> None:
        self.norms: dict[str, float] = {}
        self.stopped = 0.0
        self._sums = Sums()
        self._steps = 0
        self._first = True
        self._error = self._clipped = 0.0
        self._last_kl = 0.0

    def first_ratios(self, ratios: torch.Tensor) -> None:
        """Take in ratios; only those of the first minibatch, where all must be 1, count."""
        if self._first:
            self._error = max(self._error, float((ratios - 1).abs().max()))

    def past_first(self) -> None:
        """End the first minibatch."""
        self._first = False

    def add(self, sums: Sums) -> None:
        """Take in the sums of a minibatch."""
        if not self._steps:
            self._clipped = sums.clipped / sums.divisor
        self._sums = Sums(*(one + more for one, more in zip(self._sums, sums, strict=True)))
        self._steps += 1
        self._last_kl = sums.kl / sums.divisor

    def means(self) -> dict[str, float]:
        """Return the means over all tokens, by name."""
        sums = self._sums
        found = {
            "policy/approximate_kl": sums.kl / sums.divisor,
            "policy/last_approximate_kl": self._last_kl,
            "policy/clip_fraction": sums.clipped / sums.divisor,
            "policy/loss": sums.policy_loss / sums.divisor,
            "policy/first_ratio_error": self._error,
            "policy/first_clip_fraction": self._clipped,
            "policy/steps": float(self._steps),
            "policy/stopped": self.stopped,
            "critic/loss": sums.value_loss / sums.divisor,
        }
        return found | {f"{name}/gradient_norm": norm for name, norm in self.norms.items()}
