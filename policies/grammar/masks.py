"""Masks over a tokenizer's vocabulary, from llguidance: the one module that imports it.

Knows no model and no browser. Everything here is a function of what is legal, the tokenizer and
the tokens so far, so training can replay what sampling did.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from numpy.typing import NDArray

from policies.grammar.lark import to_lark
from policies.grammar.legal import Legal
from policies.models.base import ModelError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

_TEXT = r"[^\[\x00-\x1f\x7f-\x9f\u2028\u2029]"
SLICES = [_TEXT + "{1,10}", _TEXT + "{1,30}", _TEXT + "+"]
"""Tokens that are allowed or not as one wherever text is free; the library's own suit JSON."""
KEPT = 256
"""Compiled grammars that are kept."""


class Allowed(NamedTuple):
    """What could stand at each place of a completion."""

    ids: tuple[NDArray[np.int64], ...]
    """For each token the ids that were allowed in its place, sorted."""
    forced: NDArray[np.bool_]
    """For each token whether the grammar left no choice; shape (tokens,)."""


class Matcher:
    """Where a completion stands in its grammar. Not for two threads at once."""

    def __init__(self, state: LLMatcher, end: int, words: int) -> None:
        self._state = state
        self._end = end
        self._words = words
        self._ended = False

    @property
    def complete(self) -> bool:
        """Whether the end token was consumed: nothing may follow."""
        return self._ended

    def forced(self) -> list[int]:
        """Return the tokens that must come next, in the tokenizer's own cut; often none.

        Consume all of them before asking again. At the end of what can be written: the end token.
        """
        if self._ended:
            return []
        if self._state.is_stopped():
            self._check()
            return [self._end]
        return list(self._state.compute_ff_tokens())

    def mask(self, into: NDArray[np.bool_] | Tensor) -> None:
        """Write into an array or CPU tensor of booleans (vocabulary,) which tokens may come next.

        Where tokens are forced it is the first of them alone. An array longer than the
        tokenizer's vocabulary (a model's padding) is false there.
        """
        bits = np.frombuffer(self._state.compute_bitmask(), np.uint8)
        self._check()
        out = into if isinstance(into, np.ndarray) else into.numpy()
        size = min(len(out), self._words)
        out[:size] = np.unpackbits(bits, count=size, bitorder="little").view(np.bool_)
        out[size:] = False

    def consume(self, token: int) -> None:
        """Go on by one token.

        Raises:
            ModelError: it is not allowed here.
        """
        if self._ended:
            raise ModelError(f"token {token} came behind the end of a completion")
        if not self._state.consume_token(token):
            self._check()
        self._ended = token == self._end

    def copy(self) -> Matcher:
        """Return another that goes on from here by itself."""
        other = Matcher(self._state.deep_copy(), self._end, self._words)
        other._ended = self._ended
        return other

    def _check(self) -> None:
        if self._state.is_error():
            reason = " ".join(self._state.get_error().split())[:200]
            raise ModelError(f"the grammar cannot go on: {reason}")


class Masks:
    """The masks of one tokenizer. Costs seconds to make for a large vocabulary; share it."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, slices: list[str] | None = None) -> None:
        """Read a fast tokenizer of transformers.

        Raises:
            ModelError: it is not a fast one, or has no end-of-sequence token.
        """
        if getattr(tokenizer, "eos_token_id", None) is None:
            raise ModelError("the tokenizer has no end-of-sequence token: set eos_token")
        try:
            self._tokens: LLTokenizer = from_tokenizer(
                tokenizer, slices=SLICES if slices is None else slices
            )
        except (ValueError, AttributeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelError(f"the tokenizer cannot be used with a grammar: {reason}") from error
        self.end: int = tokenizer.eos_token_id
        """Id of the token that ends every completion."""
        self.vocabulary: int = self._tokens.vocab_size
        """Length of a mask."""
        self._compiled: OrderedDict[Legal, LLMatcher] = OrderedDict()
        self._lock = Lock()

    def start(self, legal: Legal) -> Matcher:
        """Return a matcher at the beginning of what is legal.

        Raises:
            ModelError: the grammar could not be compiled.
        """
        with self._lock:
            if legal in self._compiled:
                self._compiled.move_to_end(legal)
            else:
                self._compiled[legal] = self._compile(legal)
                if len(self._compiled) > KEPT:
                    self._compiled.popitem(last=False)
            state = self._compiled[legal].deep_copy()
        return Matcher(state, self.end, self.vocabulary)

    def path(self, legal: Legal, text: str) -> list[int] | None:
        """Return the tokens by which an engine would write a text, the end token included.

        Forced tokens where there are any, otherwise the longest allowed token that goes on with
        the text. None: the text is not legal.
        """
        matcher, rest, path = self.start(legal), text.encode(), list[int]()
        allowed = np.zeros(self.vocabulary, np.bool_)
        while not matcher.complete:
            chosen = matcher.forced()
            if not chosen:
                matcher.mask(allowed)
                chosen = self._longest(rest, allowed)
            written = b"".join(self._bytes(token) for token in chosen if token != self.end)
            if not chosen or not rest.startswith(written) or (self.end in chosen and rest):
                return None
            for token in chosen:
                matcher.consume(token)
            path += chosen
            rest = rest[len(written) :]
        return path

    def allowed(self, legal: Legal, token_ids: list[int] | tuple[int, ...]) -> Allowed:
        """Replay a completion and return what could stand at each place of it.

        Raises:
            ModelError: the tokens cannot have been written under what is legal.
        """
        matcher, place = self.start(legal), 0
        mask = np.zeros(self.vocabulary, np.bool_)
        ids: list[NDArray[np.int64]] = []
        forced: list[bool] = []
        while place < len(token_ids):
            must = matcher.forced()[: len(token_ids) - place]
            if must and list(token_ids[place : place + len(must)]) != must:
                raise ModelError(f"token {place} of a completion is not the one its grammar forces")
            if must:
                ids += [np.array([token]) for token in must]
            else:
                matcher.mask(mask)
                ids.append(np.flatnonzero(mask))
            step = len(must) or 1
            forced += [bool(must)] * step
            for token in token_ids[place : place + step]:
                matcher.consume(token)
            place += step
        return Allowed(tuple(ids), np.array(forced, np.bool_))

    def _compile(self, legal: Legal) -> LLMatcher:
        matcher = LLMatcher(self._tokens, LLMatcher.grammar_from_lark(to_lark(legal)))
        if matcher.is_error():
            reason = " ".join(matcher.get_error().split())[:200]
            raise ModelError(f"a grammar could not be compiled: {reason}")
        return matcher

    def _bytes(self, token: int) -> bytes:
        return bytes(self._tokens.decode_bytes([token]))

    def _longest(self, rest: bytes, allowed: NDArray[np.bool_]) -> list[int]:
        """Return the longest allowed token that `rest` begins with; at its end the end token."""
        if not rest:
            return [self.end] if allowed[self.end] else []
        for length in range(min(len(rest), self._longest_token), 0, -1):
            token = self._by_bytes.get(rest[:length])
            if token is not None and allowed[token]:
                return [token]
        return []

    @cached_property
    def _by_bytes(self) -> dict[bytes, int]:
        """The lowest id of each token's bytes; control tokens are no text."""
        return {
            self._bytes(token): token
            for token in reversed(range(self.vocabulary))
            if not self._tokens.is_special_token(token)
        }

    @cached_property
    def _longest_token(self) -> int:
        return max(map(len, self._by_bytes))
