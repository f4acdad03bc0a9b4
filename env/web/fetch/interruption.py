"""Cancelling a request without losing a connection.

httpcore 1.0.9 loses a connection, and its place in the pool, when a task is cancelled while it
takes one of httpcore's locks: right after connecting, or while a reply is closed. A shield of
anyio does not help against a cancellation of asyncio's own. So a request runs in a task of its own
and a cancellation reaches it only where it waits for the network, and once; there httpcore cleans
up behind itself. Knows no HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from types import TracebackType
from typing import Any, TypeVar

Result = TypeVar("Result")


class Gate:
    """Where one request can be interrupted: a context to wait for the network in."""

    __slots__ = ("_open", "_stopped")

    def __init__(self) -> None:
        self._open = self._stopped = False

    def stop(self, task: asyncio.Task[Any]) -> None:
        """Interrupt the task of the request now, if it waits here, or when it next does."""
        if not self._stopped:
            self._stopped = True
            if self._open:
                task.cancel()

    def __enter__(self) -> None:
        if self._stopped:
            raise asyncio.CancelledError
        self._open = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = False


_ALWAYS_OPEN = Gate()
"""For those who use the transport without `orderly`: any cancellation reaches them anywhere."""
_gate: ContextVar[Gate] = ContextVar("gate", default=_ALWAYS_OPEN)


def waiting_for_network() -> Gate:
    """Return the gate of this request, to be entered around each wait for the network."""
    return _gate.get()


async def orderly(request: Coroutine[Any, Any, Result]) -> Result:
    """Run a request so that a cancellation ends it only where it waits for the network.

    When the caller is cancelled, this waits until the request has cleaned up, which never waits
    for anything outside, and raises then.
    """
    gate = Gate()
    context = copy_context()
    context.run(_gate.set, gate)
    task = asyncio.get_running_loop().create_task(request, context=context)
    try:
        await asyncio.wait((task,))  # unlike the task itself, this can be cancelled alone
    except asyncio.CancelledError:
        gate.stop(task)
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError:
                continue  # it is being cancelled already, and the first one is raised below
        if not task.cancelled():
            task.exception()  # seen: asyncio would complain of an error that nobody looked at
        raise
    return task.result()
