"""Low-rank updates for models too large to train whole (Hu et al. 2021), through peft.

They are merged into the weights at the end: what is saved is a model like any other.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ALPHA = 2
"""The update is scaled by this, whatever its rank."""


def with_lora(model: Any, rank: int, seed: int) -> Any:  # noqa: ANN401 - of transformers, of peft
    """Return the model with updates of a rank for each linear layer; only these are trained.

    Args:
        model: a causal model of transformers.
        rank: of the updates.
        seed: of their first values.
    """
    from peft import LoraConfig, get_peft_model
    from transformers import set_seed

    set_seed(seed)
    updates = LoraConfig(
        r=rank, lora_alpha=ALPHA * rank, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    with _quiet():
        return get_peft_model(model, updates)


def merged(model: Any) -> Any:  # noqa: ANN401
    """Return a model with its updates taken into its weights; one without any as it is."""
    if not hasattr(model, "merge_and_unload"):
        return model
    with _quiet():
        return model.merge_and_unload()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the user what peft says of outdated calls, and of GPT-2's turned matrices."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        warnings.filterwarnings("ignore", "fan_in_fan_out", UserWarning)
        yield
