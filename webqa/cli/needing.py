"""Says in one line which package a command lacks. Knows no command."""

from __future__ import annotations

from importlib.util import find_spec

from env.errors import ConfigError


def need_numpy() -> None:
    """Refuse where statistics cannot be computed.

    Raises:
        ConfigError: numpy is not installed.
    """
    if find_spec("numpy") is None:
        raise ConfigError("this needs numpy: pip install -c constraints.txt -e '.[eval]'")
