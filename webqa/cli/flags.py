"""Flags that several commands share, taken from the configuration records."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, Token

from env.config import PRESETS, BrowserConfig
from env.errors import ConfigError
from env.web.fetch.config import FetchConfig
from policies.base import Limits
from policies.models.endpoint.config import EndpointConfig
from policies.models.local.config import LocalConfig
from webqa.models import ModelConfig, trained_as
from webqa.webs import LiveConfig, RecordConfig

if TYPE_CHECKING:
    from cyclopts import App, Argument, ArgumentCollection

Preset = Literal["default", "small"]
BrowserFlags = Annotated[BrowserConfig, Parameter(name="*", group="Browser")]
LimitFlags = Annotated[Limits, Parameter(name="*", group="Browser")]
FetchFlags = Annotated[FetchConfig, Parameter(name="*", group="Live web")]
LiveFlags = Annotated[LiveConfig, Parameter(name="*", group="Live web")]
RecordFlags = Annotated[RecordConfig, Parameter(name="*", group="Recording")]
ModelFlags = Annotated[ModelConfig, Parameter(name="*", group="Language model")]
LocalFlags = Annotated[LocalConfig, Parameter(name="engine", group="Language model")]
ServerFlags = Annotated[EndpointConfig, Parameter(name="server", group="Language model")]
NO_LIMITS = Limits()
NO_MODEL = ModelConfig()
LOCAL = LocalConfig()
SERVER = EndpointConfig()
FETCH = FetchConfig()
LIVE = LiveConfig()


def fill_from_preset(_app: App, _commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Give the browser's flags that were not written the values of `--preset`.

    Without it, of the preset that a model's folder names as the one it was trained with, or of the
    command's own.
    """
    named = _written(arguments, "--preset") or _trained_with(arguments) or _own_preset(arguments)
    values = PRESETS.get(named)
    for argument in arguments:
        name = argument.keys[-1] if argument.keys and _is_browsers(argument) else ""
        if values and not argument.tokens and name in _SETTABLE:
            value = str(getattr(values, name))
            argument.append(Token(keyword="--preset", value=value, source="preset"))


def _written(arguments: ArgumentCollection, name: str) -> str:
    """Return what was written behind a flag, or nothing."""
    found = next((argument for argument in arguments if argument.name == name), None)
    return found.tokens[0].value if found and found.tokens else ""


def _own_preset(arguments: ArgumentCollection) -> str:
    """Return the preset that a command takes when none is written; nothing for `default`."""
    found = next((argument for argument in arguments if argument.name == "--preset"), None)
    own = str(found.field_info.default) if found else ""
    return "" if own == "default" else own


def _is_browsers(argument: Argument) -> bool:
    group = argument.parameter.group
    groups = group if isinstance(group, tuple) else (group,)
    return any(getattr(one, "name", one) == "Browser" for one in groups)


def _trained_with(arguments: ArgumentCollection) -> str:
    found = next((argument for argument in arguments if argument.name == "--model"), None)
    if found and found.tokens and not found.tokens[0].value:
        raise ConfigError("--model is empty: give a folder, or the name of a model")
    trained = trained_as(_written(arguments, "--model"))
    return trained.preset if trained else ""


_SETTABLE = {field.name for field in fields(BrowserConfig) if field.type in ("int", "bool")}
_NUMBERS = {field.name for field in fields(BrowserConfig) if field.type == "int"}


def check(browser: BrowserConfig, limits: Limits) -> None:
    """Refuse numbers that make no sense.

    Raises:
        ConfigError: a number is not above zero.
    """
    for record, names in ((browser, _NUMBERS), (limits, {"seconds", "tokens"})):
        for name in sorted(names):
            value = getattr(record, name)
            if value is not None and not value > 0:
                raise ConfigError(f"--{name} must be above 0, not {value}")
