"""A socket to serve at, and the line that says where. Knows no server and no page."""

from __future__ import annotations

import socket
import sys

from env.errors import ConfigError


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens where it is asked to.

    Raises:
        ConfigError: it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen at {host}, port {port} ({error.strerror or error}): "
            "give another --host or --port"
        ) from error


def announce(what: str, listening: socket.socket) -> None:
    """Say where it is served."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(  # noqa: T201 - of commands that serve
        f"Serving {what} at http://{shown}:{port} (Ctrl-C ends it)", file=sys.stderr, flush=True
    )
