"""The pages on which a person browses and answers: the text browser, by forms.

Each post is one line of the command language, carried out by the browser that policies use
(webqa.rating.site.browsing) and saved with what the web replied before the next page is shown.
Everything works without JavaScript. Knows neither what a demonstration is used for nor how it is
handed out.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from env.errors import Error
from env.web.base import Web
from webqa.rating.campaigns.guiding import read_guideline
from webqa.rating.errors import Conflict, Refused, Unfit
from webqa.rating.site import unfinished
from webqa.rating.site.browsing import Browsing, Progress, take_up
from webqa.rating.site.commanding import line_of, problem_of
from webqa.rating.site.endpoints import count_of, form_of, go_to, services, text_of, visitor
from webqa.rating.site.home import after
from webqa.rating.site.saying import NOTHING, Said, shown
from webqa.rating.site.templating import render
from webqa.rating.site.unfinished import Saved, Unfinished
from webqa.rating.store import queue
from webqa.run import Settings

Result = TypeVar("Result")
Work = Callable[[Request, FormData], Awaitable[Response]]

HELD = 100
"""Browsers kept in memory; one that was let go is made again from its lines and replies."""
STALE = (
    "this page was older than what you did meanwhile, perhaps in another tab: nothing was done, "
    "and here is how it stands now"
)


class Demonstrating:
    """The pages of demonstrating, over one web."""

    def __init__(self, web: Web, settings: Settings) -> None:
        """Make them.

        Args:
            web: what is browsed, in the event loop that also serves the pages.
            settings: of the run that new demonstrations belong to; its web is this one.
        """
        self._web = web
        self._settings = settings
        self._held: OrderedDict[str, tuple[int, Browsing]] = OrderedDict()

    def routes(self) -> list[BaseRoute]:
        """Return the routes of these pages."""
        posts = {
            "act": self._act,
            "undo": self._undo,
            "answer": self._answer,
            "draft": self._draft,
            "skip": self._skip,
        }
        return [
            Route("/demonstrate/{assignment}", self._page),
            *(
                Route(f"/demonstrate/{{assignment}}/{name}", _posted(work), methods=["POST"])
                for name, work in posts.items()
            ),
        ]

    async def _page(self, request: Request) -> Response:
        opened = await run_in_threadpool(self._open, request)
        if opened.state == "submitted":
            return go_to(request, f"/campaign/{opened.campaign.id}")
        if opened.state == "skipped":
            return render(request, "over.html", status=Conflict.status, turn=opened)
        try:
            browsing = await self._take(request, opened)
        except Conflict as lost:  # it can be skipped, and nothing else
            page, why = "demonstrate_lost.html", str(lost)
            return render(request, page, status=lost.status, opened=opened, sentence=why)
        return self._show(request, opened, browsing)

    async def _act(self, request: Request, form: FormData) -> Response:
        opened, browsing, refusal = await self._begin(request, form)
        if refusal:
            return refusal
        try:
            await browsing.step(line_of(form))
        except Unfit as error:
            typed = text_of(form, "text")
            return self._show(request, opened, browsing, Said(str(error), error.status, typed))
        return await self._saved(request, form, opened, browsing)

    async def _undo(self, request: Request, form: FormData) -> Response:
        opened, browsing, refusal = await self._begin(request, form)
        if refusal:
            return refusal
        browsing.written(text_of(form, "answer") or browsing.progress.answer)
        return await self._saved(request, form, opened, await browsing.without_end())

    async def _answer(self, request: Request, form: FormData) -> Response:
        """Save the answer, show what becomes of it, or submit it."""
        opened = await run_in_threadpool(self._open, request)
        if opened.state == "submitted":
            return await self._again(request, form, opened)
        opened, browsing, refusal = await self._begin(request, form)
        if refusal:
            return refusal
        answer = text_of(form, "answer")
        try:
            browsing.written(answer)
        except Unfit as error:
            return self._show(request, opened, browsing, Said(str(error), error.status, answer))
        said = Said(checked=True)
        if text_of(form, "then") in ("next", "rest"):
            if not (problem := problem_of(browsing, form)):
                return await self._submit(request, form, opened, browsing)
            said = Said(problem, Unfit.status, checked=True)
        opened = await self._save(request, form, opened, browsing)
        return self._show(request, opened, browsing, said)

    async def _draft(self, request: Request, form: FormData) -> Response:
        """Save the answer as it is written, for the page's script."""
        opened, browsing, refusal = await self._begin(request, form)
        if refusal:
            raise Conflict(STALE)
        browsing.written(text_of(form, "answer"))
        saved = await self._save(request, form, opened, browsing)
        self._hold(saved, browsing)
        return JSONResponse({"version": saved.version})

    async def _skip(self, request: Request, form: FormData) -> Response:
        reason = text_of(form, "reason").strip()
        if not reason:
            raise Unfit("say in a word why you skip this question")
        opened = await run_in_threadpool(self._open, request)

        def work(session: Session) -> None:
            assignment = queue.own(session, opened.id, visitor(request))
            queue.skip(session, assignment, reason, _now(request))

        await _written(request, work)
        self._held.pop(opened.id, None)
        return await run_in_threadpool(after, request, form, opened.campaign.id)

    async def _begin(
        self, request: Request, form: FormData
    ) -> tuple[Unfinished, Browsing, Response | None]:
        """Return how a demonstration stands, and what to reply if the form is older than that."""
        opened = await run_in_threadpool(self._open, request)
        if opened.state == "submitted":
            raise Conflict("this demonstration is submitted already")
        browsing = await self._take(request, opened)
        if text_of(form, "version") == str(opened.version):
            return opened, browsing, None
        said = Said(STALE, Conflict.status, text_of(form, "answer") or text_of(form, "text"))
        return opened, browsing, self._show(request, opened, browsing, said)

    def _open(self, request: Request) -> Unfinished:
        with services(request).store.reading() as session:
            name, person = request.path_params["assignment"], visitor(request)
            return unfinished.read_unfinished(session, name, person, self._settings)

    async def _take(self, request: Request, opened: Unfinished) -> Browsing:
        """Return the browser of a demonstration; nobody else has it until it is held again."""
        version, browsing = self._held.pop(opened.id, (-1, None))
        if browsing is not None and version == opened.version:
            return browsing

        def read() -> Progress:
            with services(request).store.reading() as session:
                return unfinished.whole(session, opened.progress)

        return await take_up(opened.question, await run_in_threadpool(read), self._web)

    def _hold(self, opened: Unfinished, browsing: Browsing) -> None:
        self._held[opened.id] = opened.version, browsing
        while len(self._held) > HELD:
            self._held.popitem(last=False)

    async def _saved(
        self, request: Request, form: FormData, opened: Unfinished, browsing: Browsing
    ) -> Response:
        self._hold(await self._save(request, form, opened, browsing), browsing)
        return go_to(request, f"/demonstrate/{opened.id}#now")

    async def _save(
        self, request: Request, form: FormData, opened: Unfinished, browsing: Browsing
    ) -> Unfinished:
        """Save how the browsing stands; return it with the version it has now."""
        active, progress = count_of(form, "active_ms"), browsing.progress

        def work(session: Session) -> Saved:
            return unfinished.save(
                session, opened, visitor(request), progress, active, _now(request)
            )

        saved = await _written(request, work)
        browsing.stored(saved.replies)
        return opened._replace(
            version=saved.version, progress=browsing.progress, active_ms=saved.active_ms
        )

    async def _submit(
        self, request: Request, form: FormData, opened: Unfinished, browsing: Browsing
    ) -> Response:
        rollout = await browsing.rollout(opened.id)
        key, active = text_of(form, "key"), count_of(form, "active_ms")

        def work(session: Session) -> None:
            unfinished.submit(
                session, opened, visitor(request), rollout, key, active, _now(request)
            )

        await _written(request, work)
        return await run_in_threadpool(after, request, form, opened.campaign.id)

    async def _again(self, request: Request, form: FormData, opened: Unfinished) -> Response:
        def work(session: Session) -> None:
            unfinished.submit_again(
                session, opened, visitor(request), text_of(form, "key"), _now(request)
            )

        await _written(request, work)
        return await run_in_threadpool(after, request, form, opened.campaign.id)

    def _show(
        self, request: Request, opened: Unfinished, browsing: Browsing, said: Said = NOTHING
    ) -> Response:
        self._hold(opened, browsing)
        name = "browse" if browsing.seen.commands else "over" if browsing.ended else "answer"
        return render(
            request,
            f"demonstrate_{name}.html",
            status=said.status,
            opened=opened,
            said=said,
            browsing=browsing,
            guideline=read_guideline("demonstrate", "detailed"),
            key=secrets.token_urlsafe(16),
            idle_seconds=services(request).config.idle_seconds,
            **shown(name, browsing, said),
        )


def _posted(work: Work) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        async with form_of(request) as form:
            try:
                return await work(request, form)
            except Refused:
                raise
            except Error as error:  # a cassette that lacks a page, a web that is closed
                raise Conflict(str(error)) from error

    return endpoint


def _now(request: Request) -> datetime:
    return services(request).now()


async def _written(request: Request, work: Callable[[Session], Result]) -> Result:
    return await run_in_threadpool(services(request).store.write, work)
