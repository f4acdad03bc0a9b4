"""A socket to serve at, the line that says where, and the end. Knows no server and no page."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
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
            f"cannot listen at {host}, port {port} ({_reason(error)}): "
            "give another --host or --port"
        ) from error


def _reason(error: OSError) -> str:
    # Python adds the address to the system's own words; of a name it did not find it has others.
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def announce(
    what: str, listening: socket.socket, names: Sequence[str] = (), *, https: bool = False
) -> None:
    """Say where it is served.

    Args:
        what: is served.
        listening: where.
        names: by which other machines ask for it.
        https: whether a proxy before it speaks HTTPS, at the usual port.
    """
    host, port = listening.getsockname()[:2]
    if names and https:
        places, behind = [f"https://{_bracketed(name)}" for name in names], f"here port {port}; "
    else:
        places, behind = [_address(name, port) for name in names or (host,)], ""
    print(  # noqa: T201 - of commands that serve
        f"Serving {what} at {', '.join(places)} ({behind}Ctrl-C ends it)",
        file=sys.stderr,
        flush=True,
    )


def _address(name: str, port: int) -> str:
    shown = _bracketed(name)
    has_port = ":" in shown.rpartition("]")[2]
    return f"http://{shown}" if has_port else f"http://{shown}:{port}"


def _bracketed(name: str) -> str:
    """Return a name or an address of version 6 as it stands in a URL."""
    return f"[{name}]" if name.count(":") > 1 and "[" not in name else name


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
