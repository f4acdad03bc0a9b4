"""The critic: a model of its own that foretells what an episode will still be worth.

The cloned policy's body with a new head that says 0 everywhere at first. Knows no rewards.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import nn


class Critic(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Values of states: of the tokens so far, at each place."""

    def __init__(self, policy: Any) -> None:  # noqa: ANN401 - a causal model of transformers
        """Copy the body of a policy, which must have its weights already."""
        super().__init__()
        self.body = deepcopy(policy.base_model).requires_grad_(True)
        self.head = nn.Linear(policy.config.get_text_config().hidden_size, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.head.to(next(self.body.parameters()))

    def forward(self, ids: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return the values at some places, of the shape of `rows`, in fp32.

        Args:
            ids: (batch, length), padded on the right.
            rows: of any shape.
            columns: the same shape.
        """
        hidden = self.body(input_ids=ids, use_cache=False).last_hidden_state
        return self.head(hidden[rows, columns])[..., 0].float()
