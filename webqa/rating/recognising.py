"""What a file of JSON lines seems to be, for whoever gave the wrong one. Reads no record."""

from __future__ import annotations

import msgspec

MADE_BY = {
    "pairs": "`webqa pairs` or `webqa iterate`",
    "tasks": "`webqa trial make`",
    "ratings": "`webqa rate export --form ratings --planted --unsettled` or `webqa trial simulate`",
}
"""What writes the files that commands of rating and of trials take."""
_FIELDS = (
    ("ratings", {"pair", "judgement"}),
    ("tasks", {"pair"}),
    ("comparisons", {"first", "second", "preference"}),
    ("pairs", {"first", "second"}),
    ("episodes", {"question", "policy", "web"}),
    ("pages", {"url", "text"}),
    ("questions", {"question"}),
)
"""Fields by which lines are known; the first that has them all."""


def seems(line: bytes) -> str:
    """Return what a file with such a line seems to hold."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "it is no JSON"
    fields = set(found) if isinstance(found, dict) else set()
    return next(
        (f"it seems to be one of {kind}" for kind, own in _FIELDS if own <= fields),
        "it is of another kind",
    )


def wrong(wanted: str, line: bytes, fault: object) -> str:
    """Return a sentence about a line that could not be read as one of `wanted` (MADE_BY)."""
    if not str(fault).startswith("not a record"):
        return str(fault)
    found = seems(line)
    if found.endswith(f" {wanted}"):
        return f"one of its {wanted} cannot be read ({str(fault).partition(': ')[2]})"
    return f"a file of {wanted} was expected, as {MADE_BY[wanted]} writes it, but {found}"
