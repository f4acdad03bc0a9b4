"""A model behind an OpenAI-compatible server, as a `TextModel`.

What the server can do is found out once, remembered, and corrected by what it refuses. Knows the
shapes of requests and replies; HTTP itself is behind `transport`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

import msgspec

from env.records import Completion
from policies.grammar.legal import VERSION
from policies.models.base import Prompt, Request
from policies.models.endpoint.address import read_addresses, read_key
from policies.models.endpoint.asking import Asker
from policies.models.endpoint.bodies import Asked, Server, Wrong, make_body
from policies.models.endpoint.config import DEFAULT, EndpointConfig, check
from policies.models.endpoint.faults import Fault
from policies.models.endpoint.forms import Form, read_form
from policies.models.endpoint.learning import REFUSALS, Learned, told_context
from policies.models.endpoint.lines import take_answer, take_line, why_not
from policies.models.endpoint.outside import Budget, Outside
from policies.models.endpoint.probing import Known, Prober, refused_key
from policies.models.endpoint.reading import Choice, Read, Usage, read_reply
from policies.models.endpoint.replicas import Replica, Replicas
from policies.models.endpoint.transport import Reply, Transport, make_trust
from policies.models.endpoint.words import no_chat, too_long, words_of

GUESSED_CONTEXT = 8192
"""Tokens, where neither the user nor the server tells."""
_FRAME = 32
"""Tokens, about, that a chat template adds."""
_BYTES = 3
"""Bytes of text in a token: fewer than in any common language, so that estimates are high."""
_MOST_CHANGES = 16
"""Fields and forms that one request may lose before we give up."""
_CHARACTERS = 40
"""Per token that was asked for; a server that writes more does not keep the limit."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A choice, how it was asked for, and what it cost."""

    choice: Choice
    form: Form | None
    usage: Usage


class EndpointModel:
    """A `TextModel` over the network; belongs to one event loop."""

    def __init__(
        self,
        name: str,
        url: str,
        config: EndpointConfig = DEFAULT,
        outside: Outside | None = None,
    ) -> None:
        """Make it; the server is first asked by `start`.

        Args:
            name: of the model, as the server knows it.
            url: of the server, such as `http://localhost:8000/v1`; several of equal servers,
                separated by commas, share the work.
            config: how it is asked.
            outside: clocks, sleep, chance and the environment, for tests.

        Raises:
            ConfigError: a setting, a URL or the key makes no sense.
        """
        check(config)
        self.name = name
        self.context = config.context or GUESSED_CONTEXT
        """Tokens; what the server tells is known after `start`."""
        self._config = config
        self._outside = outside or Outside()
        addresses = read_addresses(url)
        self._where = addresses[0].root
        self._key = read_key(config.key_variable, addresses, self._outside.environment)
        trust = cache(make_trust)
        self._replicas = Replicas(
            [
                Replica(Transport(address, self._key, config, trust), self._outside.clock)
                for address in addresses
            ]
        )
        self._asker = Asker(self._replicas, self._key, config.tries, self._outside)
        self._learned = Learned("openai", config.chat != "no", config.chat == "auto")
        self._models: tuple[str, ...] = ()
        self._starting: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"EndpointModel({self.name!r}, {self._where!r}, {self._key!r})"

    @property
    def chat(self) -> bool:
        """Whether it takes messages; known after `start`, and corrected when it refuses them."""
        return self._learned.chat

    @property
    def kind(self) -> str:
        """What the server is, known after `start`."""
        return self._learned.kind

    def count(self, prompt: Prompt) -> int:
        """Estimate the tokens of a prompt: a third of its bytes in UTF-8, and a frame."""
        return _tokens(prompt.text) + _tokens(prompt.system) + _FRAME

    async def start(self) -> None:
        """Find out what the server is, once; `context` and `chat` are right afterwards.

        Raises:
            ModelError: it cannot be reached, or refuses the key.
        """
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(self._started)
        # Shared by all who wait, whom a cancelled one must not take with it.
        await asyncio.shield(self._starting)

    def _started(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._starting = None  # the next request tries again

    async def _start(self) -> None:
        prober = Prober(self._asker, self._replicas, self._key, self._config, self._outside)
        known: Known = await prober.probe(self.name)
        chat = known.chat if self._config.chat == "auto" else self._config.chat == "yes"
        self._learned = Learned(known.kind, chat, self._config.chat == "auto")
        self._models = known.models
        if not self._config.context:
            self.context = known.context or GUESSED_CONTEXT

    async def complete(self, request: Request) -> list[Completion]:
        """Return `request.samples` completions, without the line's end.

        Raises:
            ModelError: the server cannot be reached, does not take the prompt, lies, or did not
                end in time.
        """
        await self.start()
        request = replace(request, prompt=_encodable(request.prompt))
        budget = self._budget()
        asked = 1 if "n" in self._learned.dropped or not self._many() else request.samples
        read, form = await self._post(request, budget, samples=asked, seed=request.seed)
        drawn = _shares(read, form)[: request.samples]
        if len(read.choices) < asked:
            # The field was taken, and not heeded.
            self._learned.drop("n")
        more = range(len(drawn), request.samples)
        return await _together(
            [
                *(self._settle(request, one, at, budget) for at, one in enumerate(drawn)),
                *(self._another(request, at) for at in more),
            ]
        )

    def _many(self) -> bool:
        """Tell whether one request may ask for several completions."""
        return self._learned.kind in ("vllm", "openai")

    def _budget(self) -> Budget:
        return Budget(self._config.seconds, self._outside.clock)

    async def _another(self, request: Request, at: int) -> Completion:
        budget = self._budget()
        read, form = await self._post(request, budget, samples=1, seed=request.seed + at)
        return await self._settle(request, _shares(read, form)[0], at, budget)

    async def _settle(
        self, request: Request, drawn: _Drawn, at: int, budget: Budget
    ) -> Completion:
        """Make a completion of what was drawn; draw again where it is no command."""
        text, cost = self._text(request, drawn), _cost(request, drawn, self)
        wrong: tuple[Wrong, ...] = ()
        for again in range(1, self._config.corrections + 2):
            silent = not text and drawn.choice.finish == "length"
            why = why_not(text) if request.line and request.legal else None
            if silent:
                self._thinking(drawn)
            elif why is None or again > self._config.corrections or not self._corrects(request):
                break
            elif self.chat:
                wrong = (*wrong, Wrong(text, why))
            seed = request.seed + at + 1000 * again
            read, form = await self._post(request, budget, samples=1, seed=seed, wrong=wrong)
            drawn = _shares(read, form)[0]
            text = self._text(request, drawn)
            cost = _sum(cost, _cost(request, drawn, self))
        return self._completion(request, drawn, text, cost)

    def _corrects(self, request: Request) -> bool:
        """Tell whether asking again can help: the same text at temperature 0 gives the same."""
        return self.chat or request.temperature > 0

    def _thinking(self, drawn: _Drawn) -> None:
        """Grant more tokens to a model that used all to think, once."""
        if self._learned.thinks or not self._config.thinking:
            raise Fault(
                f"{self.name} used all its tokens before it wrote anything: "
                "let it think less, or raise --thinking"
            )
        self._learned.thinks = True

    def _text(self, request: Request, drawn: _Drawn) -> str:
        """Return the line or the answer in what was drawn.

        Raises:
            Fault: the model or its server refused to write any.
        """
        choice = drawn.choice
        if choice.refusal and not choice.text.strip():
            raise Fault(f"{self.name} refused: {self._key.said(choice.refusal)}")
        if choice.finish == "content_filter" and not choice.text.strip():
            raise Fault(f"the server of {self.name} withheld the reply (content_filter)")
        if drawn.form and request.legal:
            text = read_form(drawn.form, choice.text, request.legal)
            if text is not None:
                self._learned.kept(drawn.form)
                return self._key.hide(text)
            if choice.finish != "length":
                self._learned.strike(drawn.form)
        text = take_line(choice.text) if request.line else take_answer(choice.text)
        return self._key.hide(text)

    def _completion(
        self, request: Request, drawn: _Drawn, text: str, cost: Usage
    ) -> Completion:
        if not text and not request.line:
            raise Fault(f"{self.name} wrote nothing")
        choice = drawn.choice
        held = bool(drawn.form and request.legal) and (
            read_form(drawn.form, choice.text, request.legal) is not None  # type: ignore[arg-type]
        )
        whole = choice.text.strip() == text
        return Completion(
            text,
            token_ids=choice.token_ids if whole else (),
            logprobs=choice.logprobs if whole and self._honest(request) else (),
            grammar=VERSION if held else "",
            prompt_tokens=cost.prompt or 0,
            cached_tokens=cost.cached,
            completion_tokens=cost.completion or 0,
        )

    def _honest(self, request: Request) -> bool:
        """Tell whether log-probabilities are of the distribution that was sampled from.

        vLLM's are, by default, of the masked logits before temperature and truncation.
        """
        plain = not {"temperature", "top_p", "top_k", "min_p"} & self._learned.dropped
        return self._learned.kind == "vllm" and request.temperature == 1.0 and plain

    async def _post(
        self,
        request: Request,
        budget: Budget,
        *,
        samples: int,
        seed: int,
        wrong: tuple[Wrong, ...] = (),
    ) -> tuple[Read, Form | None]:
        """Send a request, in other words if need be, until the server takes it."""
        without: set[Form] = set()
        for _ in range(_MOST_CHANGES):
            form = self._learned.form(without) if request.legal else None
            asked = Asked(request, form, samples, seed, self._room(request), wrong)
            learned = self._learned
            server = Server(self.name, learned.kind, learned.chat, learned.dropped)
            body = make_body(asked, server)
            reply = await self._asker.ask(
                "POST",
                "/chat/completions" if server.chat else "/completions",
                msgspec.json.encode(body),
                key=request.key,
                budget=budget,
                final=lambda reply: reply.status in (500, 501) and self._telling(reply),
            )
            if reply.status == 200:
                return self._read(reply, asked), form
            self._adapt(reply, body, form, without, request)
        raise Fault(f"the server refuses each form of the request to {self.name}")

    def _read(self, reply: Reply, asked: Asked) -> Read:
        try:
            return read_reply(reply.body, _CHARACTERS * asked.tokens)
        except Fault as fault:
            raise Fault(f"the server of {self.name} is not to be understood: {fault}") from None

    def _telling(self, reply: Reply) -> bool:
        """Tell whether a server's fault is ours: some send 500 for what they do not support."""
        words = words_of(reply.body)
        return too_long(words) or no_chat(words)

    def _adapt(
        self,
        reply: Reply,
        body: dict[str, object],
        form: Form | None,
        without: set[Form],
        request: Request,
    ) -> None:
        """Learn from a refusal what to do without; raise where there is nothing to learn."""
        if reply.status in (401, 403):
            raise refused_key(reply, self._key)
        if reply.status not in REFUSALS:
            raise self._refused(reply)
        words = words_of(reply.body)
        if too_long(words):
            raise self._too_long(request, reply, told_context(words))
        if "messages" in body and self._learned.no_chat(reply.status, words):
            return
        if reply.status not in (404, 405) and self._learned.refused_field(words, body):
            return
        if form is None or reply.status in (404, 405):
            raise self._refused(reply)
        self._learned.strike(form)
        without.add(form)

    def _too_long(self, request: Request, reply: Reply, told: int) -> Fault:
        if not self._config.context and 256 <= told < self.context:
            self.context = told
        return Fault(
            f"the prompt of about {self.count(request.prompt)} tokens is too long for {self.name}: "
            f"set --context to what the server has, or use --preset small. It says: "
            f"{self._key.said(words_of(reply.body).text)}"
        )

    def _refused(self, reply: Reply) -> Fault:
        said = self._key.said(words_of(reply.body).text)
        if 300 <= reply.status < 400:
            return Fault(
                f"{self._where} sends us elsewhere (status {reply.status}), which is not followed: "
                "give the address of the server itself"
            )
        words = f"{self._where} refused the request (status {reply.status})"
        words += f": {said}" if said else ""
        if reply.status == 404 and self._models and self.name not in self._models:
            offered = ", ".join(self._key.said(name) for name in self._models[:5])
            words += f". Its models: {offered}"
        elif reply.status == 404:
            words += ". Is the model's name right, and does the address end in /v1?"
        return Fault(words)

    def _room(self, request: Request) -> int:
        """Return the tokens that a completion may have, with those that go into thoughts."""
        if not self._learned.thinks:
            return request.max_tokens
        left = self.context - self.count(request.prompt)
        return max(request.max_tokens, min(request.max_tokens + self._config.thinking, left))

    async def aclose(self) -> None:
        """Close all connections."""
        if self._starting is not None:
            self._starting.cancel()
        for replica in self._replicas.all:
            await replica.transport.aclose()


def _tokens(text: str) -> int:
    return math.ceil(len(text.encode(errors="replace")) / _BYTES)


def _encodable(prompt: Prompt) -> Prompt:
    """Replace half surrogate pairs, which no JSON can hold."""
    text, system = (part.encode(errors="replace").decode() for part in (prompt.text, prompt.system))
    return Prompt(text, system)


def _shares(read: Read, form: Form | None) -> list[_Drawn]:
    """Give each choice its share of the tokens; the prompt was read once for all of them."""
    usage, lengths = read.usage, [len(choice.text) + 1 for choice in read.choices]
    drawn = []
    for number, (choice, length) in enumerate(zip(read.choices, lengths, strict=True)):
        completion = len(choice.token_ids) or None
        if completion is None and usage.completion is not None:
            completion = round(usage.completion * length / sum(lengths))
        cached = usage.cached if number == 0 else usage.prompt or 0
        drawn.append(_Drawn(choice, form, Usage(usage.prompt, cached, completion)))
    return drawn


def _cost(request: Request, drawn: _Drawn, model: EndpointModel) -> Usage:
    """Return the tokens of what was drawn, estimated where the server does not tell."""
    usage = drawn.usage
    prompt = model.count(request.prompt) if usage.prompt is None else usage.prompt
    completion = usage.completion
    return Usage(
        prompt,
        usage.cached,
        _tokens(drawn.choice.text) if completion is None else completion,
    )


def _sum(first: Usage, second: Usage) -> Usage:
    return Usage(
        (first.prompt or 0) + (second.prompt or 0),
        first.cached + second.cached,
        (first.completion or 0) + (second.completion or 0),
    )


async def _together(work: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Do it all at once; when one fails the others are cancelled, and none is left behind."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
