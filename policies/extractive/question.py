"""A question, analysed: its telling words, what kind of answer it wants, what to search for."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

from policies.extractive.words import (
    STOP,
    compared,
    plain,
    stem,
    stems,
    synonyms,
    weight,
    words,
)

Kind = Literal["person", "place", "time", "number", "reason", "manner", "thing"]

_WHAT = r"\b(?:what|which)(?:'s)?\s+(?:\w+\s+){0,2}?"
_PATTERNS: tuple[tuple[Kind, str], ...] = (
    (
        "time",
        r"^when\b|\bwhen (?:did|was|were|is|do|does|will)\b|\bhow long ago\b|"
        rf"{_WHAT}(?:year|date|day|month|century|decade|time period|era)\b",
    ),
    (
        "number",
        r"\bhow (?!do|does|did|is|are|was|were|can|could|will|would|should|has|have|had|to|come|"
        r"the|a|an|i|you|we|they|it|he|she|well|and|about)\w+\b|"
        rf"{_WHAT}(?:number|percent(?:age)?|population|temperature|speed|height|length|distance|"
        r"area|weight|mass|age|size|depth|boiling point|melting point)\b",
    ),
    (
        "reason",
        r"\bwhy\b|\bhow come\b|"
        r"\bwhat (?:causes?|caused|makes?|made|is the reason|was the reason)\b",
    ),
    (
        "person",
        rf"\bwho(?:se|m)?\b|{_WHAT}(?:person|man|woman|actor|actress|king|queen|president|author|"
        r"writer|poet|singer|composer|artist|painter|scientist|leader|explorer|emperor|pope|"
        r"monarch|prime minister|inventor|philosopher|general|character|god|goddess|saint|ruler|"
        r"player|architect|dictator)\b",
    ),
    (
        "place",
        rf"\bwhere\b|{_WHAT}(?:country|city|town|state|place|river|continent|island|capital|"
        r"county|ocean|sea|lake|mountain|region|province|nation|planet|village|desert|location|"
        r"countries|states|cities)\b",
    ),
    ("manner", r"^how\b|\bhow (?:do|does|did|is|are|was|were|can)\b"),
)
_OTHERWISE: Kind = "thing"
_KINDS = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)


FEW = 3
"""Telling words below which a question leans on those before it."""
LONGEST_QUERY = 1000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a question before anything is read."""

    text: str
    query: str
    """What to search for first."""
    kind: Kind
    weights: dict[str, float]
    """The telling stems of the question and how much each tells."""
    order: tuple[str, ...]
    """The telling stems in the question's order."""
    words: tuple[str, ...]
    """The telling words as they stand."""
    stems: frozenset[str]
    """Every stem of the question, stop words included."""
    focus: str
    """The stem of the word behind `what` or `which`; empty if there is none that tells."""

    @property
    def total(self) -> float:
        """The sum of the weights."""
        return sum(self.weights.values()) or 1.0


def analyse(question: str) -> Asked:
    """Analyse a question. Of several paragraphs the last asks and the earlier ones are context.

    The context counts, by half, where the question itself tells too little: "And when?".
    """
    *context, text = [part for part in question.split("\n\n") if part.strip()] or [""]
    query, weights, telling = text, _weigh(text), _telling(text)
    if context and len(weights) < FEW:
        before = " ".join(context)
        weights = {one: value / 2 for one, value in _weigh(before).items()} | weights
        telling = [*telling, *_telling(before)]
        query = f"{text} {' '.join(_telling(before))}"
    lowered = text.lower().replace("’", "'")
    kind = next((kind for kind, pattern in _KINDS if pattern.search(lowered)), _OTHERWISE)
    return Asked(
        text=text,
        query=query[:LONGEST_QUERY],
        kind=kind,
        weights=weights,
        order=tuple(weights),
        words=tuple(telling),
        stems=frozenset(stems(text)),
        focus=_focus(lowered),
    )


def _telling(text: str) -> list[str]:
    return [word for word in words(text) if plain(word) not in STOP]


_FOCUS = re.compile(r"\b(?:what|which)(?:'s)?\s+(\w+)")


def _focus(question: str) -> str:
    """Return the stem of the word behind `what` or `which`: of `what kind of`, kind."""
    found = _FOCUS.search(question)
    return stem(plain(found[1])) if found and found[1] not in STOP else ""


def _weigh(text: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for word in compared(text):
        lowered = plain(word)
        if lowered in STOP:
            continue
        value = weight(lowered) * (1.0 if word.islower() else 1.15)
        stemmed = stem(lowered)
        weights[stemmed] = max(weights.get(stemmed, 0.0), value)
    return weights or dict.fromkeys(stems(text), 1.0)


def other_query(asked: Asked, known: Container[str]) -> str:
    """Return a query for a second try: for words not met so far, others of the same meaning."""
    others = [other for one in asked.weights if one not in known for other in synonyms(one)]
    return " ".join([*asked.words, *others])[:LONGEST_QUERY] or asked.query
