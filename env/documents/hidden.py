"""What of a page its readers do not see, as far as the elements themselves tell.

Text that hides is a usual place for orders to a machine that reads along. Style sheets are not
read: what only they hide is taken for visible. Knows attributes and trees, not how text looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from env.documents.elements import SKIPPED
from env.documents.tree import drop

if TYPE_CHECKING:
    from lxml.etree import _Element

Attributes = Mapping[str, str]

_NONE = r"(?:0|0?\.0\d*)%?"
"""A share that is nothing, or less than a tenth."""
_HIDING = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|content-visibility:hidden"
    r"|font-size:(?:0(?![.\d])|0?\.0|0?\.\d+(?=px|pt)|1(?=px|pt))|font:0[/p]"
    r"|(?:left|right|top|bottom|text-indent|margin(?:-left|-top)?):-"
    r"(?:999|\d{4,}|\d{3,}(?:r?em|v[wh]|%))"
    r"|transform:[^;]*(?:scale[xy]?\(0[,)]|translate(?:[xy]|3d)?\(-(?:999|\d{4,}))"
    r"|clip:rect\([01](?:px)?,?[01]|clip-path:(?:inset\((?:50|100)%|circle\(0|polygon\(0)"
)
_FADED = re.compile(rf"(?:^|;)opacity:{_NONE}(?:[;!]|$)|opacity\({_NONE}\)")
_NO_ROOM = re.compile(r"(?:^|;)(?:max-)?(?:height|width):[01](?:px|em)?(?:[;!]|$)")
_CUT_OFF = re.compile(r"overflow(?:-[xy])?:(?:hidden|clip)")
_COLOUR = re.compile(r"(?:^|;)color:([^;!]+)")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
_CLEAR = re.compile(
    rf"transparent|(?:rgb|hsl)a?\((?:(?:[^,)]*,){{3}}|[^)]*/){_NONE}\)|#(?:...0|.{{6}}00)"
)
_SHORT = re.compile(r"#([0-9a-f])([0-9a-f])([0-9a-f])")
_RGB = re.compile(r"rgba?\((\d{1,3}),(\d{1,3}),(\d{1,3})(?:,(?:1|1\.0*|100%))?\)")
_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_NAMES = {"white": "#ffffff", "black": "#000000", "snow": "#fffafa", "red": "#ff0000",
          "yellow": "#ffff00", "blue": "#0000ff", "green": "#008000", "lime": "#00ff00",
          "gray": "#808080", "grey": "#808080", "silver": "#c0c0c0"}  # fmt: skip
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
    style = _plain(style)
    colour, background = _COLOUR.search(style), _BACKGROUND.search(style)
    return _Style(
        _hides(style, colour[1] if colour else ""),
        bool(_FADED.search(style)),
        _uniform(colour[1]) if colour else "",
        _uniform(background[1]) if background else "",
    )


def _hides(style: str, colour: str) -> bool:
    if _HIDING.search(style):
        return True
    if _NO_ROOM.search(style) and _CUT_OFF.search(style):
        return True
    # Clipped to the text, a background is what shows.
    return bool(_CLEAR.fullmatch(colour)) and "background-clip:text" not in style


def _uniform(colour: str) -> str:
    """Return a colour as #rrggbb where it can be told, or as it is."""
    colour = _NAMES.get(colour, colour)
    if short := _SHORT.fullmatch(colour):
        return "#" + "".join(2 * digit for digit in short.groups())
    if rgb := _RGB.fullmatch(colour):
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in rgb.groups())
    return colour


def _plain(style: str) -> str:
    """Return a style in lower case, without spaces, comments and escapes."""
    style = style.lower()
    if "/*" in style:
        style = _COMMENT.sub("", style)
    if "\\" in style:
        style = _ESCAPE.sub(_character, style)
    return "".join(style.split())


def _character(escape: re.Match[str]) -> str:
    code = int(escape[1], 16)
    return chr(code) if code <= 0x10FFFF else ""
