"""Work that several callers want at once is done once. Knows nothing of what the work is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from env.errors import WebError

Made = TypeVar("Made")


class _Work(Generic[Made]):
    """A task and how many wait for it."""

    def __init__(self, task: asyncio.Task[Made]) -> None:
        self.task = task
        self.callers = 0


class Sharing(Generic[Made]):
    """Work under way, by key.

    A caller who gives up leaves the work to the others; when the last one gives up, it is ended.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, _Work[Made]] = {}

    async def once(self, key: str, begin: Callable[[], Coroutine[Any, Any, Made]]) -> Made:
        """Return what the work of a key makes, beginning it if it is not under way.

        Raises:
            WebError: what the work raised, or that it was ended by `aclose`.
        """
        work = self._under_way.get(key)
        if work is None:
            work = self._under_way[key] = _Work(asyncio.create_task(begin()))
            work.task.add_done_callback(lambda task: self._done(key, task))
        work.callers += 1
        try:
            return await asyncio.shield(work.task)
        except asyncio.CancelledError:
            if work.task.cancelled() and not _gave_up():
                raise WebError("not opened: the program is ending", "connection") from None
            raise
        finally:
            work.callers -= 1
            if not work.callers and not work.task.done():
                await self._end(key, work.task)

    def _done(self, key: str, task: asyncio.Task[Made]) -> None:
        if (work := self._under_way.get(key)) and work.task is task:
            del self._under_way[key]

    async def _end(self, key: str, task: asyncio.Task[Made]) -> None:
        """Cancel work and wait until it has let go of its sockets."""
        if (work := self._under_way.get(key)) and work.task is task:
            del self._under_way[key]  # whoever comes now begins anew
        task.cancel()
        await asyncio.wait((task,))

    async def aclose(self) -> None:
        """End all work; whoever waits for it gets a WebError."""
        for key, work in list(self._under_way.items()):
            await self._end(key, work.task)


def _gave_up() -> bool:
    """Tell whether the caller itself was cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
