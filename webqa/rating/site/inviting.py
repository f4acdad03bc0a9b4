"""The page on which an admin makes links that let people in, one at a time.

A link is in the reply to the form alone: in no address, and in the database only as a hash.
"""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from webqa.rating.errors import NotAllowed, Unfit, Unknown
from webqa.rating.records import Role
from webqa.rating.site.endpoints import Visitor, count_of, one_of, services, text_of, visitor
from webqa.rating.site.templating import render
from webqa.rating.store import people

ROLES: dict[Role, str] = {
    "rater": "works on campaigns",
    "reviewer": "also sees the dashboard and settles disagreements",
    "admin": "also invites people",
}
DAYS = (1, 7, 14, 30)
"""How long a link may be valid."""
USUAL_DAYS = 14


def blank(request: Request) -> Response:
    """Show the form."""
    _admin(request)
    return _page(request, "rater", USUAL_DAYS)


def invited(request: Request, form: FormData) -> Response:
    """Make a link, and show it this once."""
    use, by = services(request), _admin(request)
    role, days = one_of(text_of(form, "role"), tuple(ROLES), "role"), count_of(form, "days")
    if days not in DAYS:
        raise Unfit(f"a link is valid for {', '.join(map(str, DAYS))} days: choose one of these")
    token = use.store.write(
        lambda one: people.invite(one, use.secret, role, use.now(), days=days, by=by.id)
    )
    # The guard has seen that the host is a name of this server.
    scheme = "https" if use.config.https else request.url.scheme
    return _page(request, role, days, f"{scheme}://{request.url.netloc}/join/{token}")


def _admin(request: Request) -> Visitor:
    """Return who is signed in, if that person may invite others."""
    found = visitor(request)
    if not found.administers:
        raise NotAllowed("this page is for admins")
    if not services(request).config.accounts:
        raise Unknown("nobody signs in here: serve with --accounts to let others in")
    return found


def _page(request: Request, role: Role, days: int, link: str = "") -> Response:
    return render(
        request, "invite.html", role=role, days=days, link=link, roles=ROLES, choices=DAYS
    )
