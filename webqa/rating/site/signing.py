"""Who is signed in, by the cookie of a browser; accepting an invitation; signing out.

An invitation is a link to a page with a button: what only looks at a link uses nothing up.
"""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from webqa.rating.errors import NotSaved, Refused
from webqa.rating.site.endpoints import Services, Visitor, go_to, services, text_of, visitor
from webqa.rating.site.templating import render
from webqa.rating.store import people, sessions
from webqa.rating.store.sessions import Lifetime
from webqa.rating.store.tables import Person
from webqa.serving.guard import Application, Receive, Scope, Send

OUTSIDE = "outside-"
"""Before the names of a payment platform's parameters in the form."""


class People:
    """Puts who is signed in into the state of each request, as `person`."""

    def __init__(self, application: Application, made_with: Services) -> None:
        self._application = application
        self._services = made_with
        self._local: Visitor | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            found = None
            if not scope["path"].startswith("/static/"):
                try:
                    found = await run_in_threadpool(self._find, Request(scope))
                except Refused as error:
                    scope.setdefault("state", {})["trouble"] = error
            scope.setdefault("state", {})["person"] = found
        await self._application(scope, receive, send)

    def _find(self, request: Request) -> Visitor | None:
        store, now = self._services.store, self._services.now()
        if not self._services.config.accounts:
            if self._local is None:
                self._local = _visitor(store.write(lambda one: people.local_person(one, now)))
            return self._local
        token = request.cookies.get(cookie_name(self._services), "")
        if not token:
            return None
        secret, lasting = self._services.secret, lasting_of(self._services)
        with store.reading() as session:
            found = sessions.find_person(session, secret, token, now, lasting)
        if found and found.stale:
            # Nobody is kept from looking at a page because this cannot be written down.
            with suppress(NotSaved):
                store.write(lambda one: sessions.note_visit(one, secret, token, now))
        return _visitor(found.person) if found else None


def _visitor(person: Person) -> Visitor:
    return Visitor(person.id, person.name, person.role)  # type: ignore[arg-type]  # records.Role


def lasting_of(made_with: Services) -> Lifetime:
    """Return how long people stay signed in."""
    return Lifetime(made_with.config.session_days, made_with.config.session_idle_days)


def cookie_name(made_with: Services) -> str:
    """Return the name of the cookie; with HTTPS one that no other site can set."""
    return "__Host-webqa" if made_with.config.https else "webqa"


def invitation(request: Request) -> Response:
    """Show an invitation with the button that accepts it."""
    use, token = services(request), request.path_params["token"]
    with use.store.reading() as session:
        found = people.is_open(session, use.secret, token, use.now())
        again = found.person_id if found else None
        name = session.get_one(Person, again).name if again else ""
    outside = list(request.query_params.items())[: people.OUTSIDE_FIELDS]
    return render(
        request,
        "join.html",
        status=200 if found else 403,
        token=token if found else "",
        name=name,
        outside=[(OUTSIDE + key, value) for key, value in outside],
        sentence="" if found else people.NO_INVITE,
        typed="",
    )


def join(request: Request, form: FormData) -> Response:
    """Accept an invitation: the browser is signed in from then on."""
    use, now = services(request), services(request).now()
    token, name = text_of(form, "token"), text_of(form, "name")
    names = [key for key in form if key.startswith(OUTSIDE)][: people.OUTSIDE_FIELDS]
    outside = {key.removeprefix(OUTSIDE): text_of(form, key) for key in names}
    before = request.cookies.get(cookie_name(use), "")

    def work(session: Session) -> str:
        person = people.accept(session, use.secret, token, name, now, outside=outside)
        if before:
            sessions.end_session(session, use.secret, before, now)
        return sessions.begin_session(session, use.secret, person.id, now, lasting_of(use))

    try:
        made = use.store.write(work)
    except Refused as error:
        return render(
            request,
            "join.html",
            status=error.status,
            token=token if error.status in (409, 422) else "",
            name="",
            outside=[(OUTSIDE + key, value) for key, value in outside.items()],
            sentence=str(error),
            typed=name,
        )
    reply = go_to(request, "/")
    reply.set_cookie(
        cookie_name(use),
        made,
        max_age=round(use.config.session_days * 86400),
        secure=use.config.https,
        httponly=True,
        samesite="lax",
    )
    return reply


def sign_out(request: Request, form: FormData) -> Response:
    """Sign out here, or in every browser."""
    use, now, person = services(request), services(request).now(), visitor(request)
    token = request.cookies.get(cookie_name(use), "")

    def work(session: Session) -> None:
        if text_of(form, "everywhere"):
            sessions.end_sessions(session, person.id, now)
        else:
            sessions.end_session(session, use.secret, token, now)

    use.store.write(work)
    reply = go_to(request, "/")
    reply.delete_cookie(cookie_name(use), secure=use.config.https, httponly=True, samesite="lax")
    return reply
