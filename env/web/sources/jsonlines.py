"""JSON lines as items: one object a line, with `url` and `text` or `html`, perhaps a `title`."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from env.web.sources.items import Item, Limits, Skip
from env.web.sources.kinds import HTML, TEXT, open_plain


def read_json_lines(path: Path, limits: Limits) -> Iterator[Item | Skip]:
    """Yield the documents of a file of JSON lines, compressed or not."""
    with cast(BinaryIO, open_plain(path) or path.open("rb")) as file:
        number = 0
        try:
            while line := file.readline(limits.document + 1):
                number += 1
                where = f"{path.name}, line {number}"
                if len(line) > limits.document:
                    yield Skip("too large", where)
                    _pass_line(file, limits.document)
                elif line.strip():
                    yield _item(line, where)
        except (EOFError, OSError, zlib.error) as fault:
            yield Skip("broken compression", f"{path.name}, after line {number}", str(fault))


def _pass_line(file: BinaryIO, limit: int) -> None:
    while (rest := file.readline(limit)) and not rest.endswith(b"\n"):
        pass


def _item(line: bytes, where: str) -> Item | Skip:
    try:
        value: Any = json.loads(line)
    except json.JSONDecodeError as fault:
        # It counts lines within this one, which would mislead.
        return Skip("broken line", where, f"no JSON: {fault.msg} at character {fault.pos}")
    except ValueError as fault:
        return Skip("broken line", where, f"no JSON: {fault}")
    if not isinstance(value, dict) or not _text_of(value, "url"):
        return Skip("broken line", where, "expected an object with a url")
    html, text = _text_of(value, "html"), _text_of(value, "text")
    if not (html or text):
        return Skip("no text", value["url"], "neither text nor html")
    return Item(
        value["url"],
        (html or text).encode(errors="replace"),
        f"{HTML if html else TEXT}; charset=utf-8",
        _text_of(value, "retrieved_at"),
        _text_of(value, "title"),
        where,
    )


def _text_of(value: dict[str, object], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) and found.strip() else ""
