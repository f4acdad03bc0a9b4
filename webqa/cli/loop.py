"""The event loop of a command. A live web's connections and workers belong to one loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

Result = TypeVar("Result")


async def _stop_others() -> None:
    """Cancel every task but this one, and wait until all have ended."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class Loop:
    """One event loop for a whole command. Use it in a `with` statement.

    `asyncio.Runner` would only ask a task to stop at Ctrl-C, which a blocking read never hears.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def complete(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine to its end; Ctrl-C stops it at once, even while it waits for a person."""
        task = self._loop.create_task(work)
        try:
            return self._loop.run_until_complete(task)
        except KeyboardInterrupt:
            task.cancel()
            self._loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
            raise

    def close(self) -> None:
        """Stop what still runs and close the loop."""
        self._loop.run_until_complete(_stop_others())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()
