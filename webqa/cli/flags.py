"""Flags that several commands share, taken from the configuration records."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, Token

from env.config import PRESETS, BrowserConfig
from env.errors import ConfigError
from env.web.fetch.config import FetchConfig
from policies.base import Limits
from webqa.webs import LiveConfig, RecordConfig

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection

Preset = Literal["default", "small"]
BrowserFlags = Annotated[BrowserConfig, Parameter(name="*", group="Browser")]
LimitFlags = Annotated[Limits, Parameter(name="*", group="Browser")]
FetchFlags = Annotated[FetchConfig, Parameter(name="*", group="Live web")]
LiveFlags = Annotated[LiveConfig, Parameter(name="*", group="Live web")]
RecordFlags = Annotated[RecordConfig, Parameter(name="*", group="Recording")]
NO_LIMITS = Limits()
FETCH = FetchConfig()
LIVE = LiveConfig()


def fill_from_preset(_app: App, _commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Give the browser's flags that were not written the values of `--preset`."""
    preset = next((argument for argument in arguments if argument.name == "--preset"), None)
    if preset is None or not preset.tokens:
        return
    values = PRESETS.get(preset.tokens[0].value)
    for argument in arguments:
        name = argument.keys[-1] if argument.keys else ""
        if values and not argument.tokens and name in _NUMBERS:
            value = str(getattr(values, name))
            argument.append(Token(keyword="--preset", value=value, source="preset"))


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
