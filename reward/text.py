"""The text that a reward model reads: the answering prompt, and the answer behind it.

The one home of it, for training and scoring alike: what the policy saw when it answered, as
`policies.prompts` writes it, then the answer and a token that ends it (WebGPT, appendix K: prefix
and completion). Knows a tokenizer, no weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from env.citations import strip_citations
from env.records import Answer, Observation
from env.words import in_twos
from policies.aids import with_marks
from policies.models.base import ModelError, Prompt
from policies.models.tokens import Tokens
from policies.prompts import PromptConfig, fit, make_prompt

Kind = Literal["causal", "encoder"]
"""A causal model scores at its last token; an encoder reads prompt and answer as a pair."""
WORDS = 100
"""Lengths are counted in so many words, so that they are of the size of rewards."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer as a model reads it."""

    ids: tuple[int, ...]
    begin: int
    """Where the answer begins in it."""
    left_out: int = 0
    """Quotes that had no room, the last ones. The answer itself is never cut."""


class Reader:
    """Makes readings for one model."""

    def __init__(
        self, tokens: Tokens, context: int, kind: Kind, *, ending: bool = True, aids: bool = False
    ) -> None:
        """Keep what all readings share.

        Args:
            tokens: of the model.
            context: tokens that the model can hold.
            kind: of the model.
            ending: whether the end token stands behind the answer; a causal model whose end token
                also fills up short rows must do without.
            aids: whether the question's words are marked, in the quotes and in the answer.
        """
        self._aids = aids
        self._tokens, self._context, self._kind = tokens, context, kind
        tokenizer = tokens.tokenizer
        self._ending = [tokens.end] if ending or kind == "encoder" else []
        self._begin = [tokenizer.cls_token_id] if kind == "encoder" else []
        self._between = [tokenizer.sep_token_id] if kind == "encoder" else []

    def read(self, answer: Answer) -> Reading:
        """Return an answer's tokens: with as many of its quotes as there is room for.

        Raises:
            ModelError: not even the question and the answer fit.
        """
        if self._aids:
            answer = with_marks(answer)
        written = [*self._tokens.encode_text(answer.text), *self._ending]
        room = self._context - len(written) - len(self._begin) - len(self._between)
        prompt, kept = self._prompt(answer, room)
        head = [*self._begin, *self._encode(prompt), *self._between]
        return Reading((*head, *written), len(head), len(answer.quotes) - kept)

    def _prompt(self, answer: Answer, room: int) -> tuple[Prompt, int]:
        """Return the prompt that fits, and how many quotes are in it."""
        seen = Observation(answer.question, quotes=answer.quotes, answering=True)
        chat = self._chat
        try:
            fitted = fit(seen, PromptConfig(), self._count, room, chat)
        except ModelError:
            # The policy refuses here, for it needs a quote; a score is wanted all the same.
            bare = make_prompt(replace(seen, quotes=()), PromptConfig(), chat)
            if self._count(bare) > room:
                raise ModelError(
                    f"question and answer need {self._context - room + self._count(bare):,} tokens "
                    f"and the reward model holds {self._context:,}: use one with a longer context"
                ) from None
            return bare, 0
        return fitted.prompt, len(fitted.observation.quotes)

    @property
    def _chat(self) -> bool:
        return self._tokens.chat and self._kind == "causal"

    @property
    def _count(self) -> Callable[[Prompt], int]:
        return lambda prompt: len(self._encode(prompt))

    def _encode(self, prompt: Prompt) -> list[int]:
        if self._kind == "encoder":
            return self._tokens.encode_text(prompt.text)
        return self._tokens.encode_prompt(prompt)


def length_of(answer: Answer) -> float:
    """Return an answer's length in hundreds of words, citations not counted."""
    return len(in_twos(strip_citations(answer.text)).split()) / WORDS
