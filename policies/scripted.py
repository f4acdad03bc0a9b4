"""A policy that writes fixed lines: for tests, replays and examples."""

from __future__ import annotations

from collections.abc import Iterable

from env.records import Completion, Observation


class ScriptedPolicy:
    """Writes the given commands in order, then `End: Answer`, then the given answer."""

    name = "scripted"

    def __init__(self, lines: Iterable[str], answer: str = "") -> None:
        self._lines = iter(lines)
        self._answer = answer

    async def act(self, observation: Observation) -> Completion:
        """Write the next line, or the answer."""
        if observation.answering:
            return Completion(self._answer)
        return Completion(next(self._lines, "End: Answer"))
