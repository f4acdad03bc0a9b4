"""The critic that is a language model: asks for faults as lines of JSON, and checks each.

A fault counts only where its span stands in the answer, and what it points at in the quote that it
names. Anything else that the model writes is dropped and counted. Knows no page and no person.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from env.errors import ConfigError
from env.records import Answer
from env.text import SearchForm, Span
from policies.models.base import ModelError, Prompt, Request, TextModel
from policies.models.lines import take_answer
from policies.prompts import critique_prompt, one_line
from reward.critiques import Critic, Critique, CritiqueKind, RuleCritic, gravest

VERSION = "1"
"""Raised when the prompt or the reading of replies changes."""
RULES = "rules"
LONGEST = 300
"""Characters of what is said of a fault."""
NONE = "none"
"""What a model writes that finds no fault."""


@dataclass(frozen=True, slots=True)
class CriticConfig:
    """How a model is asked for critiques."""

    tokens: int = 1024
    """Of all critiques of one answer, at the most."""
    seconds: float = 120.0
    """For one answer; a reply that takes longer is none."""
    concurrency: int = 8
    """Answers criticised at the same time."""


DEFAULT = CriticConfig()


class _Fault(msgspec.Struct):
    """A fault as the model writes it."""

    span: str
    kind: CritiqueKind
    text: str
    quote: int = 0
    quote_span: str = ""
    gravity: float = 0.5


class ModelCritic:
    """Criticises by what a language model says."""

    def __init__(self, model: TextModel, config: CriticConfig = DEFAULT) -> None:
        self.counts: Counter[str] = Counter()
        """How many critiques were `taken`, and dropped: `form` (no such line), `span` (it does not
        stand in the answer), `quote` (there is no such quote, or it does not say that); and answers
        without critiques because the model was `late` or `failed`."""
        self._model = model
        self._config = config
        self._room = asyncio.Semaphore(config.concurrency)

    @property
    def name(self) -> str:
        """The critic's version and the model's name."""
        return f"critic-{VERSION}:{self._model.name}"

    @property
    def dropped(self) -> int:
        """How many critiques were written and could not be believed."""
        return sum(self.counts[reason] for reason in ("form", "span", "quote"))

    async def criticise(self, answers: Sequence[Answer]) -> list[tuple[Critique, ...]]:
        """Return the critiques of each answer, in order; those of one answer the gravest first.

        Raises:
            ModelError: the model cannot be reached at all.
        """
        await self._model.start()
        return list(await asyncio.gather(*map(self._one, answers)))

    async def _one(self, answer: Answer) -> tuple[Critique, ...]:
        if not answer.text.strip():
            return ()
        async with self._room:
            try:
                async with asyncio.timeout(self._config.seconds):
                    written = await self._write(critique_prompt(answer, self._model.chat))
            except TimeoutError:
                self.counts["late"] += 1
                return ()
            except ModelError:
                self.counts["failed"] += 1
                return ()
        return self.read(written, answer)

    async def _write(self, prompt: Prompt) -> str:
        tokens = self._config.tokens
        if self._model.count(prompt) + tokens > self._model.context:
            raise ModelError(
                f"the answer and its quotes leave {self._model.name} no room for {tokens} tokens "
                "of critiques: use a model with a longer context"
            )
        request = Request(prompt, temperature=0.0, max_tokens=tokens, line=False)
        return (await self._model.complete(request))[0].text

    def read(self, written: str, answer: Answer) -> tuple[Critique, ...]:
        """Return the critiques in what a model wrote; each line that is none is counted."""
        found: dict[Critique, None] = {}
        for line in take_answer(written).splitlines():
            line = line.strip().rstrip(",")
            if not line or line.lower().strip(".") == NONE or line in "[]":
                continue
            if (critique := self._critique(line, answer)) is not None:
                found[critique] = None
        self.counts["taken"] += len(found)
        return gravest(found)

    def _critique(self, line: str, answer: Answer) -> Critique | None:
        try:
            fault = msgspec.json.decode(line, type=_Fault)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            self.counts["form"] += 1
            return None
        if not (math.isfinite(fault.gravity) and 0 <= fault.gravity <= 1 and fault.text.strip()):
            self.counts["form"] += 1
            return None
        span = _place(fault.span, answer.text)
        if span is None:
            self.counts["span"] += 1
            return None
        there = Span(0, 0)
        if fault.quote or fault.quote_span:
            found = _in_quote(fault, answer)
            if found is None:
                self.counts["quote"] += 1
                return None
            there = found
        text = one_line(fault.text)[:LONGEST]
        return Critique(*span, fault.kind, text, fault.quote, *there, fault.gravity, self.name)


def _place(wanted: str, text: str) -> Span | None:
    """Return where a span stands in a text, however it was typed; None: nowhere."""
    return SearchForm(text).find(wanted) if wanted.strip() else None


def _in_quote(fault: _Fault, answer: Answer) -> Span | None:
    """Return what a fault points at in its quote; None where that is not there."""
    if not 1 <= fault.quote <= len(answer.quotes):
        return None
    if not fault.quote_span.strip():
        return Span(0, 0)
    return _place(fault.quote_span, answer.quotes[fault.quote - 1].text)


class OpenedCritic(NamedTuple):
    """A critic, how it is let go, and how many of its critiques were dropped so far."""

    critic: Critic
    close: Callable[[], Coroutine[None, None, None]]
    dropped: Callable[[], int]


def open_critic(named: str, config: CriticConfig = DEFAULT) -> OpenedCritic:
    """Open a critic.

    Args:
        named: rules, or a language model: a folder or a name on the hub; behind a server NAME@URL,
            such as `small@http://127.0.0.1:8000/v1`, with its key in OPENAI_API_KEY.
        config: how a model is asked.

    Raises:
        ConfigError: nothing is named, or the address makes no sense.
        ModelError: the model cannot be loaded.
    """
    if named == RULES:
        return OpenedCritic(RuleCritic(), _nothing, lambda: 0)
    name, served, address = named.partition("@http")
    if not name:
        raise ConfigError(f"a critic is rules, NAME@URL or a folder, not {named!r}")
    if served:
        from policies.models.endpoint.config import EndpointConfig
        from policies.models.endpoint.model import EndpointModel

        asked = EndpointConfig(seconds=config.seconds)
        remote = EndpointModel(name, served[1:] + address, asked)
        critic = ModelCritic(remote, config)
        return OpenedCritic(critic, remote.aclose, lambda: critic.dropped)
    from policies.models.local.loading import load

    model = load(name)
    critic = ModelCritic(model, config)
    return OpenedCritic(critic, model.aclose, lambda: critic.dropped)


async def _nothing() -> None:
    pass
