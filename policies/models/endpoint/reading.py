"""Completions out of a server's reply. Nothing in it is trusted: types, numbers, counts, length.

Knows the OpenAI shapes of chat and completions, and the token ids that vLLM adds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from policies.models.endpoint.faults import Fault

_MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request; None where the server does not tell."""

    prompt: int | None = None
    cached: int = 0
    completion: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One completion as the server wrote it."""

    text: str
    finish: str = ""
    """`stop`, `length`, `content_filter` and so on; empty where it does not tell."""
    refusal: str = ""
    token_ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    """As many as token ids, or none."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a reply holds: at least one choice."""

    choices: tuple[Choice, ...]
    usage: Usage


def read_reply(body: bytes, most: int) -> Read:
    """Read a reply of chat or completions.

    Args:
        body: of the reply.
        most: characters of a completion; what is longer is cut.

    Raises:
        Fault: it is none; says what was found instead.
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Fault(f"expected a completion in JSON, found {_kind_of(body)}") from None
    if not isinstance(document, dict):
        raise Fault(f"expected a completion, found a JSON {type(document).__name__}")
    choices = document.get("choices")
    if not isinstance(choices, list):
        raise Fault("expected a completion with choices, found JSON without them")
    if not choices:
        raise Fault("the server sent a completion without a choice")
    return Read(tuple(_choice(choice, most) for choice in choices), _usage(document.get("usage")))


def _kind_of(body: bytes) -> str:
    start = body.lstrip()[:1]
    if not start:
        return "nothing"
    if body.lstrip()[:5] == b"data:":
        return "a stream, though none was asked for"
    return {b"<": "a web page", b"{": "JSON that breaks off or is broken"}.get(
        start, "something else"
    )


def _choice(choice: object, most: int) -> Choice:
    if not isinstance(choice, dict):
        raise Fault(f"expected a choice, found a JSON {type(choice).__name__}")
    message = choice.get("message")
    finish = choice.get("finish_reason")
    refusal = ""
    if isinstance(message, dict):
        text = _content(message.get("content"))
        refusal = message["refusal"] if isinstance(message.get("refusal"), str) else ""
    elif isinstance(choice.get("text"), str):
        text = choice["text"]
    else:
        raise Fault("expected a choice with a message or a text, found neither")
    ids = _token_ids(choice.get("token_ids"))
    return Choice(
        text[:most],
        finish if isinstance(finish, str) else "",
        refusal[:most],
        ids,
        _logprobs(choice.get("logprobs"), len(ids)),
    )


def _content(content: object) -> str:
    """Return a message's content: a text, parts of one, or nothing."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    if content is not None:
        raise Fault(f"expected a message's content, found a JSON {type(content).__name__}")
    return ""


def _token_ids(ids: object) -> tuple[int, ...]:
    if not isinstance(ids, list) or not all(type(token) is int and token >= 0 for token in ids):
        return ()
    return tuple(ids)


def _logprobs(logprobs: object, count: int) -> tuple[float, ...]:
    """Return one for each token, or none at all: that some are missing is no error."""
    if not isinstance(logprobs, dict) or not count:
        return ()
    values = logprobs.get("token_logprobs")
    if isinstance(content := logprobs.get("content"), list):
        values = [part.get("logprob") if isinstance(part, dict) else None for part in content]
    if not isinstance(values, list) or len(values) != count:
        return ()
    if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return ()
    if not all(math.isfinite(value) and value <= 1e-6 for value in values):
        return ()
    return tuple(min(0.0, float(value)) for value in values)


def _usage(usage: object) -> Usage:
    if not isinstance(usage, dict):
        return Usage()
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    prompt = _count(usage.get("prompt_tokens"))
    return Usage(prompt, min(cached or 0, prompt or 0), _count(usage.get("completion_tokens")))


def _count(number: object) -> int | None:
    return number if type(number) is int and 0 <= number < _MOST_TOKENS else None
