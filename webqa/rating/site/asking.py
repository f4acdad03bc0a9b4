"""The question page: ask, watch the steps arrive, read the answer beside its quotes, and vote.

Steps come as server-sent events; without JavaScript the page loads itself again. What is asked is
seen by whoever asked alone. Knows neither policies nor webs: webqa.rating.site.asked answers.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from env.answers import NOTHING_FOUND
from env.records import Answer, Episode, to_json
from reward.claims import claims_of
from webqa.rating.errors import Conflict, Unfit
from webqa.rating.site.asked import Asked, Busy, Questions
from webqa.rating.site.endpoints import form_of, go_to, services, text_of, visitor
from webqa.rating.site.templating import render
from webqa.rating.store.database import note_event, stamp, storable
from webqa.rating.store.pages import keep
from webqa.rating.store.tables import Vote
from webqa.replay import Replay, Source, replay

HEARTBEAT = 15.0
"""Seconds without a step after which a sign of life is sent, so that nothing cuts the line."""
AGAIN = 2
"""Seconds after which the page loads itself again where there is no JavaScript."""
NOTE_LENGTH = 2_000
VOTES = {"up": 1, "down": -1}


class Row(NamedTuple):
    """Some sentences of an answer that cite the same, and the quotes beside them."""

    text: str
    numbers: tuple[int, ...]
    """Of the quotes that they cite."""
    sources: tuple[Source, ...]
    """Those of them that stand beside no row before."""
    begins: bool
    """Whether a paragraph begins here."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as it is shown."""

    rows: tuple[Row, ...]
    replay: Replay
    fault: str
    """Why there is no answer; empty where there is one."""


class Asking:
    """The pages of asking."""

    def __init__(self, questions: Questions, about: str) -> None:
        """Make them.

        Args:
            questions: answers what is asked, in the event loop that also serves the pages.
            about: which web is searched, in a few words for people.
        """
        self._questions = questions
        self._about = about

    def routes(self) -> list[BaseRoute]:
        """Return the routes of these pages."""
        return [
            Route("/ask", self._begin, methods=["POST"]),
            Route("/ask", self._form, methods=["GET"]),
            Route("/ask/{asked}", self._page, methods=["GET"]),
            Route("/ask/{asked}/steps", self._steps, methods=["GET"]),
            Route("/ask/{asked}/stop", self._stop, methods=["POST"]),
            Route("/ask/{asked}/vote", self._vote, methods=["POST"]),
        ]

    async def _form(self, request: Request) -> Response:
        visitor(request)
        return self._empty(request)

    def _empty(
        self, request: Request, error: str = "", status: int = 200, typed: str = "", after: str = ""
    ) -> Response:
        reply = render(
            request,
            "ask.html",
            status=status,
            error=error,
            typed=typed,
            after=after,
            about=self._about,
        )
        if status == Busy.status:
            reply.headers["retry-after"] = "10"
        return reply

    async def _begin(self, request: Request) -> Response:
        async with form_of(request) as form:
            text, after = text_of(form, "question"), text_of(form, "after")
        owner = visitor(request).id
        before = self._questions.find(after, owner) if after else None
        try:
            asked = self._questions.ask(text, owner, before)
        except (Busy, Unfit) as error:
            return self._empty(request, str(error), error.status, text, after)
        return RedirectResponse(f"/ask/{asked.id}", 303)

    def _find(self, request: Request) -> Asked:
        return self._questions.find(request.path_params["asked"], visitor(request).id)

    async def _page(self, request: Request) -> Response:
        asked = self._find(request)
        if not asked.done:
            return render(request, "asking.html", asked=asked, again=AGAIN)
        return await self._show(request, asked)

    async def _show(self, request: Request, asked: Asked) -> Response:
        if asked.rollout is None:
            return self._empty(request, asked.fault, typed=asked.text)
        episode, person = asked.rollout.episode, visitor(request).id

        def voted() -> tuple[int, str]:
            with services(request).store.reading() as session:
                vote = _vote_of(session, episode.id, person)
                return (vote.value, vote.note) if vote else (0, "")

        value, note = await run_in_threadpool(voted)
        told = tell(episode, asked)
        return render(request, "asked.html", asked=asked, told=told, value=value, note=note)

    async def _steps(self, request: Request) -> Response:
        asked = self._find(request)
        last = request.headers.get("last-event-id", "")
        first = int(last) + 1 if last.isascii() and last.isdigit() and len(last) < 9 else 0
        return StreamingResponse(_events(asked, first), media_type="text/event-stream")

    async def _stop(self, request: Request) -> Response:
        asked = self._find(request)
        await self._questions.stop(asked)
        return RedirectResponse("/ask", 303)

    async def _vote(self, request: Request) -> Response:
        asked = self._find(request)
        async with form_of(request) as form:
            value, note = _read_vote(form)
        if asked.rollout is None:
            raise Conflict("there is no answer to this question that could be voted on")
        work = _voting(request, asked, value, note)
        await run_in_threadpool(services(request).store.write, work)
        return go_to(request, f"/ask/{asked.id}#vote")


async def _events(asked: Asked, first: int) -> AsyncIterator[str]:
    """Write the steps as server-sent events, numbered, and an event `done` at the end."""
    async for step in asked.follow(first, HEARTBEAT):
        if step is None:
            yield ": still at it\n\n"
        else:
            number, text = step
            yield f"id: {number}\nevent: step\ndata: {json.dumps(text)}\n\n"
    yield "event: done\ndata: null\n\n"


def _read_vote(form: FormData) -> tuple[int, str]:
    value = VOTES.get(text_of(form, "value"))
    if value is None:
        raise Unfit("say whether the answer is good or bad")
    return value, storable(text_of(form, "note").strip(), NOTE_LENGTH, "the note")


def _voting(request: Request, asked: Asked, value: int, note: str) -> Callable[[Session], None]:
    assert asked.rollout is not None
    episode, pages = asked.rollout
    person, now = visitor(request).id, services(request).now()

    def work(session: Session) -> None:
        for page in pages:
            keep(session, page)
        vote = _vote_of(session, episode.id, person)
        if vote is None:
            content = to_json(episode).decode()
            vote = Vote(episode=episode.id, content=content, person_id=person, created=stamp(now))
            session.add(vote)
        vote.value, vote.note = value, note
        note_event(session, "voted", now, person, episode=episode.id, value=value, note=note)

    return work


def _vote_of(session: Session, episode: str, person: int) -> Vote | None:
    own = select(Vote).where(Vote.episode == episode, Vote.person_id == person)
    return session.scalars(own).first()


def tell(episode: Episode, asked: Asked) -> Told:
    """Return how an episode is shown to whoever asked."""
    shown = replay(episode, asked.pages)
    if episode.answer is None:
        return Told((), shown, _why(episode))
    return Told(tuple(_rows(episode.answer, shown.sources)), shown, "")


def _why(episode: Episode) -> str:
    if episode.ended == "failed":
        return f"It could not be answered: {episode.error}"
    if episode.ended == "nonsense":
        return "The question seems to make no sense."
    if episode.ended == "controversial":
        return "This question is not answered here."
    return NOTHING_FOUND


def _rows(answer: Answer, sources: tuple[Source, ...]) -> Iterator[Row]:
    """Yield the sentences of an answer, those that follow and cite the same in one row."""
    shown: set[int] = set()
    for paragraph in filter(str.strip, answer.text.split("\n")):
        runs: list[tuple[list[str], tuple[int, ...]]] = []
        for claim in claims_of(Answer(answer.question, paragraph, answer.quotes)):
            if not runs or runs[-1][1] != claim.cited:
                runs.append(([], claim.cited))
            runs[-1][0].append(claim.text)
        for place, (texts, numbers) in enumerate(runs):
            new = [number for number in numbers if number not in shown]
            shown.update(new)
            beside = tuple(sources[number - 1] for number in new)
            yield Row(" ".join(filter(None, texts)), numbers, beside, place == 0)
