"""What the readers of rows share: how a field is taken out of a row, with a plain complaint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from env.records import Question

Row = Mapping[str, Any]
"""A JSON object, or a line of a table under the names of its columns."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A form in which questions are published."""

    name: str
    """For people: whose form it is."""
    fits: Callable[[Row], bool]
    """Whether a row has it, by its keys and their kinds."""
    read: Callable[[Row], Iterable[Question]]
    """The questions of a row: none, one, or those of a page. One that has no id of its own has an
    empty one. Raises ValueError with what is wrong."""


def text_of(row: Row, key: str) -> str:
    """Return a text that must be there and may not be blank.

    Raises:
        ValueError: it is missing, blank or of another kind.
    """
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f'it needs a text under "{key}"')
    return whole(value.strip())


def name_of(row: Row, key: str) -> str:
    """Return an id: a text or a number.

    Raises:
        ValueError: it is missing, blank or of another kind.
    """
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise ValueError(f'it needs an id under "{key}"')
    return whole(str(value).strip())


def texts_of(row: Row, key: str) -> tuple[str, ...]:
    """Return a list of texts; none where the key is missing or null.

    Raises:
        ValueError: it is no list of texts.
    """
    value = row.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f'"{key}" must be a list of texts')
    return tuple(whole(one) for one in value)


def object_of(row: Row, key: str) -> Row:
    """Return an object.

    Raises:
        ValueError: it is none.
    """
    value = row.get(key)
    if not isinstance(value, dict):
        raise ValueError(f'"{key}" must be an object')
    return value


def objects_of(row: Row, key: str) -> list[Row]:
    """Return a list of objects.

    Raises:
        ValueError: it is none.
    """
    value = row.get(key)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError(f'"{key}" must be a list of objects')
    return value


def columns_of(row: Row, key: str, *names: str) -> Row:
    """Return lists by name: copies of one set on the hub hold them so, or as a list of objects.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(row.get(key), list):
        found = objects_of(row, key)
        return {name: [one.get(name) for one in found] for name in names}
    return object_of(row, key)


def is_columns(value: object) -> bool:
    """Tell whether a value is an object, or a list of objects only."""
    return isinstance(value, dict) or (
        isinstance(value, list) and all(isinstance(one, dict) for one in value)
    )


def known(answers: Iterable[str]) -> tuple[str, ...]:
    """Return the answers of a row that has some, each once, in their order.

    Raises:
        ValueError: there is none: a set with answers that lacks them cannot be measured on.
    """
    found = distinct(answers)
    if not found:
        raise ValueError("its list of answers is empty")
    return found


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts without blank ones, and each once; a full stop makes no difference."""
    found: dict[str, str] = {}
    for text in texts:
        if key := text.strip().rstrip("."):
            found.setdefault(key, text.strip())
    return tuple(found.values())


def whole(text: str) -> str:
    """Return a text that can be written again.

    Raises:
        ValueError: half of a character stands in it.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text in it is no Unicode") from error
    return text
