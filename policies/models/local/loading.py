"""A local model by its name: read from a folder or the hub, ready for many episodes."""

from __future__ import annotations

from pathlib import Path

from policies.models.base import ModelError
from policies.models.local.config import LocalConfig
from policies.models.local.model import LocalModel
from policies.models.local.reading import read_model


def load(name: str | Path, config: LocalConfig | None = None) -> LocalModel:
    """Load a model and the engine that runs it.

    Args:
        name: a folder with *.safetensors, or the name of a model on the hub.
        config: device, dtype, size of a batch, context.

    Raises:
        ModelError: there is no such model, or it cannot be used; says what to do.
    """
    config = config or LocalConfig()
    if config.batch < 1:
        raise ModelError(f"the batch must be at least 1, not {config.batch}")
    return LocalModel(read_model(name, config), config)
