"""The loss of comparisons: cross-entropy of the reward's difference, ties as a half.

WebGPT, section 3.2 and appendix K; centring after Eisenstein et al. 2023. Pure functions of
tensors.
"""

from __future__ import annotations

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from reward.training.config import SLIGHT, PreferenceConfig


def targets_of(preferences: torch.Tensor, config: PreferenceConfig) -> torch.Tensor:
    """Return the probabilities that the first answer is preferred, to be learnt.

    Args:
        preferences: (pairs,) from +1 (first much better) to -1.
        config: sign or strength, and smoothing.
    """
    strength = preferences if config.labels == "strength" else preferences.sign()
    return 0.5 + 0.5 * (1 - config.smoothing) * strength


def weights_of(preferences: torch.Tensor, config: PreferenceConfig) -> torch.Tensor:
    """Return the weights (pairs,) in the loss."""
    unsure = torch.where(preferences == 0, config.ties, config.slight)
    return torch.where(preferences.abs() > SLIGHT, 1.0, unsure)


def pair_loss(
    first: torch.Tensor, second: torch.Tensor, targets: torch.Tensor, centring: float = 0.0
) -> torch.Tensor:
    """Return the loss of each pair, in nats, of shape (pairs,).

    Args:
        first: (pairs,) rewards of the first answers.
        second: (pairs,) rewards of the second ones.
        targets: (pairs,) probabilities that the first is preferred.
        centring: weight of the squared sum of the two rewards.
    """
    loss = binary_cross_entropy_with_logits(first - second, targets, reduction="none")
    return loss + centring * (first + second).square()
