"""A local model as a `TextModel`: requests of many episodes, one thread that runs the engine.

The thread belongs to an executor: it ends with the program or with `aclose`, and event loops may
come and go. Knows nothing of how completions are written.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from env.records import Completion
from policies.models.base import ModelError, Prompt, Request
from policies.models.local.config import LocalConfig
from policies.models.local.engine import Engine
from policies.models.local.reading import Loaded
from policies.models.local.writing import Writing


@dataclass(slots=True, eq=False)
class _Job:
    """The completions of a request while they are written, and who waits for them."""

    writings: list[Writing]
    result: Future[list[Completion]]


class LocalModel:
    """A model of transformers in this process; any number of episodes may share it."""

    def __init__(self, loaded: Loaded, config: LocalConfig | None = None) -> None:
        self.name = loaded.name
        self.context = loaded.context
        self.chat = loaded.tokens.chat
        self.tokens = loaded.tokens
        self.engine = Engine(loaded, config or LocalConfig())
        """For measurements; it belongs to the thread."""
        self._coming: deque[_Job] = deque()
        self._jobs: list[_Job] = []
        self._lock = threading.Lock()
        self._beginning = threading.Lock()
        self._running = self._closed = False
        self._thread = ThreadPoolExecutor(1, "local-model")

    async def start(self) -> None:
        """Do nothing: a model that is loaded is ready."""

    def count(self, prompt: Prompt) -> int:
        """Return how many tokens the prompt has."""
        return self.tokens.count(prompt)

    async def complete(self, request: Request) -> list[Completion]:
        """Return the samples of a request. Cancelling the task drops it.

        Raises:
            ModelError: the prompt does not fit, the grammar fails, or the model is closed.
        """
        # Prompt and grammar are made here, beside the thread that runs the model.
        with self._beginning:
            job = _Job(self.engine.begin(request), Future())
        with self._lock:
            self._coming.append(job)
            if not self._running:
                self._start()
        return await asyncio.wrap_future(job.result)

    def forget(self) -> None:
        """Forget all prompts that were read: to be called when the weights were changed."""
        self._thread.submit(self.engine.reset).result()

    async def aclose(self) -> None:
        """Fail what is being written and end the thread; the model cannot be used again."""
        self._closed = True
        await asyncio.to_thread(self._thread.shutdown)

    def _start(self) -> None:
        try:
            self._thread.submit(self._work)
        except RuntimeError as error:
            self._coming.clear()
            raise self._is_closed() from error
        self._running = True

    def _is_closed(self) -> ModelError:
        return ModelError(f"{self.name} was closed: load it again")

    def _work(self) -> None:
        """Write until nobody waits. Runs in the thread."""
        while True:
            with self._lock:
                if not self._jobs and not self._coming:
                    self._running = False
                    return
            try:
                self._round()
            except Exception as error:  # noqa: BLE001 - those who wait must be told, whatever it is
                self._fail_all(_as_model_error(error))

    def _round(self) -> None:
        """Begin what came, drop what nobody waits for, and write a token of everything else."""
        while self._coming:
            job = self._coming.popleft()
            self._jobs.append(job)
            self.engine.add(job.writings)
        if self._closed:
            raise self._is_closed()
        for job in [job for job in self._jobs if job.result.cancelled()]:
            self._leave(job)
        faults = self.engine.step() if self.engine.busy else []
        for writing, fault in faults:
            for job in [job for job in self._jobs if writing in job.writings]:
                self._fail(job, fault)
        for job in [job for job in self._jobs if all(one.done for one in job.writings)]:
            completions = [one.completion() for one in job.writings]
            self._leave(job)
            if job.result.set_running_or_notify_cancel():
                job.result.set_result(completions)

    def _leave(self, job: _Job) -> None:
        self._jobs.remove(job)
        self.engine.drop(job.writings)

    def _fail(self, job: _Job, error: ModelError) -> None:
        self._leave(job)
        if job.result.set_running_or_notify_cancel():
            job.result.set_exception(error)

    def _fail_all(self, error: ModelError) -> None:
        for job in list(self._jobs):
            self._fail(job, error)
        self.engine.reset()


def _as_model_error(error: Exception) -> ModelError:
    if isinstance(error, ModelError):
        return error
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return ModelError(
        f"the model failed ({reason}): if memory ran out, use a smaller batch or shorter context"
    )
