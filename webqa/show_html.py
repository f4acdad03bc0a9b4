"""A recorded episode as one self-contained HTML page, without any script.

Everything from pages and policies is escaped by the template engine, and the page's own security
policy lets a browser load and run nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files

from env.answers import NOTHING_FOUND
from env.records import Episode, Page
from webqa.replay import replay

TEMPLATE = "episode.html"
STYLE = "episode.css"


def render_html(episode: Episode, pages: Mapping[str, Page]) -> str:
    """Return the page that shows an episode step by step."""
    from jinja2 import Environment, StrictUndefined

    folder = files("webqa") / "templates"
    style = (folder / STYLE).read_text(encoding="utf-8")
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((folder / TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        replay=replay(episode, pages),
        episode=episode,
        questions=episode.question.text.split("\n\n"),  # a follow-up stands behind earlier ones
        nothing_found=NOTHING_FOUND,
        style=style,
        style_hash=f"sha256-{digest}",
    )
