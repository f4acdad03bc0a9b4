"""What a server says in place of a completion, and which field of the request it names.

Servers differ in where they put their words; nothing in them is trusted, and only fields that
were really sent are looked for. Knows no HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import msgspec

_DEPTH = 4
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Words:
    """A server's complaint."""

    text: str = ""
    """As it stands there: not yet clean."""
    named: tuple[str, ...] = ()
    """Fields that it names in a place of their own (`param`, `loc`)."""


def words_of(body: bytes) -> Words:
    """Read the body of an error."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = body[:20_000].decode(errors="replace")
        return Words("a web page" if text.lstrip()[:1] == "<" else text)
    if not isinstance(document, dict):
        return Words(document if isinstance(document, str) else "")
    return Words("; ".join(_texts(document, 0)), tuple(_named(document, 0)))


def _texts(part: object, depth: int) -> Iterator[str]:
    """Yield the sentences of an error: of `message`, `detail`, `error`, `msg`, wherever nested."""
    if isinstance(part, str):
        if part.strip():
            yield part
    elif depth >= _DEPTH:
        return
    elif isinstance(part, dict):
        for name in ("message", "msg", "detail", "error"):
            yield from _texts(part.get(name), depth + 1)
    elif isinstance(part, list):
        for item in part[:_LISTED]:
            yield from _texts(item, depth + 1)


def _named(part: object, depth: int) -> Iterator[str]:
    if depth >= _DEPTH:
        return
    if isinstance(part, dict):
        if isinstance(param := part.get("param"), str):
            yield re.split(r"[.\[]", param)[0]
        if isinstance(place := part.get("loc"), list):
            yield from (item for item in place if isinstance(item, str))
        for name in ("error", "detail"):
            yield from _named(part.get(name), depth + 1)
    elif isinstance(part, list):
        for item in part[:_LISTED]:
            yield from _named(item, depth + 1)


def field_named(words: Words, sent: Collection[str]) -> str | None:
    """Return the field, of those sent, that the words complain of.

    In the text a field counts in quotes, or bare when its name has an underscore: `n` and `stop`
    are words, too.
    """
    for name in words.named:
        if name in sent:
            return name
    for name in sorted(sent, key=lambda name: (-len(name), name)):
        quoted = rf"[\"'`‘’“”]{re.escape(name)}[\"'`‘’“”.\[]"
        bare = rf"(?<![\w.]){re.escape(name)}(?!\w)" if "_" in name else quoted
        if re.search(quoted, words.text) or re.search(bare, words.text):
            return name
    return None


_TOO_LONG = re.compile(
    r"context[ _]?(?:length|size|window)|n_ctx|maximum model length|max_model_len"
    r"|prompt is too long|reduce the length|exceed_context",
    re.IGNORECASE,
)
_SPENT = re.compile(r"insufficient_quota|current quota|billing|credit balance", re.IGNORECASE)
_NO_CHAT = re.compile(r"chat[ _]?template|not a chat model|does not support chat", re.IGNORECASE)


def too_long(words: Words) -> bool:
    """Tell whether the prompt is longer than the model's context."""
    return bool(_TOO_LONG.search(words.text))


def spent(words: Words) -> bool:
    """Tell whether the account has nothing left: waiting does not help."""
    return bool(_SPENT.search(words.text))


def no_chat(words: Words) -> bool:
    """Tell whether the model cannot be sent messages."""
    return bool(_NO_CHAT.search(words.text))
