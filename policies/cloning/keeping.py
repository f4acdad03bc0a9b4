"""The best weights so far, and when there is no use in going on. Knows no training loop."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from policies.checkpoints import recover_folder, replace_folder, write_whole

if TYPE_CHECKING:
    from torch import nn

BEST = "best"
WEIGHTS = "weights.safetensors"
STATE = "cloning.json"


@dataclass(slots=True)
class Standing:
    """How a training stands; a checkpoint holds it."""

    best: tuple[float, ...] | None = None
    """The best that was measured: the held-out loss; with episodes played, the negative share of
    good ones before it, for among equals the loss decides."""
    step: int = 0
    """After which it was measured."""
    waited: int = 0
    """Measurements since then."""
    finished: bool = False
    measured: dict[str, float] = field(default_factory=dict)
    """All that was measured with the best."""


def take(
    standing: Standing, step: int, value: tuple[float, ...], measured: dict[str, float]
) -> bool:
    """Take in a measurement, lower values being better; tell whether it is the best so far.

    What is no number is never better than a number.
    """
    if standing.best is not None and not value < standing.best:
        standing.waited += 1
        return False
    standing.best, standing.step, standing.waited = value, step, 0
    standing.measured = measured
    return True


def save_best(folder: Path, model: nn.Module) -> None:
    """Put the weights that are trained in the place of the best ones so far."""
    from safetensors.torch import save_file

    made = folder / f"{BEST}.building"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    weights = {
        name: one.detach().contiguous()
        for name, one in model.named_parameters()
        if one.requires_grad
    }
    save_file(weights, made / WEIGHTS)
    replace_folder(made, folder / BEST)


def load_best(folder: Path, model: nn.Module) -> None:
    """Give a model the best weights."""
    from safetensors.torch import load_file

    recover_folder(folder / BEST)
    weights = load_file(folder / BEST / WEIGHTS)
    for name, one in model.named_parameters():
        if one.requires_grad:
            one.data.copy_(weights[name])


def write_standing(checkpoint: Path, standing: Standing) -> None:
    """Write into a checkpoint how the training stands."""
    write_whole(checkpoint / STATE, msgspec.json.encode(standing).decode() + "\n")


def read_standing(checkpoint: Path | None) -> Standing:
    """Read it back; a new one without a checkpoint."""
    if checkpoint is None:
        return Standing()
    return msgspec.json.decode((checkpoint / STATE).read_bytes(), type=Standing)
