"""The model that inspect_ai evaluates, as a `TextModel`: our agent then browses with it.

Nothing holds it to what is legal: the command is looked for in what it writes, as behind a server
without a grammar. Knows no task.
"""

from __future__ import annotations

import asyncio

from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    Model,
)

from env.records import Completion
from policies.models.base import Prompt, Request
from policies.models.endpoint.costs import estimate_prompt
from policies.models.lines import take_answer, take_line

CONTEXT = 32_768
"""Tokens of context, where the user does not tell: inspect_ai does not know."""


class InspectModel:
    """A `TextModel` whose completions inspect_ai makes, logs and limits."""

    chat = True

    def __init__(self, model: Model, context: int = CONTEXT) -> None:
        self.name = str(model)
        self.context = context
        self.fault: Exception | None = None
        """The last one: a limit or a provider's error is inspect_ai's to deal with."""
        self._model = model

    async def start(self) -> None:
        """Do nothing: inspect_ai opened the model."""

    def count(self, prompt: Prompt) -> int:
        """Estimate the tokens of a prompt, on the high side."""
        return estimate_prompt(prompt)

    async def complete(self, request: Request) -> list[Completion]:
        """Return `request.samples` completions, without the line's end.

        Raises:
            Exception: whatever inspect_ai or a provider raises; also kept in `fault`.
        """
        works = (self._one(request, request.seed + at) for at in range(request.samples))
        try:
            return list(await asyncio.gather(*works))
        except Exception as fault:
            self.fault = fault
            raise

    async def _one(self, request: Request, seed: int) -> Completion:
        prompt = request.prompt
        messages: list[ChatMessage] = [ChatMessageUser(content=prompt.text)]
        if prompt.system:
            messages.insert(0, ChatMessageSystem(content=prompt.system))
        config = GenerateConfig(
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            seed=seed & 0x7FFFFFFF,
        )
        output = await self._model.generate(messages, config=config)
        usage = output.usage
        take = take_line if request.line else take_answer
        return Completion(
            take(output.completion),
            prompt_tokens=usage.input_tokens if usage else 0,
            completion_tokens=usage.output_tokens if usage else 0,
        )
