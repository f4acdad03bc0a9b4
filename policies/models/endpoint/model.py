"""A model behind an OpenAI-compatible server, as a `TextModel`.

What the server can do is found out once, remembered, and corrected by what it refuses. Where
nothing constrains the model, the command is looked for in what it wrote, and it is asked again.
Knows neither HTTP nor the fields of requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple, TypeVar

from env.records import Completion
from policies.grammar.legal import VERSION
from policies.models.base import Prompt, Request
from policies.models.endpoint.address import read_addresses, read_key
from policies.models.endpoint.asking import Asker
from policies.models.endpoint.bodies import Wrong
from policies.models.endpoint.config import DEFAULT, EndpointConfig, check
from policies.models.endpoint.costs import Cost, Drawn, add, estimate_prompt
from policies.models.endpoint.faults import Fault
from policies.models.endpoint.forms import MASKS, read_form
from policies.models.endpoint.learning import Learned
from policies.models.endpoint.outside import Budget, Outside
from policies.models.endpoint.posting import Endpoint, Poster
from policies.models.endpoint.probing import Prober
from policies.models.endpoint.replicas import Replica, Replicas
from policies.models.endpoint.transport import Transport, make_trust
from policies.models.lines import take_answer, take_line, why_not

GUESSED_CONTEXT = 8192
"""Tokens, where neither the user nor the server tells."""
_SEED_STEP = 1000
"""Between the seeds of one completion's tries, so that they stay apart from other samples'."""
Result = TypeVar("Result")


class _Text(NamedTuple):
    text: str
    held: bool
    """Whether the server held the model to a form that was sent."""


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
        self._config = config
        self._outside = outside or Outside()
        addresses = read_addresses(url)
        self._key = read_key(config.key_variable, addresses, self._outside.environment)
        trust = cache(make_trust)
        transports = [Transport(address, self._key, config, trust) for address in addresses]
        clock = self._outside.clock
        self._replicas = Replicas([Replica(transport, clock) for transport in transports])
        self._asker = Asker(self._replicas, self._key, config.tries, self._outside)
        self._endpoint = Endpoint(
            name,
            addresses[0].root,
            config.context or GUESSED_CONTEXT,
            config.context > 0,
            config.thinking,
            Learned("openai", config.chat != "no", config.chat == "auto"),
        )
        self._poster = Poster(self._endpoint, self._asker, self._key)
        self._starting: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"EndpointModel({self.name!r}, {self._endpoint.where!r}, {self._key!r})"

    @property
    def context(self) -> int:
        """Tokens that prompt and completion may have together; a guess before `start`."""
        return self._endpoint.context

    @property
    def chat(self) -> bool:
        """Whether it takes messages; a guess before `start`, corrected when it refuses them."""
        return self._endpoint.learned.chat

    @property
    def kind(self) -> str:
        """What the server is; a guess before `start`."""
        return self._endpoint.learned.kind

    def count(self, prompt: Prompt) -> int:
        """Estimate the tokens of a prompt: a third of its bytes in UTF-8, and a frame."""
        return estimate_prompt(prompt)

    async def start(self) -> None:
        """Find out what the server is, once; `context` and `chat` are right afterwards.

        Raises:
            ModelError: it cannot be reached, or refuses the key.
        """
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(self._started)
        # Shared by all who wait: one who is cancelled must not take it with him.
        await asyncio.shield(self._starting)

    def _started(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._starting = None  # the next request tries again

    async def _start(self) -> None:
        prober = Prober(self._asker, self._replicas, self._key, self._config, self._outside)
        known = await prober.probe(self.name)
        endpoint = self._endpoint
        endpoint.learned.kind = known.kind
        if self._config.chat == "auto":
            endpoint.learned.chat = known.chat
        if not self._config.context and known.context:
            endpoint.context = known.context
        endpoint.models = known.models

    async def complete(self, request: Request) -> list[Completion]:
        """Return `request.samples` completions, without the line's end.

        Raises:
            ModelError: the server cannot be reached, does not take the prompt, lies, or did not
                end in time.
        """
        await self.start()
        request = replace(request, prompt=_encodable(request.prompt))
        learned = self._endpoint.learned
        if request.samples == 1 or not learned.several:
            return await _together([self._one(request, at) for at in range(request.samples)])
        budget = self._budget()
        drawn = await self._poster.post(request, budget, seed=request.seed, samples=request.samples)
        drawn = drawn[: request.samples]
        if len(drawn) < request.samples:
            learned.drop("n")  # taken, and not heeded
        settled = [self._settle(request, one, at, budget.copy()) for at, one in enumerate(drawn)]
        others = [self._one(request, at) for at in range(len(drawn), request.samples)]
        return await _together([*settled, *others])

    def _budget(self) -> Budget:
        return Budget(self._config.seconds, self._outside.clock)

    async def _one(self, request: Request, at: int) -> Completion:
        """Draw the sample with this number by a request of its own."""
        budget = self._budget()
        drawn = await self._poster.post(request, budget, seed=request.seed + at)
        return await self._settle(request, drawn[0], at, budget)

    async def _settle(self, request: Request, drawn: Drawn, at: int, budget: Budget) -> Completion:
        """Make a completion of what was drawn; draw again where it is no command."""
        wrong: tuple[Wrong, ...] = ()
        text, cost = self._text(request, drawn), drawn.cost
        for again in range(1, max(1, self._config.corrections) + 1):
            if not text.text and drawn.choice.finish == "length":
                if drawn.how.granted or not self._config.thinking:
                    break
                self._endpoint.learned.thinks = True
            elif (why := self._why_again(request, text)) is not None:
                wrong = (*wrong, Wrong(text.text, why)) if self.chat else ()
            else:
                break
            seed = request.seed + at + _SEED_STEP * again
            drawn = (await self._poster.post(request, budget, seed=seed, wrong=wrong))[0]
            text, cost = self._text(request, drawn), add(cost, drawn.cost)
        return self._completion(request, drawn, text, cost)

    def _why_again(self, request: Request, text: _Text) -> str | None:
        """Return what is wrong with a command, None if nothing is or asking again is no use."""
        if not (request.line and request.legal and self._config.corrections):
            return None
        # A text that is continued at temperature 0 would be continued by the same.
        return why_not(text.text) if self.chat or request.temperature > 0 else None

    def _text(self, request: Request, drawn: Drawn) -> _Text:
        """Return the line or the answer in what was drawn.

        Raises:
            Fault: the model, or its server, refused to write any.
        """
        choice, learned = drawn.choice, self._endpoint.learned
        if not choice.text.strip():
            if choice.refusal:
                raise Fault(f"{self.name} refused: {self._key.said(choice.refusal)}")
            if choice.finish == "content_filter":
                raise Fault(f"the server of {self.name} withheld the reply (content_filter)")
        if drawn.how.form and request.legal:
            text = read_form(drawn.how.form, choice.text, request.legal)
            if text is not None:
                learned.kept(drawn.how.form)
                return _Text(self._key.hide(text), True)
            if choice.finish != "length":
                learned.strike(drawn.how.form)
        taken = take_line(choice.text) if request.line else take_answer(choice.text)
        return _Text(self._key.hide(taken), False)

    def _completion(self, request: Request, drawn: Drawn, text: _Text, cost: Cost) -> Completion:
        choice = drawn.choice
        if not text.text and choice.finish == "length":
            raise Fault(
                f"{self.name} used all its {drawn.how.tokens} tokens before it wrote anything: "
                "let it think less, or raise --server.thinking"
            )
        if not text.text and not request.line:
            raise Fault(f"{self.name} wrote nothing")
        whole = choice.text.strip() == text.text
        return Completion(
            text.text,
            token_ids=choice.token_ids if whole else (),
            logprobs=choice.logprobs if whole and self._honest(request) else (),
            grammar=VERSION if text.held and drawn.how.form in MASKS else "",
            prompt_tokens=cost.prompt,
            cached_tokens=cost.cached,
            completion_tokens=cost.completion,
        )

    def _honest(self, request: Request) -> bool:
        """Tell whether log-probabilities are of the distribution that was sampled from.

        vLLM's are, by default, of the masked logits before temperature and truncation.
        """
        learned = self._endpoint.learned
        whole = not {"temperature", "top_p", "top_k", "min_p"} & learned.dropped
        return learned.kind == "vllm" and request.temperature == 1.0 and whole

    async def aclose(self) -> None:
        """Close all connections."""
        if self._starting is not None:
            self._starting.cancel()
        for replica in self._replicas.all:
            await replica.transport.aclose()


def _encodable(prompt: Prompt) -> Prompt:
    """Replace half surrogate pairs, which no JSON can hold."""
    text, system = (part.encode(errors="replace").decode() for part in (prompt.text, prompt.system))
    return Prompt(text, system)


async def _together(work: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Do it all at once; when one fails the others are cancelled, and none is left behind."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
