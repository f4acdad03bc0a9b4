"""What of a page its readers do not see, as far as the elements themselves tell.

Text that hides is a usual place for orders to a machine that reads along. Style sheets are not
read: what only they hide is taken for visible. Knows attributes and trees, not how text looks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from env.documents.elements import SKIPPED
from env.documents.tree import drop

if TYPE_CHECKING:
    from lxml.etree import _Element

Attributes = Mapping[str, str]

_NUMBER = re.compile(r"([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)(%|[a-z]*)")
_PIXELS = {"px": 1, "pt": 4 / 3, "pc": 16, "in": 96, "cm": 37.8, "mm": 3.78, "q": 0.945,
           "em": 16, "rem": 16, "ex": 8, "ch": 8}  # fmt: skip
_CALCULATED = re.compile(r"(?<![\w-])(?:-[a-z]+-)?(?:calc|min|max)?\(\s*([^\s(),;]+)\s*\)")
_CALL = re.compile(r"(?<![\w-])([a-z]+[xyd3]*)\(([^()]*)\)")
_COLOUR = re.compile(r"#[0-9a-f]+|(?<![\w-])[a-z]+\([^()]*\)")
_GRADIENT = re.compile(r"gradient\(([^()]*)\)")
_DIRECTION = re.compile(r"\s*(?:to |at |from |in |circle|ellipse|closest|farthest|[-+.\d])")
_PREFIX = re.compile(r"^-[a-z]+-")
_BETWEEN = re.compile(r"[\s,/]+")
_SHORT = re.compile(r"#([0-9a-f])([0-9a-f])([0-9a-f])")
_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_NAMES = {"white": "#ffffff", "black": "#000000", "snow": "#fffafa", "red": "#ff0000",
          "yellow": "#ffff00", "blue": "#0000ff", "green": "#008000", "lime": "#00ff00",
          "gray": "#808080", "grey": "#808080", "silver": "#c0c0c0"}  # fmt: skip
_MODELS = {"rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch"}
_WORDS = {("display", "none"), ("visibility", "hidden"), ("visibility", "collapse"),
          ("content-visibility", "hidden")}  # fmt: skip
_TEXT_COLOURS = {"color", "text-fill-color"}
_ROOM = {"height", "max-height", "block-size", "max-block-size",
         "width", "max-width", "inline-size", "max-inline-size"}  # fmt: skip
_SIDEWAYS = {"left", "right", "margin-left", "margin-inline-start", "inset-inline-start",
             "text-indent"}  # fmt: skip
_EDGES = {"left", "right", "top", "bottom"}
_PLACES = _SIDEWAYS | _EDGES | {"margin-top", "margin", "inset"}
_FAINT = 0.1
"""Less of the opacity or the size than this shows nothing to read."""
_TINY = 1.6
"""Pixels: letters or boxes below this cannot be read."""
_AWAY, _NEAR, _FAR, _BEYOND = -999, -500, 5000, 2000
"""Pixels out of sight: from any place, from the corner a position counts from, to the right (where
carousels keep slides), and past the end of a screen."""
_NEVER_SHOWN = SKIPPED | {"dialog"}
_LONGEST_STYLE = 4000
_PART_THAT_FADES = 0.5


def remove_hidden(root: _Element) -> None:
    """Take out what a reader of the page would not see, keeping the text that follows it."""
    hidden: list[_Element] = []
    faded: list[_Element] = []
    for element in [one for one in root.iter() if _may_hide(one.tag, one.attrib)]:
        attributes = dict(element.attrib)
        if is_hidden(element.tag, attributes) or _melts_in(element, attributes):
            hidden.append(element)
        elif is_faded(attributes):
            faded.append(element)
    _drop_all(hidden, root)
    # Scripts fade whole articles in; what was never meant to be seen is the smaller part.
    if faded and _length(faded) < _PART_THAT_FADES * _length([root]):
        _drop_all(faded, root)


def _may_hide(tag: str, attributes: Attributes) -> bool:
    """Sort out nearly all elements quickly."""
    if tag in _NEVER_SHOWN:
        return True
    return bool(attributes) and (
        "style" in attributes
        or "hidden" in attributes
        or "aria-hidden" in attributes
        or "color" in attributes
    )


def _drop_all(elements: Iterable[_Element], root: _Element) -> None:
    for element in elements:
        if element is not root:
            drop(element)


def _length(elements: Iterable[_Element]) -> int:
    return sum(len(text.strip()) for element in elements for text in element.itertext())


def is_hidden(tag: str, attributes: Attributes) -> bool:
    """Tell whether an element is never text of the page or hidden by its own attributes."""
    if tag in SKIPPED:
        return True
    if not attributes:
        return tag == "dialog"
    if "hidden" in attributes or attributes.get("aria-hidden", "").lower() == "true":
        return True
    if tag == "dialog" and "open" not in attributes:
        return True
    return _style(attributes).hides


def is_faded(attributes: Attributes) -> bool:
    """Tell whether an element cannot be seen until a script fades it in, if one does."""
    return _style(attributes).fades


def _melts_in(element: _Element, attributes: Attributes) -> bool:
    """Tell whether text has the colour of what is behind it, where both are told inline."""
    colour = _style(attributes).colour or _uniform(attributes.get("color", "").lower())
    if not colour:
        return False
    behind: _Element | None = element
    while behind is not None:
        given = behind.attrib
        if background := _style(given).background or _uniform(given.get("bgcolor", "").lower()):
            return background == colour
        behind = behind.getparent()
    return False


class _Style(NamedTuple):
    """What an inline style says that matters here; colours as `_uniform` writes them."""

    hides: bool = False
    fades: bool = False
    colour: str = ""
    background: str = ""


_NO_STYLE = _Style()


def _style(attributes: Attributes) -> _Style:
    style = attributes.get("style")
    return _read(style[:_LONGEST_STYLE]) if style else _NO_STYLE


@lru_cache(1000)
def _read(style: str) -> _Style:
    """Read a style; those of one page are mostly the same few."""
    told = _declarations(_plain(style))
    last = dict(told)
    return _Style(
        _hides(told),
        any(_is_fading(name, value) for name, value in told),
        _uniform(last.get("text-fill-color") or last.get("color", "")),
        _uniform(last.get("background-color") or last.get("background", "")),
    )


def _plain(style: str) -> str:
    """Return a style in lower case, without comments, escapes and sums of one number."""
    style = style.lower()
    if "/*" in style:
        style = _COMMENT.sub("", style)
    if "\\" in style:
        style = _ESCAPE.sub(_character, style)
    if "(" in style:
        for _ in range(3):
            style = _CALCULATED.sub(r"\1", style)
    return style


def _character(escape: re.Match[str]) -> str:
    code = int(escape[1], 16)
    return chr(code) if code <= 0x10FFFF else ""


def _declarations(style: str) -> list[tuple[str, str]]:
    """Return names, without a maker's prefix, and values."""
    split = [declaration.partition(":") for declaration in style.split(";")]
    return [
        (_PREFIX.sub("", name.strip()), value.partition("!")[0].strip()) for name, _, value in split
    ]


def _measure(text: str, share: float = 10, bare: float = 1) -> float:
    """Return about how many pixels a length is; NaN, which no limit passes, if it is none.

    `share` is what one hundredth of the space around (%, vw) stands for, `bare` what a number
    without a unit does.
    """
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        return math.nan
    return float(found[1]) * (_PIXELS.get(found[2], share) if found[2] else bare)


def _calls(value: str) -> list[tuple[str, list[str]]]:
    """Return the functions of a value with what they are given."""
    return [(name, _BETWEEN.split(given.strip())) for name, given in _CALL.findall(value)]


def _hides(told: list[tuple[str, str]]) -> bool:
    """Tell whether any declaration hides: of two of a property the later may be a broken one."""
    if any(one in _WORDS or (one[0] in _CHECKS and _CHECKS[one[0]](one[1])) for one in told):
        return True
    position = dict(told).get("position", "")
    away = any(name in _PLACES and _is_away(name, value, position) for name, value in told)
    if away or (_cuts_off(told) and _leaves_nothing(told)):
        return True
    # Clipped to the text, a background is what shows.
    return ("background-clip", "text") not in told and any(
        name in _TEXT_COLOURS and _is_clear(value) for name, value in told
    )


def _is_away(name: str, value: str, position: str) -> bool:
    parts = value.split()
    if name in ("margin", "inset"):  # the top and, of four, the left
        return any(_measure(part) <= _AWAY for part in (parts[:1] + parts[3:4]))
    shift = _measure(value)
    if shift <= _AWAY or (name in _SIDEWAYS and shift >= _FAR):
        return True
    if position == "fixed" and name in _EDGES and _measure(value, share=20) >= _BEYOND:
        return True
    return position in ("absolute", "fixed") and name in ("left", "top") and shift <= _NEAR


def _cuts_off(told: list[tuple[str, str]]) -> bool:
    return any(
        name in ("overflow", "overflow-x", "overflow-y") and ("hidden" in value or "clip" in value)
        for name, value in told
    )


def _leaves_nothing(told: list[tuple[str, str]]) -> bool:
    """Tell whether no text is left where what overflows is cut off."""
    high = _measure(dict(told).get("height", "")) > _TINY
    return any(
        (name in _ROOM and _measure(value) < _TINY)
        or (name == "line-height" and not high and _is_small(value))
        or (name == "text-indent" and _measure(value) >= -_AWAY)
        for name, value in told
    )


def _is_small(value: str) -> bool:
    """Tell whether letters, or lines, are next to nothing; a `font` tells lines after the slash."""
    return any(
        _measure(part, 0.16 if "%" in part else 10, 16) < _TINY
        for part in value.partition("/")[0].split()
    )


def _is_shrunk(value: str) -> bool:
    return any(abs(_measure(part, 0.01)) < _FAINT for part in value.split()[:2])


def _is_moved(value: str) -> bool:
    """Tell whether `translate` moves far; a hundred percent, an element's own size, is not."""
    shifts = [_measure(part, 1 if "%" in part else 10) for part in value.split()[:2]]
    return any(shift <= _AWAY or shift >= _FAR for shift in shifts)


def _is_transformed(value: str) -> bool:
    return any(
        (name.startswith("scale") and name != "scalez" and _is_shrunk(" ".join(given)))
        or (name.startswith("translate") and name != "translatez" and _is_moved(" ".join(given)))
        for name, given in _calls(value)
    )


def _is_clipped(value: str) -> bool:
    """Tell whether the shape that text is clipped to holds next to nothing."""
    for name, given in _calls(value):
        sizes = [_measure(part) for part in given]
        if name == "rect" and len(given) == 4:
            far = [math.inf if part == "auto" else _measure(part) for part in given[1:3]]
            near = [0 if part == "auto" else _measure(part) for part in (given[3], given[0])]
            return any(end - start < _TINY for start, end in zip(near, far, strict=True))
        if name == "inset":
            return _is_inset(sizes)
        if name == "polygon":
            return _area([size for size in sizes if not math.isnan(size)]) < _TINY
        if name in ("circle", "ellipse"):
            return any(size < _TINY for size in sizes[: 1 + (name == "ellipse")])
    return False


def _is_inset(sizes: list[float]) -> bool:
    """Tell whether opposite sides meet; those not told are as those across, as in a margin."""
    sides = list(takewhile(lambda side: not math.isnan(side), sizes))
    sides += sides[:1] if len(sides) == 1 else []
    return any(sum((sides + sides[-2:])[one:4:2]) >= -_AWAY for one in (0, 1))


def _area(sizes: list[float]) -> float:
    """Return the area of a polygon, told as x, y, x, y."""
    points = list(zip(sizes[::2], sizes[1::2], strict=False))
    pairs = zip(points, points[1:] + points[:1], strict=True)
    return abs(sum(a * d - b * c for (a, b), (c, d) in pairs)) / 2


def _is_masked(value: str) -> bool:
    """Tell whether a mask is a gradient between transparent and transparent."""
    plain = _COLOUR.sub(lambda one: "transparent" if _is_clear(one[0]) else one[0], value)
    for given in _GRADIENT.findall(plain):
        stops = [stop.strip() for stop in given.split(",") if not _DIRECTION.match(stop)]
        if stops and all(stop.startswith("transparent") for stop in stops):
            return True
    return False


def _is_fading(name: str, value: str) -> bool:
    if name == "opacity":
        return _measure(value, 0.01) < _FAINT
    return name == "filter" and any(
        call == "opacity" and _measure(given[0], 0.01) < _FAINT for call, given in _calls(value)
    )


def _is_clear(colour: str) -> bool:
    if colour.startswith("#"):
        return (len(colour) == 5 and colour[4] == "0") or (len(colour) == 9 and colour[7] == "0")
    return colour == "transparent" or any(
        name in _MODELS and len(given) > 3 and _measure(given[3], 0.01) < _FAINT
        for name, given in _calls(colour)
    )


def _uniform(colour: str) -> str:
    """Return a colour as #rrggbb where it can be told, or as it is."""
    colour = _NAMES.get(colour, colour)
    if short := _SHORT.fullmatch(colour):
        return "#" + "".join(2 * digit for digit in short.groups())
    for name, given in _calls(colour):
        parts = [_measure(part, 2.55) for part in given[:3]]
        solid = len(given) == 3 or (len(given) == 4 and _measure(given[3], 0.01) >= 1)
        if name in ("rgb", "rgba") and solid and all(part >= 0 for part in parts):
            return "#" + "".join(f"{round(min(part, 255)):02x}" for part in parts)
    return colour


_CHECKS: dict[str, Callable[[str], bool]] = {
    "font-size": _is_small, "font": _is_small, "zoom": _is_shrunk, "scale": _is_shrunk,
    "translate": _is_moved, "transform": _is_transformed, "clip": _is_clipped,
    "clip-path": _is_clipped, "mask": _is_masked, "mask-image": _is_masked,
}  # fmt: skip
