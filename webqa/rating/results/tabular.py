"""Ratings as a table: CSV for spreadsheets, parquet for everything else. Knows no database.

What stands in a cell of a CSV file is never taken for a formula: such a text gets an apostrophe.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from env.errors import ConfigError
from env.records import Answer
from webqa.rating.results.lines import AXIS_NAMES, RatingLine

if TYPE_CHECKING:
    import pyarrow

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet would work out."""
BATCH = 1_000
"""Rows of a parquet file that are in memory at once."""
COLUMNS = (
    "campaign", "pair", "question_id", "question", "dataset", "first", "second", "first_episode",
    "second_episode", "overall", *AXIS_NAMES, "flags", "note", "rater", "profile", "guideline",
    "created", "swapped", "assisted", "complete", "expected", "settled", "active_ms", "wall_ms",
    "revision",
)  # fmt: skip
"""Of both; parquet has quotes, marks, trusted, verdicts, flawed and sound as well."""


def flat(line: RatingLine) -> dict[str, Any]:
    """Return a rating as one level of columns."""
    pair, judgement = line.pair, line.judgement
    return {
        "campaign": line.campaign,
        "pair": pair.id,
        "question_id": pair.question,
        "question": pair.first.question,
        "dataset": pair.dataset,
        "first": pair.first.text,
        "second": pair.second.text,
        "first_episode": pair.first_episode,
        "second_episode": pair.second_episode,
        "overall": judgement.overall,
        **{name: judgement.axes.get(name) for name in AXIS_NAMES},
        "flags": list(judgement.flags),
        "note": judgement.note,
        "rater": line.rater,
        "profile": line.profile,
        "guideline": line.guideline,
        "created": line.created,
        "swapped": line.swapped,
        "assisted": line.assisted,
        "complete": line.complete,
        "expected": line.expected,
        "settled": line.settled,
        "active_ms": line.active_ms,
        "wall_ms": line.wall_ms,
        "revision": line.revision,
    }


def write_csv(file: TextIO, lines: Iterable[RatingLine]) -> int:
    """Write ratings with a line of headings, and return how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for line in lines:
        count += 1
        row = flat(line) | {"flags": " ".join(line.judgement.flags)}
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return count


def write_parquet(path: Path, lines: Iterable[RatingLine]) -> int:
    """Write ratings as a parquet file, and return how many.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigError(
            "this needs pyarrow: pip install -c constraints.txt -e '.[parquet]'"
        ) from error
    schema, count = _schema(arrow), 0
    with parquet.ParquetWriter(path, schema) as writer:
        for batch in _batches(lines):
            count += len(batch)
            rows = [flat(line) | _nested(line) for line in batch]
            writer.write_table(arrow.Table.from_pylist(rows, schema))
    return count


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        text = value.replace("\x00", "")
        return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
    return value


def _batches(lines: Iterable[RatingLine]) -> Iterator[Sequence[RatingLine]]:
    left = iter(lines)
    while batch := list(islice(left, BATCH)):
        yield batch


def _nested(line: RatingLine) -> dict[str, Any]:
    judgement = line.judgement
    return {
        "first_quotes": _quotes(line.pair.first),
        "second_quotes": _quotes(line.pair.second),
        "marks": [asdict(one) for one in judgement.marks],
        "trusted": [asdict(one) for one in judgement.trusted],
        "verdicts": [asdict(one) for one in judgement.verdicts],
        "flawed": list(judgement.flawed),
        "sound": list(judgement.sound),
    }


def _quotes(answer: Answer) -> list[dict[str, Any]]:
    return [asdict(quote) for quote in answer.quotes]


def _schema(arrow: Any) -> pyarrow.Schema:  # noqa: ANN401 - the module, imported only here
    text, whole, yes = arrow.string(), arrow.int64(), arrow.bool_()
    step = arrow.int8()
    of = {
        **dict.fromkeys(COLUMNS, text),
        **dict.fromkeys(("overall", "expected", *AXIS_NAMES), step),
        **dict.fromkeys(("swapped", "assisted", "complete", "settled"), yes),
        **dict.fromkeys(("active_ms", "wall_ms", "revision"), whole),
        "flags": arrow.list_(text),
    }
    quote = arrow.struct(
        [(name, text) for name in ("text", "title", "domain", "url")]
        + [("start", whole), ("end", whole), ("page_sha256", text), ("retrieved_at", text)]
    )
    mark = arrow.struct([
        ("answer", text), ("start", whole), ("end", whole), ("support", text),
        ("relevance", text), ("citation_error", yes),
    ])  # fmt: skip
    trusted = arrow.struct([("answer", text), ("quote", whole), ("trust", text)])
    verdict = arrow.struct(
        [("answer", text), ("critique", whole), ("valid", yes), ("gravity", text)]
    )
    of |= {
        "first_quotes": arrow.list_(quote),
        "second_quotes": arrow.list_(quote),
        "marks": arrow.list_(mark),
        "trusted": arrow.list_(trusted),
        "verdicts": arrow.list_(verdict),
        "flawed": arrow.list_(text),
        "sound": arrow.list_(text),
    }
    return arrow.schema(list(of.items()))
