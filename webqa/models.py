"""Opening a language model for a command: which one, where it runs, how it is asked.

Knows the two kinds of model, local and endpoint, and imports each only when it is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from env.errors import ConfigError
from policies.base import MakePolicy
from policies.checkpoints import flat
from policies.grammar.config import FREE, TIGHT
from policies.language_model import LanguageModelConfig, LanguageModelPolicy, read_config

if TYPE_CHECKING:
    from policies.models.base import TextModel
    from policies.models.endpoint.config import EndpointConfig
    from policies.models.local.config import LocalConfig

GRAMMARS = {"free": FREE, "tight": TIGHT, "none": None}


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which language model browses and answers, and how it is asked."""

    model: str = ""
    """A language model in place of --policy: a folder, a name on the hub, or, with --endpoint,
    the server's name for it."""
    endpoint: str = ""
    """URL of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1; replicas by commas."""
    grammar: Literal["model", "free", "tight", "none"] = "model"
    """What it may write: as it was trained for, or else anything that can be carried out (free);
    only whole sentences and words of the question (tight); anything at all (none)."""
    layout: Literal["model", "webgpt", "page-first"] = "model"
    """Order of the prompt's fields: as it was trained for, or else the paper's."""
    temperature: float | None = None
    """0 takes the likeliest token; not given: as the model's folder says, or else 0."""
    seed: int = 0
    """Of what is drawn, where the temperature is above 0."""
    rerank: int = 0
    """Commands drawn at each step, of which an overseer takes the best; 0: none, the model's own
    command is taken."""
    overseer: Literal["rules", "itself"] = "rules"
    """Who judges the commands of --rerank: rules (reward.process), or the same model, asked
    whether each is sensible."""


class OpenedModel(NamedTuple):
    """A model that is ready, and what a command needs of it."""

    name: str
    make: MakePolicy
    settings: dict[str, float | int | str]
    """Resolved, to be saved beside what it makes."""
    close: Callable[[], Coroutine[None, None, None]]
    model: TextModel


def open_model(config: ModelConfig, local: LocalConfig, endpoint: EndpointConfig) -> OpenedModel:
    """Open the model that is named.

    Raises:
        ConfigError: no model is named, settings make no sense, or the extra is not installed.
        ModelError: the model cannot be loaded.
    """
    if not config.model:
        raise ConfigError("--endpoint needs --model: the name that the server knows the model by")
    if config.temperature is not None and not config.temperature >= 0:
        raise ConfigError(f"--temperature must be 0 or more, not {config.temperature}")
    if config.rerank < 0 or config.rerank == 1:
        raise ConfigError(f"--rerank must be 2 or more, or 0 for none, not {config.rerank}")
    if config.overseer != "rules" and not config.rerank:
        raise ConfigError("--overseer needs --rerank: how many commands it chooses from")
    asked = asked_as(config)
    if config.endpoint:
        from policies.models.endpoint.model import EndpointModel

        remote = EndpointModel(config.model, config.endpoint, endpoint)
        return _opened(remote, asked, config, remote.aclose, msgspec.to_builtins(endpoint))
    need_packages()
    from policies.models.local.loading import load

    model = load(config.model, local)
    return _opened(model, asked, config, model.aclose, msgspec.to_builtins(local))


PACKAGES = ("torch", "transformers", "llguidance", "accelerate", "peft")
"""What the extra `models` brings that nothing else does."""


def lacking(find: Callable[[str], object] = find_spec) -> list[str]:
    """Return the packages of the extra `models` that are not installed."""
    return [name for name in PACKAGES if find(name) is None]


def need_packages(find: Callable[[str], object] = find_spec) -> None:
    """Refuse where a language model cannot run in this process.

    Raises:
        ConfigError: the extra `models` is not installed.
    """
    if missing := lacking(find):
        raise ConfigError(
            f"a language model on this machine needs {', '.join(missing)}:"
            " pip install -c constraints.txt -e '.[models]' in the folder of webqa"
        )


def without_effect(
    config: ModelConfig, local: LocalConfig, endpoint: EndpointConfig
) -> Iterator[str]:
    """Yield the flags that were given and mean nothing: they may have been relied upon."""
    if not config.model and not config.endpoint:
        yield from _changed("--", config)
    if config.endpoint or not config.model:
        yield from _changed("--engine.", local)
    if not config.endpoint:
        yield from _changed("--server.", endpoint)


def _changed(prefix: str, given: ModelConfig | LocalConfig | EndpointConfig) -> Iterator[str]:
    default = type(given)()
    for field in fields(given):
        if getattr(given, field.name) != getattr(default, field.name):
            yield prefix + field.name.replace("_", "-")


def asked_as(config: ModelConfig) -> LanguageModelConfig:
    """Return how the model is asked: what its folder says, changed by what was given."""
    asked = trained_as(config.model) if not config.endpoint else None
    asked = asked or LanguageModelConfig()
    if config.grammar != "model":
        asked = replace(asked, grammar=GRAMMARS[config.grammar])
    if config.layout != "model":
        asked = replace(asked, prompt=replace(asked.prompt, layout=config.layout))
    if config.temperature is not None:
        asked = replace(asked, temperature=config.temperature)
    return asked


def trained_as(model: str) -> LanguageModelConfig | None:
    """Return how the model in a folder was trained to be used, if the folder tells."""
    folder = Path(model)
    return read_config(folder) if model and folder.is_dir() else None


def _opened(
    model: TextModel,
    asked: LanguageModelConfig,
    config: ModelConfig,
    close: Callable[[], Coroutine[None, None, None]],
    engine: dict[str, object],
) -> OpenedModel:
    settings = _recorded(msgspec.to_builtins(asked) | {"engine": engine})
    if config.endpoint:
        settings["endpoint"] = config.endpoint
    if not config.rerank:
        return OpenedModel(
            model.name,
            lambda seed: LanguageModelPolicy(model, asked, seed),
            settings,
            close,
            model,
        )
    from reward.overseeing import ModelOverseer, RerankConfig, RerankingPolicy
    from reward.process import RuleOverseer

    itself = config.overseer == "itself"
    overseer = ModelOverseer(model, asked.prompt) if itself else RuleOverseer()
    rerank = RerankConfig(config.rerank)
    settings |= {"rerank": config.rerank, "overseer": config.overseer}
    return OpenedModel(
        model.name,
        lambda seed: RerankingPolicy(model, overseer, asked, rerank, seed),
        settings,
        close,
        model,
    )


def _recorded(settings: dict[str, object]) -> dict[str, float | int | str]:
    """Return nested settings as a run's configuration holds them."""
    return {
        name: value if isinstance(value, float | int | str) else repr(value)
        for name, value in flat(settings)
    }
