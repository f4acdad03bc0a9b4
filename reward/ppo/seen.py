"""What is seen while an update is learnt: sums over its minibatches. Knows no model."""

from __future__ import annotations

from collections.abc import Sequence

import torch


class Seen:
    """What was seen while learning."""

    def __init__(self) -> None:
        self.norms: dict[str, float] = {}
        self.stopped = 0.0
        self._sums = [0.0] * 5
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

    def add(self, sums: Sequence[float]) -> None:
        """Take in the sums of a minibatch."""
        if not self._steps:
            self._clipped = sums[2] / max(1.0, sums[0])
        self._sums = [one + more for one, more in zip(self._sums, sums, strict=True)]
        self._steps += 1
        self._last_kl = sums[1] / max(1.0, sums[0])

    def means(self) -> dict[str, float]:
        """Return the means over all tokens, by name."""
        count = max(1.0, self._sums[0])
        found = {
            "policy/approximate_kl": self._sums[1] / count,
            "policy/last_approximate_kl": self._last_kl,
            "policy/clip_fraction": self._sums[2] / count,
            "policy/loss": self._sums[3] / count,
            "policy/first_ratio_error": self._error,
            "policy/first_clip_fraction": self._clipped,
            "policy/steps": float(self._steps),
            "policy/stopped": self.stopped,
            "critic/loss": self._sums[4] / count,
        }
        return found | {f"{name}/gradient_norm": norm for name, norm in self.norms.items()}
