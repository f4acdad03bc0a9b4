"""The report of a training: its curves and figures as one self-contained HTML page, no script.

Made from the lines of metrics.jsonl, whatever their names: a name such as `validation/quote/loss`
says which curves belong into one chart. Knows no model and no training.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from policies.checkpoints import flat

TEMPLATE = "report.html"
STYLE = "report.css"
WIDTH, HEIGHT = 640, 240
"""Of a chart's drawing area, in its own units."""
LEAST, MOST = 1e-12, 1e12
"""Sizes of values that are drawn: what is smaller is 0, what is larger a fault."""
NEAR = 0.8
"""Share of the highest value above which all values are near it."""
OF_KINDS = (
    "By kind of command",
    "On held-out questions, with the weights that were kept.",
)
COLOURS = 8
"""Colours that the style sheet has; further curves begin again with the first."""

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


@dataclass(frozen=True, slots=True)
class _Curve:
    label: str
    colour: int
    points: str
    """As SVG wants them."""
    last: str


@dataclass(frozen=True, slots=True)
class _Mark:
    place: float
    label: str


@dataclass(frozen=True, slots=True)
class _Drawing:
    title: str
    note: str
    curves: tuple[_Curve, ...]
    across: tuple[_Mark, ...]
    up: tuple[_Mark, ...]
    by: str


def render_report(
    title: str,
    lines: Sequence[Line],
    charts: Iterable[Chart],
    facts: Mapping[str, str],
    settings: Mapping[str, object],
    table: Sequence[Sequence[str]] = (),
    *,
    more: Sequence[Table] = (),
) -> str:
    """Return the page.

    Args:
        title: what was trained.
        lines: of metrics.jsonl, each with `step`, or what the charts are drawn by.
        charts: in their order; one without any value is left out.
        facts: the few figures that matter, by name.
        settings: all of them, nested or not.
        table: what was measured of each kind of command, the first row its head.
        more: other tables.
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
        drawings=[drawn for chart in charts if (drawn := _draw(chart, lines))],
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


def _draw(chart: Chart, lines: Sequence[Line]) -> _Drawing | None:
    found = [(label, _values(lines, name, chart.by)) for name, label in chart.curves]
    found = [(label, values) for label, values in found if values]
    if not found:
        return None
    low, high = _range([value for _, values in found for _, value in values])
    last = max(step for _, values in found for step, _ in values) or 1.0
    curves = tuple(
        _Curve(
            label,
            number % COLOURS,
            " ".join(
                f"{WIDTH * step / last:.1f},{HEIGHT * (high - value) / (high - low):.1f}"
                for step, value in values
            ),
            shown(values[-1][1]),
        )
        for number, (label, values) in enumerate(found)
    )
    across = tuple(_Mark(WIDTH * mark / last, shown(mark)) for mark in _marks(0, last))
    up = tuple(
        _Mark(HEIGHT * (high - mark) / (high - low), shown(mark)) for mark in _marks(low, high)
    )
    return _Drawing(chart.title, chart.note, curves, across, up, chart.by)


def _values(lines: Sequence[Line], name: str, by: str) -> list[tuple[float, float]]:
    """Return the places and values of a metric; what is no number that can be drawn is left out."""
    return [
        (float(line[by]), value if abs(value) > LEAST else 0.0)
        for line in lines
        if by in line
        and isinstance(line.get(name), int | float)
        and abs(value := float(line[name])) < MOST
    ]


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return the lowest and the highest place of a chart, with all values in it.

    0 is in it, too, unless the values are all near the highest: they would be a flat line.
    """
    least, most = min(values), max(values)
    if NEAR * most < least < most:
        return least - (most - least) / 10, most
    low, high = min(0.0, least), max(0.0, most)
    return (low, high) if high > low else (0.0, 1.0)


def _marks(low: float, high: float) -> list[float]:
    """Return round numbers within a range, about four."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    first = math.ceil(low / step)
    return [step * number for number in range(first, math.floor(high / step + 1e-9) + 1)]


def shown(value: float) -> str:
    """Return a number with three digits that matter, without an exponent where it can be read."""
    if value == 0 or 0.001 <= abs(value) < 1e6:
        text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        return text if "e" not in text else f"{value:,.0f}"
    return f"{value:.2e}"
