"""Reads files of comparisons of any known form, each row recognised by its shape.

JSON lines or one JSON list, plain or gzip. A row that cannot be used is skipped and counted with
its place and the reason; a file that cannot be read at all is an error.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import msgspec

from env.errors import ConfigError, RecordError
from env.records import to_json
from env.sanitise import sanitise
from reward.comparisons import Comparison, is_torn
from reward.formats import fine_grained, trl, webgpt
from reward.formats.rows import FileRead, Format, Loaded, Taken, Unusable

FORMS: tuple[Format, ...] = ("webqa", "webgpt", "hugging-face", "fine-grained", "trl")
_PASSED_OVER = frozenset(("tokens", "tokens_0", "tokens_1", "feedback", "gold"))
_CLEANED = "rows with characters that must not stand in a prompt, which were replaced"
_Kind = TypeVar("_Kind")


class _Row(NamedTuple):
    place: str
    value: Any
    """What stands there, or why it cannot be read."""


def read(paths: Sequence[Path]) -> Loaded:
    """Read files of comparisons together.

    A comparison that stands in two files is taken once. An empty result is no error here.

    Raises:
        ConfigError: a file cannot be opened, is cut short, or is no text.
    """
    taken, files = Taken(), []
    for path in paths:
        before, skipped = len(taken.comparisons), len(taken.skipped)
        taken.begin_file()
        forms: Counter[str] = Counter()
        rows = 0
        for row in _rows(path):
            rows += 1
            try:
                form = _form(row)
                forms[form] += 1
                _take(row, form, taken)
            except RecordError as error:
                taken.skip(row.place, error)
        new = len(taken.comparisons) - before
        files.append(FileRead(path, rows, new, len(taken.skipped) - skipped, dict(forms)))
    return Loaded(taken.comparisons, taken.skipped, files, dict(taken.notes))


def load(paths: Sequence[Path]) -> Loaded:
    """Read files of comparisons that are needed: as `read`, but there must be one.

    Raises:
        ConfigError: as `read` does, or no file holds a usable comparison.
    """
    reading = read(paths)
    if not reading.comparisons:
        named = ", ".join(str(path) for path in paths) or "no file"
        why = (
            f"{reading.skipped[0].place}: {reading.skipped[0].message}"
            if reading.skipped
            else "nothing is in it"
        )
        raise ConfigError(f"no usable comparison in {named}: {why}")
    return reading


def form_of(value: object) -> Format | None:
    """Return the format of a row, or None when it has the shape of none."""
    if isinstance(value, list):
        raw = value and all(isinstance(one, dict) and "answer" in one for one in value)
        return "webgpt" if raw else None
    if not isinstance(value, dict):
        return None
    shapes: tuple[tuple[Format, tuple[str, ...]], ...] = (
        ("webqa", ("first", "second")),
        ("hugging-face", ("answer_0", "answer_1")),
        ("fine-grained", (fine_grained.ANSWERS[0], "preference")),
        ("trl", ("chosen", "rejected")),
    )
    return next((form for form, keys in shapes if all(key in value for key in keys)), None)


def _form(row: _Row) -> Format:
    """Return the format of a row.

    Raises:
        RecordError: it could not be read, or has the shape of none.
    """
    if isinstance(row.value, RecordError):
        raise row.value
    if (form := form_of(row.value)) is None:
        raise Unusable("of no known form", _shape(row.value))
    return form


def _take(row: _Row, form: Format, taken: Taken) -> None:
    """Turn a row into comparisons.

    Raises:
        RecordError: it is none.
    """
    place, value = row
    found: list[Comparison | Unusable]
    if form == "webqa":
        found = [_as(value, Comparison)]
    elif form == "webgpt":
        found = [webgpt.from_raw(_as(value, list[webgpt.RawAnswer]))]
    elif form == "hugging-face":
        found = [webgpt.from_row(_as(value, webgpt.HubRow))]
    elif form == "trl":
        found = [trl.from_row(_as(value, trl.PreferenceRow))]
    else:
        answers = fine_grained.answers_of(value)
        found = list(fine_grained.from_row(_as(value, fine_grained.Row), answers))
    if form != "webqa" and not all(map(_is_clean, _texts(value))):
        taken.notes[_CLEANED] += 1
    for one in found:
        if isinstance(one, Unusable):
            taken.skip(place, one)
        else:
            taken.take(place, one)


def _as(value: object, kind: type[_Kind]) -> _Kind:
    """Check the types of what stands in a row.

    Raises:
        RecordError: a field is missing, of another type, or no Unicode.
    """
    try:
        record = msgspec.convert(value, kind)
        to_json(record)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RecordError(str(error)) from error
    return record


def _shape(value: object) -> str:
    if isinstance(value, dict):
        return "an object with " + (", ".join(sorted(map(str, value))[:6]) or "nothing in it")
    return f"a JSON {type(value).__name__}"


def _is_clean(text: str) -> bool:
    """Tell whether nothing but white space of a text was changed."""
    text = text.replace(trl.MARK, " ")
    return sanitise(text).split() == text.split()


def _texts(value: object) -> Iterator[str]:
    """Yield all texts in a row, however deep it is."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [inner for name, inner in one.items() if name not in _PASSED_OVER]
        elif isinstance(one, list):
            waiting += one


def _rows(path: Path) -> Iterator[_Row]:
    """Yield the rows of a file: of its one JSON list, or of its lines."""
    try:
        with _opened(path) as file:
            whole = _is_one_value(file)
            if whole:
                value = _decoded(file.read())
                if not isinstance(value, RecordError):
                    yield from _spread(str(path), value)
                    return
            file.seek(0)
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                value = _decoded(line)
                if isinstance(value, RecordError) and is_torn(line) and number > 1:
                    value = Unusable("the file ends within a line")
                yield from _spread(f"{path}, line {number}", value)
    except OSError as error:
        reason = error.strerror or "it is damaged"
        raise ConfigError(f"cannot read {path}: {reason}") from error
    except (EOFError, zlib.error) as error:
        raise ConfigError(f"cannot read {path}: it is cut short or damaged") from error


def _opened(path: Path) -> IO[bytes]:
    """Open a file, unpacking it if it is packed.

    Raises:
        ConfigError: it is of a kind that cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        raise ConfigError(
            f"{path} is Parquet: write it as JSON lines first, with to_json of the library datasets"
        )
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _is_one_value(file: IO[bytes]) -> bool:
    """Tell whether a file is no JSON lines, for its first line is not whole; go back to the start.

    A list that is written on one line is a line with many rows.
    """
    first = next((line for line in file if line.strip()), b"")
    file.seek(0)
    return isinstance(_decoded(first), RecordError)


def _decoded(data: bytes) -> Any:  # noqa: ANN401 - whatever a stranger wrote
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Unusable("it is not UTF-8")
    except (ValueError, RecursionError) as error:
        return Unusable("it is not JSON", str(error))


def _spread(place: str, value: object) -> Iterator[_Row]:
    """Yield the rows of a JSON list one by one, everything else as one row."""
    if isinstance(value, list) and value and form_of(value) is None:
        for number, one in enumerate(value, start=1):
            yield _Row(f"{place}, row {number}", one)
    else:
        yield _Row(place, value)
