"""The pipeline's report: figures, tables and answers as one self-contained HTML page, no script.

Has the looks of webqa's own reports. Knows no stage.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from benchmarks.curves import HEIGHT, WIDTH, Figure, draw

TEMPLATE = Path(__file__).with_name("pipeline.html")
COLOURS = 8
"""Colours that the style sheet has."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a head."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: bool = False
    """Whether it holds texts rather than figures."""


@dataclass(frozen=True, slots=True)
class Read:
    """A question and what each policy answered."""

    question: str
    answers: tuple[tuple[str, str], ...]
    """Name of the policy, and its answer with what it cites."""


def render(
    title: str,
    note: str,
    facts: Mapping[str, str],
    tables: Sequence[Table],
    figures: Sequence[Figure],
    read: Sequence[Read] = (),
) -> str:
    """Return the page; a figure without points is left out."""
    from jinja2 import Environment, StrictUndefined

    style = (files("webqa") / "templates" / "report.css").read_text(encoding="utf-8") + _MORE
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=title,
        note=note,
        facts=facts,
        tables=tables,
        drawings=[drawn for figure in figures if (drawn := draw(figure))],
        read=read,
        width=WIDTH,
        height=HEIGHT,
        style=style,
        style_hash=f"sha256-{digest}",
    )


_MORE = ".band { opacity: .15; }\nfigure + h2 { margin-top: 2.4rem; }\n" + "".join(
    f".b{number} {{ fill: var(--c{number}); }}\n" for number in range(COLOURS)
)
