"""The rating page as an ASGI application: its routes, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from webqa.rating.config import ServeConfig
from webqa.rating.errors import Refused
from webqa.rating.site import comparing, dashboard, home, inviting, signing
from webqa.rating.site.demonstrating import Demonstrating
from webqa.rating.site.endpoints import Services, posted, wants_json
from webqa.rating.site.security import secured
from webqa.rating.site.templating import STATIC, render
from webqa.rating.store.database import Store
from webqa.serving.guard import Application, allowed_hosts

TITLES = {
    401: "Not signed in",
    403: "Not for you",
    404: "Nothing here",
    405: "Not this way",
    409: "Somebody was faster",
    422: "That does not fit",
    503: "Not saved",
}


def make_application(
    store: Store,
    config: ServeConfig,
    *,
    secret: bytes,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    demonstrating: Demonstrating | None = None,
    extra_routes: Sequence[BaseRoute] = (),
) -> Application:
    """Return the application.

    Args:
        store: where campaigns, people and ratings are.
        config: where it is served, and to whom.
        secret: what cookies and invites are hashed with.
        now: the clock.
        demonstrating: the pages on which people answer questions themselves; None: campaigns of
            that kind are listed as not served here.
        extra_routes: further pages; a path of theirs goes before one of ours.

    Raises:
        ConfigError: it would be open to other machines without saying by which name.
    """
    application = Starlette(
        routes=[*extra_routes, *(demonstrating.routes() if demonstrating else ()), *routes()],
        exception_handlers={
            Refused: _refused,
            HTTPException: _http,
            ClientDisconnect: _gone,
        },
    )
    # It would send people from an address with a slash at its end to one without HTTPS.
    application.router.redirect_slashes = False
    services = Services(store, config, secret, now, lets_browse=demonstrating is not None)
    application.state.services = services
    return secured(
        signing.People(application, services),
        allowed_hosts(config.host, config.served_as),
        body_bytes=config.body_bytes,
        https=config.https,
    )


def routes() -> list[BaseRoute]:
    """Return the routes of the rating page itself."""
    register_url_convertor("row", RowNumber())
    return [
        Route("/", home.home),
        Route("/campaign/{campaign:row}", home.campaign),
        Route("/campaign/{campaign:row}/next", posted(home.following), methods=["POST"]),
        Route("/task/{assignment}", comparing.task),
        Route("/task/{assignment}/draft", posted(comparing.draft), methods=["POST"]),
        Route("/task/{assignment}/submit", posted(comparing.submit), methods=["POST"]),
        Route("/task/{assignment}/skip", posted(comparing.skip), methods=["POST"]),
        Route("/dashboard", dashboard.overview),
        Route("/dashboard/{campaign:row}", dashboard.campaign),
        Route("/item/{item:row}", dashboard.item),
        Route("/item/{item:row}/settle", posted(dashboard.settled), methods=["POST"]),
        Route("/invite", inviting.blank, methods=["GET"]),
        Route("/invite", posted(inviting.invited), methods=["POST"]),
        Route("/join/{token}", signing.invitation),
        Route("/join", posted(signing.join), methods=["POST"]),
        Route("/sign-out", posted(signing.sign_out), methods=["POST"]),
        Mount("/static", Kept(directory=STATIC)),
    ]


class RowNumber(Convertor[int]):
    """Numbers of rows in addresses; a longer one is no number of any row."""

    regex = "[0-9]{1,9}"

    def convert(self, value: str) -> int:
        """Return the number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Return how it is written."""
        return str(value)


class Kept(StaticFiles):
    """Files that a browser keeps, and asks each time whether they are still the same."""

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        """Return a file."""
        reply = await super().get_response(path, scope)
        reply.headers["cache-control"] = "no-cache"
        return reply


def explain(request: Request, status: int, sentence: str) -> Response:
    """Reply with one sentence, to a person or to the page's script."""
    if wants_json(request):
        return JSONResponse({"error": sentence}, status)
    title = TITLES.get(status, "That did not work")
    return render(request, "refused.html", status=status, title=title, sentence=sentence)


def _refused(request: Request, error: Exception) -> Response:
    return explain(request, getattr(error, "status", Refused.status), str(error))


def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it: the browser left while it sent a form


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = "there is no such page" if error.status_code == 404 else error.detail.lower()
    return explain(request, error.status_code, sentence)
