"""A training that can be killed: all weights and moments in a sealed folder, and back from it.

Everything that is drawn is a function of the seed and the update's number, so there is no state of
random numbers. Safetensors only. Knows no loop.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import torch

from env.errors import ConfigError
from policies.checkpoints import newest, seal, step_of, write_whole

if TYPE_CHECKING:
    from torch import nn

    from reward.ppo.learner import Learner

STATE = "ppo.json"
_WITHIN = "within.safetensors"
_MOMENTS = "moments.safetensors"


@dataclass(slots=True)
class Standing:
    """How a training stands."""

    update: int = 0
    """Updates done."""
    within: int = -1
    """The update before which the divergence was last measured within the budget."""
    measured: dict[str, float] = field(default_factory=dict)
    """What was measured then."""


def save(folder: Path, learner: Learner, standing: Standing, within: dict[str, Any]) -> None:
    """Write a checkpoint, seal it, and remove all but the one before.

    Args:
        folder: of all checkpoints.
        learner: the weights.
        standing: how the training stands.
        within: weights of the policy when its divergence was last within the budget.
    """
    from safetensors.torch import save_file

    checkpoint = folder / f"checkpoint-{standing.update}"
    shutil.rmtree(checkpoint, ignore_errors=True)
    try:
        checkpoint.mkdir(parents=True)
        for name, model in _models(learner).items():
            save_file(weights_of(model), checkpoint / f"{name}.safetensors")
        save_file(_moments(learner), checkpoint / _MOMENTS)
        if within:
            save_file(within, checkpoint / _WITHIN)
    except OSError as error:
        raise ConfigError(
            f"cannot write {checkpoint} ({error.strerror}): make room, or name another folder"
        ) from error
    write_whole(checkpoint / STATE, msgspec.json.encode(standing).decode() + "\n")
    seal(checkpoint)
    others = [path for path in folder.iterdir() if path.is_dir() and path != checkpoint]
    for path in sorted(others, key=step_of)[:-1]:
        shutil.rmtree(path, ignore_errors=True)


def load(folder: Path, learner: Learner) -> tuple[Standing, dict[str, Any]]:
    """Go on with the newest checkpoint that is whole; without one nothing is changed.

    Returns:
        How the training stands, and the weights within the budget.
    """
    from safetensors.torch import load_file

    found = newest(folder)
    if found is None:
        return Standing(), {}
    for name, model in _models(learner).items():
        fill(model, load_file(found / f"{name}.safetensors"))
    _set_moments(learner, load_file(found / _MOMENTS))
    within = load_file(found / _WITHIN) if (found / _WITHIN).exists() else {}
    return msgspec.json.decode((found / STATE).read_bytes(), type=Standing), within


def weights_of(model: nn.Module) -> dict[str, Any]:
    """Return a copy of a model's weights on the CPU, by name; tied ones once."""
    return {name: one.detach().cpu().clone().contiguous() for name, one in model.named_parameters()}


def fill(model: nn.Module, weights: dict[str, Any]) -> None:
    """Give a model weights in place, so that all who hold it see them."""
    with torch.no_grad():
        for name, one in model.named_parameters():
            one.copy_(weights[name])


def _models(learner: Learner) -> dict[str, Any]:
    return {"policy": learner.policy} | ({"critic": learner.critic} if learner.critic else {})


def _moments(learner: Learner) -> dict[str, Any]:
    """Return the optimisers' state as one level of tensors."""
    return {
        f"{name}/{place}/{key}": value.detach().cpu().clone().contiguous()
        for name, optimiser in learner.optimisers.items()
        for place, state in optimiser.state_dict()["state"].items()
        for key, value in state.items()
    }


def _set_moments(learner: Learner, tensors: dict[str, Any]) -> None:
    for name, optimiser in learner.optimisers.items():
        state: dict[int, dict[str, Any]] = {}
        for key, value in tensors.items():
            whose, place, what = key.split("/")
            if whose == name:
                state.setdefault(int(place), {})[what] = value
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})
