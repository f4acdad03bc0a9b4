"""What every endpoint of the rating page has at hand. Knows no page and no rule of the queue.

Endpoints are plain functions that work with the database in a thread; `posted` reads the form for
them before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from webqa.rating.config import ServeConfig
from webqa.rating.errors import NotAllowed, SignInNeeded, Unfit, Unknown
from webqa.rating.records import Role
from webqa.rating.store.database import Store
from webqa.rating.store.tables import Campaign

FIELDS = 4000
"""Fields of a form that are read, at the most: an answer of a thousand claims has fewer."""

FORM = "application/x-www-form-urlencoded"
NOT_A_FORM = 415
Word = TypeVar("Word", bound=str)


@dataclass(frozen=True, slots=True)
class Services:
    """What an application was made with."""

    store: Store
    config: ServeConfig
    secret: bytes
    now: Callable[[], datetime]
    lets_browse: bool = False
    """Whether people can answer questions here themselves, which needs a web."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in."""

    id: int
    name: str
    role: Role

    @property
    def reviews(self) -> bool:
        """Whether this person may see what others said."""
        return self.role != "rater"

    @property
    def administers(self) -> bool:
        """Whether this person may invite others, and is told what to do on the server."""
        return self.role == "admin"


def services(request: Request) -> Services:
    """Return what the application was made with."""
    found: Services = request.app.state.services
    return found


def visitor(request: Request) -> Visitor:
    """Return who is signed in.

    Raises:
        SignInNeeded: nobody is.
        NotSaved: the database does not tell.
    """
    found: Visitor | None = request.state.person
    if trouble := getattr(request.state, "trouble", None):
        raise trouble
    if found is None:
        raise SignInNeeded("nobody is signed in here: open the link of your invitation")
    return found


def reviewer(request: Request) -> Visitor:
    """Return who is signed in, if that person may see what others said.

    Raises:
        SignInNeeded: nobody is.
        NotAllowed: it is a rater.
    """
    found = visitor(request)
    if not found.reviews:
        raise NotAllowed("this page is for reviewers")
    return found


def find_campaign(session: Session, number: int) -> Campaign:
    """Return a campaign by its number.

    Raises:
        Unknown: there is none.
    """
    if (found := session.get(Campaign, number)) is None:
        raise Unknown("there is no such campaign")
    return found


def posted(
    work: Callable[[Request, FormData], Response],
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that reads the form and then works in a thread."""

    async def endpoint(request: Request) -> Response:
        async with form_of(request) as form:
            return await run_in_threadpool(work, request, form)

    return endpoint


@asynccontextmanager
async def form_of(request: Request) -> AsyncIterator[FormData]:
    """Read a form, as browsers send those of our pages.

    Parts with a character set of the sender's choice are not read: some decoders of Python take
    minutes for a megabyte, in which nobody else would be answered.

    Raises:
        HTTPException: it is of another kind, or has too many fields.
    """
    kind = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
    if kind != FORM:
        raise HTTPException(NOT_A_FORM, f"forms are sent as {FORM}")
    async with request.form(max_files=0, max_fields=FIELDS) as form:
        yield form


def text_of(form: FormData, name: str) -> str:
    """Return a field of a form, with line ends as we write them; empty where it is missing."""
    value = form.get(name, "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def count_of(form: FormData, name: str) -> int:
    """Return a count in a form, such as a version or milliseconds; 0 where it holds none."""
    text = text_of(form, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def one_of(value: str, known: tuple[Word, ...], name: str) -> Word:
    """Return the word of a scale that a form says.

    Raises:
        Unfit: it is none of them.
    """
    for one in known:
        if one == value:
            return one
    raise Unfit(f"{name} is one of {', '.join(known)}, not {value[:20]!r}")


def wants_json(request: Request) -> bool:
    """Tell whether the page's script asks, which goes on by itself."""
    return "application/json" in request.headers.get("accept", "")


def go_to(request: Request, address: str) -> Response:
    """Send the browser on after a post."""
    if wants_json(request):
        return JSONResponse({"location": address})
    return RedirectResponse(address, 303)
