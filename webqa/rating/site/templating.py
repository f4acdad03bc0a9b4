"""Pages from templates: what comes from people, pages and policies is escaped.

Knows no database.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from webqa.rating.campaigns.guiding import Guideline, as_html

STATIC = Path(__file__).parent / "static"


def render(
    request: Request, template: str, /, *, status: int = 200, **context: object
) -> HTMLResponse:
    """Return the page that a template makes.

    Besides the context, a template finds `person` (who is signed in, or None), `accounts`
    (whether people sign in at all), `path` (of the request) and `asset` (address of a static
    file).
    """
    found = {
        "person": getattr(request.state, "person", None),
        "accounts": request.app.state.services.config.accounts,
        "path": request.url.path,
    }
    text = templates().get_template(template).render(found | context)
    return HTMLResponse(text, status)


@cache
def templates() -> Environment:
    """Return the environment of all templates; a name that is not given fails at once."""
    environment = Environment(
        loader=PackageLoader("webqa.rating.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset
    environment.filters |= {"exact": exact, "sentence": sentence, "prose": prose}
    return environment


def asset(name: str) -> str:
    """Return the address of a static file."""
    return f"/static/{name}"


def exact(text: str) -> Markup:
    """Escape a text so that a browser holds it character for character, as offsets need it.

    A browser reads a carriage return in a page as a line end, and leaves out a zero.
    """
    kept = str(escape(text)).replace("\r", "&#13;").replace("\0", "&#65533;")
    return Markup(kept)


def sentence(text: str) -> str:
    """Return what a fault or a refusal says as a sentence of its own.

    >>> sentence("the disk is full")
    'The disk is full.'
    """
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def prose(guideline: Guideline) -> Markup:
    """Return instructions to be shown as they are: ours, and markup in them is text."""
    return Markup(as_html(guideline))
