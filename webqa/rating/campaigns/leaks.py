"""Answers that tell who wrote them, so that a comparison of them is not blind.

By a list of names and of what programs say of themselves. A name that the question or a quote has,
too, is what the answer is about and tells nothing. Knows no campaign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from env.records import Answer
from reward.pairs import Pair
from webqa.rating.records import Which

_MODELS = (
    r"ChatGPT|\w*GPT-?\d[\w.]*|InstructGPT|WebGPT|DeepSeek|Qwen[\d.]*|Mixtral|Vicuna|LLaMA"
    r"|(?:Claude|Llama|Mistral|Gemma|Grok|PaLM|Phi)[ -]?\d[\w.]*|Gemini[ -]\d\.\d"
    r"|Claude (?:Opus|Sonnet|Haiku|Instant)|Gemini (?:Pro|Ultra|Flash)|Mistral (?:Large|Small)"
)
_MAKERS = r"OpenAI|Anthropic|(?:Google )?DeepMind|Mistral AI|Meta AI|EleutherAI|Hugging Face|xAI"
_NAMED = re.compile(rf"\b(?:{_MODELS}|{_MAKERS})\b")
_ITSELF = re.compile(
    r"\b(?:as|i am|i['’]m|being) (?:just |only |merely )?an? "
    r"(?:(?:large )?language model|ai\b|artificial intelligence|chat ?bot|virtual assistant)"
    r"|\bi was (?:trained|developed|created|programmed) (?:by|on|to)\b"
    r"|\bmy (?:training data|training|knowledge cut-?off|programming)\b"
    r"|\b(?:as of )?my last (?:training|knowledge) update\b",
    re.IGNORECASE,
)


class Leak(NamedTuple):
    """A place of an answer that tells where it comes from."""

    pair: str
    """Its id."""
    answer: Which
    text: str
    """What was found."""


def leaks_of(pair: Pair) -> Iterator[Leak]:
    """Yield what tells the origin of one of two answers, the first place of each."""
    sides: tuple[tuple[Which, Answer], ...] = (("first", pair.first), ("second", pair.second))
    for which, answer in sides:
        if found := leak_in(answer):
            yield Leak(pair.id, which, found)


def leak_in(answer: Answer) -> str:
    """Return what in an answer tells its origin, or nothing."""
    if said := _ITSELF.search(answer.text):
        return said[0]
    about = "\n".join((answer.question, *(quote.text for quote in answer.quotes))).casefold()
    named = (found[0] for found in _NAMED.finditer(answer.text))
    return next((name for name in named if name.casefold() not in about), "")
