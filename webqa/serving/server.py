"""The OpenEnv server: sessions over WebSocket, with an action of one field, `command`.

The only module that imports `openenv` (the extra `serve-env`) and what comes with it. Knows no
command line.
"""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import Annotated, Any

import msgspec
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from openenv.core.env_server.http_server import create_fastapi_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import (
    Action,
    ConcurrencyConfig,
    EnvironmentMetadata,
    Observation,
    ServerMode,
    State,
)
from pydantic import BeforeValidator, Field

from env.actions import help_text
from env.errors import Error
from env.records import Question
from env.version import VERSION
from webqa.serving.environment import BrowseEnvironment, View
from webqa.serving.guard import Guard
from webqa.serving.tasks import SPLIT, Tasks, Wish

NAME = "webqa"
LARGEST_MESSAGE = 1 << 20
"""Bytes of a message that a client may send; the longest answer is far shorter."""
LARGEST_SEED = 2**63 - 1
CONFLICT = 409


def _unicode(value: object) -> object:
    """Replace half surrogate pairs, which JSON can spell and no file can hold."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


class BrowseAction(Action):  # type: ignore[misc]  # openenv is untyped here
    """One line of the command language, or the answer once `answering` is true."""

    command: Annotated[str, BeforeValidator(_unicode)] = Field(description=help_text())


class BrowseObservation(Observation):  # type: ignore[misc]
    """What a policy may see: as text, and field by field (see env.records.Observation)."""

    rendered: str = Field(description="all of it as text, ending where the next line is written")
    question: str = ""
    title: str = ""
    domain: str = ""
    text: str = Field("", description="the visible window of the page, with link marks")
    links: list[int] = Field([], description="numbers of the links in the window")
    position: list[int] = Field([0, 100], description="what is visible of the page, in percent")
    quotes: list[dict[str, Any]] = Field([], description="what is kept, as quote 1, 2 and so on")
    past_actions: list[str] = Field([], description="in short, the oldest first")
    commands: list[str] = Field([], description="names of the commands that are possible now")
    actions_left: int = 0
    quote_characters_left: int = 0
    quote_limit: int = 0
    notice: str = Field("", description="why the last command was not carried out")
    answering: bool = Field(False, description="whether the next line is taken as the answer")
    ended: str | None = None
    stopped_by: str | None = None
    answer: dict[str, Any] | None = Field(None, description="its text, and the quotes it cites")


class BrowseState(State):  # type: ignore[misc]
    """Which episode is played, and how far it is."""

    question_id: str | None = None
    seed: int | None = None
    attempt: int | None = None
    ended: str | None = None


class OpenEnvBrowser(Environment):  # type: ignore[misc]
    """A session of the server."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self._browse = BrowseEnvironment(tasks)
        self._tasks = tasks
        self._named: str | None = None
        self._closed = False

    async def reset_async(
        self, seed: int | None = None, episode_id: str | None = None, **wish: object
    ) -> BrowseObservation:
        """Begin an episode.

        Args:
            seed: gives the same question each time.
            episode_id: reported by `state`; the record of the episode has an id of its own.
            wish: `question` with `accepted`, or `id`, or `index` with `split`.

        Raises:
            Error: there is no such question, an argument is unknown or of a wrong type, or the
                session was taken away.
        """
        if self._closed:
            # Its place may be another's by now; the connection alone outlives it.
            raise Error("this session had no step for too long and was ended: connect again")
        view = await self._browse.reset(read_wish({"seed": seed, **wish}))
        self._named = episode_id
        return as_observation(view)

    async def step_async(
        self, action: BrowseAction, timeout_s: float | None = None, **_: object
    ) -> BrowseObservation:
        """Carry out a line. How long a live web may take is a setting of the server."""
        return as_observation(await self._browse.step(action.command))

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, **wish: object
    ) -> BrowseObservation:
        """Refuse: a session belongs to one event loop."""
        raise Error("await reset_async instead")

    def step(
        self, action: BrowseAction, timeout_s: float | None = None, **_: object
    ) -> BrowseObservation:
        """Refuse: a session belongs to one event loop."""
        raise Error("await step_async instead")

    @property
    def state(self) -> BrowseState:
        """Where the session stands."""
        chosen, view = self._browse.chosen, self._browse.view
        if chosen is None:
            return BrowseState()
        return BrowseState(
            episode_id=self._named or chosen.id,
            step_count=self._browse.steps,
            question_id=chosen.question.id,
            seed=chosen.seed,
            attempt=chosen.attempt,
            ended=view.ended if view else None,
        )

    def get_metadata(self) -> EnvironmentMetadata:
        """Return what the environment is, with the command language."""
        return EnvironmentMetadata(
            name=NAME,
            description="Answer a question by browsing text pages, quoting and citing them.",
            readme_content=help_text(),
            version=VERSION,
        )

    def list_splits(self) -> list[str]:
        """Return the one split, if a question set is served."""
        return [SPLIT] if self._tasks.questions else []

    def num_tasks(self, split: str) -> int:
        """Return how many questions there are."""
        return len(self._tasks.questions) if split == SPLIT else 0

    def get_task(self, split: str, index: int) -> dict[str, object]:
        """Return a question without what counts as answering it.

        Raises:
            IndexError: there is none at this place.
        """
        if split != SPLIT:
            raise IndexError(f"there is no split {split!r}: the only one is {SPLIT!r}")
        return _task(index, self._tasks.at(index))

    def list_tasks(self, split: str) -> list[dict[str, object]]:
        """Return all questions."""
        questions = self._tasks.questions if split == SPLIT else ()
        return [_task(index, question) for index, question in enumerate(questions)]

    def close(self) -> None:
        """Leave the episode that is under way; no other can be begun."""
        self._closed = True
        self._browse.leave()


def _task(index: int, question: Question) -> dict[str, object]:
    return {
        "id": question.id,
        "index": index,
        "question": question.text,
        "dataset": question.dataset,
    }


def read_wish(given: dict[str, object]) -> Wish:
    """Read the arguments of a reset.

    Raises:
        Error: one is unknown or of a wrong type.
    """
    if unknown := sorted(given.keys() - Wish.__slots__):
        known = ", ".join(Wish.__slots__)
        raise Error(f"reset knows no {', '.join(map(repr, unknown))}: known are {known}")
    try:
        wish = msgspec.convert(given, Wish)
    except msgspec.ValidationError as error:
        raise Error(f"an argument of reset is of a wrong type: {error}") from error
    if wish.seed is not None and not 0 <= wish.seed <= LARGEST_SEED:
        raise Error(f"a seed is from 0 to {LARGEST_SEED}")
    return wish


def as_observation(view: View) -> BrowseObservation:
    """Return a view in the form that goes over the wire."""
    fields = msgspec.to_builtins(view.observation)
    return BrowseObservation(
        rendered=view.rendered,
        reward=view.reward,
        done=view.done,
        ended=view.ended,
        stopped_by=view.stopped_by,
        answer=msgspec.to_builtins(view.answer),
        **{name: list(value) if isinstance(value, tuple) else value
           for name, value in fields.items()},
    )  # fmt: skip


def make_application(
    tasks: Tasks, hosts: frozenset[str], *, sessions: int, idle_seconds: float
) -> Guard:
    """Return the guarded ASGI application.

    Args:
        tasks: what is played.
        hosts: names under which it may be asked for.
        sessions: at the same time; who comes after is told that all are taken.
        idle_seconds: after which a session is taken away.
    """
    limits = ConcurrencyConfig(max_concurrent_envs=sessions, session_timeout=idle_seconds)
    application = create_fastapi_app(
        partial(OpenEnvBrowser, tasks),
        BrowseAction,
        BrowseObservation,
        concurrency_config=limits,
        env_name=NAME,
        state_cls=BrowseState,
        mode=ServerMode.SIMULATION,
    )
    _explain_errors(application)
    return Guard(application, hosts)


def _explain_errors(application: FastAPI) -> None:
    """Answer our errors over plain HTTP with their line, as the WebSocket does."""

    async def explain(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, CONFLICT)

    application.add_exception_handler(Error, explain)


async def serve(application: Guard, listening: socket.socket) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM)."""
    config = uvicorn.Config(
        application,
        log_level="warning",
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_timeout=None,  # a trainer may hear nothing for the minutes of an update
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    try:
        await server.serve(sockets=[listening])
    except asyncio.CancelledError:
        server.should_exit = True
        raise
