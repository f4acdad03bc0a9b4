"""Says in one line which packages a command lacks. Knows no command."""

from __future__ import annotations

from importlib.util import find_spec

from env.errors import ConfigError

RATING = (
    "alembic", "markupsafe", "numpy", "python_multipart", "sqlalchemy", "starlette", "uvicorn",
)  # fmt: skip
"""Modules of the packages of the extra `rating`."""


def need_numpy() -> None:
    """Refuse where statistics cannot be computed.

    Raises:
        ConfigError: numpy is not installed.
    """
    if find_spec("numpy") is None:
        raise ConfigError("this needs numpy: pip install -c constraints.txt -e '.[eval]'")


def need_rating() -> None:
    """Refuse where the rating page cannot be used.

    Raises:
        ConfigError: one of its packages is not installed.
    """
    lacking = [name for name in RATING if find_spec(name) is None]
    if lacking:
        raise ConfigError(
            f"this needs {', '.join(lacking)}: pip install -c constraints.txt -e '.[rating]'"
        )
