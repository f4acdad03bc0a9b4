"""One completion while it is written: its tokens, its grammar, and when it ends.

Knows no model: it is told which token was drawn.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from env.records import Completion
from policies.grammar.legal import VERSION
from policies.models.base import Request
from policies.models.lines import first_line, take_answer
from policies.models.tokens import Tokens

if TYPE_CHECKING:
    from policies.grammar.masks import Matcher


class Writing:
    """A sample of a request."""

    def __init__(
        self,
        request: Request,
        number: int,
        prompt: Sequence[int],
        room: int,
        tokens: Tokens,
        matcher: Matcher | None,
    ) -> None:
        """Begin the sample `number`, which may have `room` tokens behind its prompt."""
        self.temperature = request.temperature
        self.key = request.key
        self.matcher = matcher
        self.ids = list(prompt)
        """The prompt and what is written so far."""
        self.prompt = len(prompt)
        self.cached = 0
        """Tokens of the prompt that were taken from another sequence's memory."""
        self.done = False
        self._line = request.line
        self._limit = len(prompt) + room
        self._left = request.max_tokens
        self._tokens = tokens
        self._logprobs: list[float] = []
        self._draw = random.Random(f"{request.seed}/{number}")
        self._force()

    def draw(self) -> float:
        """Return the number that the next token is drawn with."""
        return self._draw.random()

    def take(self, token: int, logprob: float) -> None:
        """Go on by a token that was drawn, and by those that are forced then.

        Raises:
            ModelError: the grammar does not allow the token.
        """
        self._append(token, logprob)
        self._left -= 1
        if self.matcher is not None:
            self.matcher.consume(token)
            self._force()
        elif token in self._tokens.ends or (self._tokens.breaks(token) and self._has_line()):
            self.done = True
        # What is forced costs next to nothing: a line is not cut off within it.
        self.done = self.done or self._left <= 0

    def completion(self) -> Completion:
        """Return what was written."""
        written, text = self.ids[self.prompt :], self._text()
        if self.matcher is None:
            text = first_line(text) if self._line else take_answer(text)
        elif not self.matcher.complete:
            # Cut off within a character; what is left of a quote can still be found.
            text = text.rstrip("\ufffd")
        return Completion(
            text,
            tuple(written),
            tuple(self._logprobs),
            grammar=VERSION if self.matcher is not None else "",
            prompt_tokens=self.prompt,
            cached_tokens=self.cached,
            completion_tokens=len(written),
        )

    def _text(self) -> str:
        written = self.ids[self.prompt :]
        ended = bool(written) and written[-1] in self._tokens.ends
        return self._tokens.decode(written[:-1] if ended else written)

    def _has_line(self) -> bool:
        """Tell whether the line is whole that was asked for: thoughts and fences are none."""
        return self._line and bool(first_line(self._text().rpartition("\n")[0]))

    def _append(self, token: int, logprob: float) -> None:
        self.ids.append(token)
        self._logprobs.append(logprob)
        self.done = len(self.ids) >= self._limit

    def _force(self) -> None:
        """Append what the grammar leaves no choice about, without asking the model."""
        while self.matcher is not None and not self.done:
            forced = self.matcher.forced()
            if not forced:
                break
            for token in forced[: self._limit - len(self.ids)]:
                self.matcher.consume(token)
                self._append(token, 0.0)
        if self.matcher is not None and self.matcher.complete:
            self.done = True
