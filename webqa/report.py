"""The report of a training: its curves and figures as one self-contained HTML page, no script.

Made from the lines of metrics.jsonl, whatever their names: a name such as `validation/quote/loss`
says which curves belong into one chart. Knows no model and no training.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from policies.checkpoints import flat
from webqa.drawing import HEIGHT, WIDTH, Curve, Figure, Point, draw

TEMPLATE = "report.html"
STYLE = "report.css"
LEAST, MOST = 1e-12, 1e12
"""Sizes of values that are drawn: what is smaller is 0, what is larger a fault."""
OF_KINDS = (
    "By kind of command",
    "On held-out questions, with the weights that were kept.",
)

Line = Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn in one frame: names of metrics, and how they are called in it."""

    title: str
    note: str
    curves: tuple[tuple[str, str], ...]
    """Name of the metric, and its label."""
    by: str = "step"
    """Name of the metric that is drawn across."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures, the first one their head."""

    title: str
    note: str
    rows: Sequence[Sequence[str]]
    words: bool = False
    """Whether it holds texts rather than figures."""


def render_report(
    title: str,
    lines: Sequence[Line],
    charts: Iterable[Chart | Figure],
    facts: Mapping[str, str],
    settings: Mapping[str, object],
    table: Sequence[Sequence[str]] = (),
    *,
    more: Sequence[Table] = (),
    note: str = "",
) -> str:
    """Return the page.

    Args:
        title: what was trained.
        lines: of metrics.jsonl, each with `step`, or what the charts are drawn by.
        charts: in their order, or figures that are whole; one without any value is left out.
        facts: the few figures that matter, by name.
        settings: all of them, nested or not.
        table: what was measured of each kind of command, the first row its head.
        more: other tables.
        note: what a reader must know before all else.
    """
    from jinja2 import Environment, StrictUndefined

    folder = files("webqa") / "templates"
    style = (folder / STYLE).read_text(encoding="utf-8")
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((folder / TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        title=title,
        note=note,
        drawings=[drawn for one in charts if (drawn := draw(_whole(one, lines)))],
        facts=facts,
        settings=sorted(
            (name, "" if value is None else str(value)) for name, value in flat(settings)
        ),
        tables=[*([Table(*OF_KINDS, table)] if table else []), *more],
        width=WIDTH,
        height=HEIGHT,
        style=style,
        style_hash=f"sha256-{digest}",
    )


def training_charts(lines: Sequence[Line]) -> list[Chart]:
    """Return the charts that lines of a cloning have values for."""
    names = sorted({name for line in lines for name in line})

    def of_kinds(what: str) -> tuple[tuple[str, str], ...]:
        ends = (name.split("/") for name in names)
        return tuple(
            ("/".join(parts), parts[1])
            for parts in ends
            if len(parts) == 3 and parts[0] == "validation" and parts[2] == what
        )

    measured = ("validation/loss", "held-out")
    return [
        Chart("Loss", "Nats a token.", (("train/loss", "training"), measured)),
        Chart(
            "Episodes played",
            "Share of held-out questions with an accepted answer in the quotes.",
            (("validation/played", "played"),),
        ),
        Chart("Lines written exactly", "Share of held-out lines.", of_kinds("line_accuracy")),
        Chart("Loss of each kind", "Nats a token, held-out.", of_kinds("loss")),
        Chart("Tokens foretold", "Share of held-out tokens.", of_kinds("token_accuracy")),
        Chart("Learning rate", "", (("train/learning_rate", "rate"),)),
        Chart("Speed", "Tokens read a second.", (("train/tokens_per_second", "tokens"),)),
    ]


def _whole(chart: Chart | Figure, lines: Sequence[Line]) -> Figure:
    return _figure(chart, lines) if isinstance(chart, Chart) else chart


def _figure(chart: Chart, lines: Sequence[Line]) -> Figure:
    """Return a chart with the values that the lines have for it."""
    found = [Curve(label, _values(lines, name, chart.by)) for name, label in chart.curves]
    return Figure(chart.title, chart.note, chart.by, tuple(one for one in found if one.points))


def _values(lines: Sequence[Line], name: str, by: str) -> tuple[Point, ...]:
    """Return the places and values of a metric; what is no number that can be drawn is left out."""
    return tuple(
        Point(float(line[by]), value if abs(value) > LEAST else 0.0)
        for line in lines
        if by in line
        and isinstance(line.get(name), int | float)
        and abs(value := float(line[name])) < MOST
    )
