"""An exponential moving average of a model's weights. Knows no training loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

FILE = "average.safetensors"


class Average:
    """The average of the weights that are trained, kept in float32."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Begin with the weights as they are.

        Args:
            model: whose trained weights are averaged.
            decay: how much of the average stays at each step; at the start less, so that the
                first weights do not linger: after `t` steps at most `(1 + t) / (10 + t)`.
        """
        self._decay = decay
        self._weights = _trained(model)
        self._mean = {name: one.detach().clone().float() for name, one in self._weights.items()}

    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        keep = min(self._decay, (1 + step) / (10 + step))
        for name, weight in self._weights.items():
            # The weights may have moved to another device since the average was begun.
            mean = self._mean[name]
            mean.lerp_(weight.detach().to(mean), 1 - keep)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the average in the place of the weights, for the time of a `with` statement."""
        held = {name: weight.detach().clone() for name, weight in self._weights.items()}
        _fill(self._weights, self._mean)
        try:
            yield
        finally:
            _fill(self._weights, held)

    def save(self, folder: Path) -> None:
        """Write the average into a checkpoint."""
        from safetensors.torch import save_file

        save_file(self._mean, folder / FILE)

    def load(self, folder: Path) -> None:
        """Go on with the average of a checkpoint."""
        from safetensors.torch import load_file

        for name, mean in load_file(folder / FILE).items():
            self._mean[name].copy_(mean)


def _trained(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights that are trained, by name; tied ones once."""
    return {name: one for name, one in model.named_parameters() if one.requires_grad}


def _fill(weights: dict[str, torch.Tensor], values: dict[str, torch.Tensor]) -> None:
    for name, weight in weights.items():
        weight.data.copy_(values[name])
