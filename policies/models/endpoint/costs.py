"""What was drawn from a server and what it cost in tokens, estimated where it does not tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from policies.models.base import Prompt
from policies.models.endpoint.forms import Form
from policies.models.endpoint.reading import Choice, Read, Usage

_FRAME = 32
"""Tokens, about, that a chat template adds."""
_BYTES = 3
"""Bytes of text in a token: fewer than in any common language, so that estimates are high."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens of one completion."""

    prompt: int
    cached: int
    completion: int


@dataclass(frozen=True, slots=True)
class How:
    """How a choice was asked for."""

    form: Form | None
    tokens: int
    """That the model was allowed to write."""
    granted: bool
    """Whether tokens to think were among them."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A choice, how it was asked for, and what it cost."""

    choice: Choice
    how: How
    cost: Cost


def estimate(text: str) -> int:
    """Estimate the tokens of a text: a third of its bytes in UTF-8, rounded up."""
    return math.ceil(len(text.encode(errors="replace")) / _BYTES)


def estimate_prompt(prompt: Prompt) -> int:
    """Estimate the tokens of a prompt in its frame."""
    return estimate(prompt.text) + estimate(prompt.system) + _FRAME


def shares(read: Read, how: How, prompt: Prompt) -> list[Drawn]:
    """Give each choice its share of what a request cost.

    The prompt was read once for all: to the second choice and those after it all of it is cached.
    """
    usage = read.usage
    read_tokens = estimate_prompt(prompt) if usage.prompt is None else usage.prompt
    drawn = []
    for number, choice in enumerate(read.choices):
        cached = read_tokens if number else usage.cached
        cost = Cost(read_tokens, cached, _written(choice, read.choices, usage))
        drawn.append(Drawn(choice, how, cost))
    return drawn


def _written(choice: Choice, choices: Sequence[Choice], usage: Usage) -> int:
    if choice.token_ids:
        return len(choice.token_ids)
    if usage.completion is None:
        return estimate(choice.text)
    return round(usage.completion * (len(choice.text) + 1) / sum(len(c.text) + 1 for c in choices))


def add(first: Cost, second: Cost) -> Cost:
    """Return the tokens of both."""
    return Cost(
        first.prompt + second.prompt,
        first.cached + second.cached,
        first.completion + second.completion,
    )
