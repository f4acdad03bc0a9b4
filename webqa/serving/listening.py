"""A socket to serve at, the line that says where, and the end. Knows no server and no page."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

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


@contextmanager
def until_told() -> Iterator[None]:
    """Serve until the process is told to end (SIGTERM), which is then done as it was asked.

    What is open is closed as at Ctrl-C. But Ctrl-C is an interruption, with an exit code that stops
    a script as well; whoever looks after a server and ends it has done so without a fault.
    """
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    except _Told:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


class _Told(KeyboardInterrupt):
    """The process was told to end: stops whatever runs, as Ctrl-C does."""


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise _Told
