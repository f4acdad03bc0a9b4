"""A model's tokenizer as the rest of the code sees it: prompts to token ids, and back.

Template and content are tokenised apart, so that nothing that stands in a page or a question can
become a control token. Knows no weights.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from policies.models.base import ModelError, Prompt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from policies.grammar.masks import Masks


class _Frame(NamedTuple):
    """A rendered chat template, cut where its contents stand."""

    pieces: tuple[tuple[int, ...], ...]
    """Token ids in front of, between and behind the contents: one more than contents."""
    merged: bool
    """Whether the template has no place for instructions: they stand in front of the text."""


class Tokens:
    """A fast tokenizer of Hugging Face, made safe for text of strangers."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, end: Iterable[int] = ()) -> None:
        """Wrap a tokenizer; `end` are more tokens that end a text, from the model's settings.

        Raises:
            ModelError: the tokenizer is not a fast one, has no end-of-text token, or a chat
                template that cannot be used.
        """
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(
                f"the tokenizer is a {type(tokenizer).__name__}, and webqa needs a fast one: "
                "save it with a tokenizer.json"
            )
        ids = [number for number in end if number is not None]
        if tokenizer.eos_token_id is None and ids:
            tokenizer.eos_token = tokenizer.convert_ids_to_tokens(ids[0])
        if tokenizer.eos_token_id is None:
            raise ModelError(
                "the tokenizer has no end-of-text token: set eos_token in tokenizer_config.json"
            )
        self.tokenizer = tokenizer
        self.end: int = tokenizer.eos_token_id
        """Id of the token that ends a text."""
        self.ends: frozenset[int] = frozenset([self.end, *ids])
        """Ids of all tokens that end a text; chat models may have several."""
        self.size: int = len(tokenizer)
        """Number of tokens; a model's logits may be wider."""
        self.chat: bool = bool(tokenizer.chat_template)
        """Whether a prompt with instructions becomes messages."""
        self._content = _without_added(tokenizer)
        self._unwanted = _added_ids(tokenizer)
        self._beginning = _beginning(tokenizer)
        self._frames: dict[bool, _Frame] = {}
        self._breaks: dict[int, bool] = {}
        if self.chat:
            self._frame(True)

    @cached_property
    def masks(self) -> Masks:
        """The masks of legal lines for this vocabulary; made when first asked for."""
        from policies.grammar.masks import Masks

        return Masks(self.tokenizer)

    def encode_prompt(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a prompt: as messages where it has instructions to a chat model.

        Raises:
            ModelError: the chat template cannot be used.
        """
        if not self.chat:
            text = f"{prompt.system}\n\n{prompt.text}" if prompt.system else prompt.text
            return self._beginning + self.encode_text(text)
        frame = self._frame(bool(prompt.system))
        contents = [prompt.system, prompt.text] if prompt.system else [prompt.text]
        if frame.merged:
            contents = ["\n\n".join(contents)]
        ids = list(frame.pieces[0])
        for content, piece in zip(contents, frame.pieces[1:], strict=True):
            ids += [*self.encode_text(content), *piece]
        return ids

    def encode_text(self, text: str) -> list[int]:
        """Return the token ids of a text, none of them a special or added token."""
        ids: list[int] = []
        for part in self._parts(text):
            ids += part
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids, without special tokens."""
        return str(
            self.tokenizer.decode(
                list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )

    def count(self, prompt: Prompt) -> int:
        """Return how many tokens a prompt has."""
        return len(self.encode_prompt(prompt))

    def breaks(self, token: int) -> bool:
        """Tell whether a line ends within a token."""
        if token not in self._breaks:
            self._breaks[token] = "\n" in self.decode([token])
        return self._breaks[token]

    def _parts(self, text: str) -> Iterable[list[int]]:
        """Yield the ids of a text; where they hold an unwanted one, of its halves."""
        waiting = [text]
        while waiting:
            part = waiting.pop()
            encoding = self._content.encode(part, add_special_tokens=False)
            if self._unwanted.isdisjoint(encoding.ids):
                yield encoding.ids
            elif len(part) > 1:
                # A vocabulary may itself hold `</s>` as a piece: cut inside of the middle one, so
                # that a text full of them takes few rounds.
                unwanted = [n for n, one in enumerate(encoding.ids) if one in self._unwanted]
                start, stop = encoding.offsets[unwanted[len(unwanted) // 2]]
                cut = min(max((start + stop) // 2, 1), len(part) - 1)
                waiting += [part[cut:], part[:cut]]

    def _frame(self, instructions: bool) -> _Frame:
        if instructions not in self._frames:
            self._frames[instructions] = _make_frame(self.tokenizer, instructions)
        return self._frames[instructions]


def _beginning(tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """Return what the tokenizer puts in front of a text: at most a beginning-of-text token."""
    start = tokenizer.bos_token_id
    with_special = tokenizer("", add_special_tokens=True)["input_ids"]
    return [start] if start is not None and start in with_special[:1] else []


def _added_ids(tokenizer: PreTrainedTokenizerFast) -> frozenset[int]:
    """Return the ids that content must not become: added tokens, but white space and unknown."""
    return frozenset(
        number
        for number, token in tokenizer.added_tokens_decoder.items()
        if number != tokenizer.unk_token_id and not _is_space(token.content, token.special)
    )


def _is_space(content: str, special: bool) -> bool:
    """Tell a run of spaces, which some tokenizers add and which controls nothing."""
    return not special and content.isspace()


def _without_added(tokenizer: PreTrainedTokenizerFast) -> Any:  # noqa: ANN401 - a Tokenizer
    """Return a copy of the tokenizer's core that knows no added tokens."""
    from tokenizers import Tokenizer

    core = json.loads(tokenizer.backend_tokenizer.to_str())
    core["added_tokens"] = [
        token for token in core["added_tokens"] if _is_space(token["content"], token["special"])
    ]
    core["truncation"] = core["padding"] = None
    return Tokenizer.from_str(json.dumps(core))


def _make_frame(tokenizer: PreTrainedTokenizerFast, instructions: bool) -> _Frame:
    """Render the chat template once, with placeholders, and tokenise what stands around them.

    Raises:
        ModelError: the template fails, or does not keep its contents in order.
    """
    system, text, reply = (f"placeholder{secrets.token_hex(16)}" for _ in range(3))
    wanted = [system, text] if instructions else [text]
    rendered = ""
    for places in dict.fromkeys((tuple(wanted), (text,))):
        rendered = _render(tokenizer, _messages(places, system), reply)
        pieces = _cut(rendered, places)
        if pieces:
            ids = (tokenizer(piece, add_special_tokens=False)["input_ids"] for piece in pieces)
            return _Frame(tuple(map(tuple, ids)), merged=len(places) < len(wanted))
    raise ModelError(
        "the tokenizer's chat template changes or leaves out the messages that it is given: "
        "use another one, or remove it to let the model continue a text"
    )


def _messages(places: Sequence[str], system: str) -> list[dict[str, str]]:
    return [{"role": "system" if place == system else "user", "content": place} for place in places]


def _render(tokenizer: PreTrainedTokenizerFast, messages: list[dict[str, str]], reply: str) -> str:
    """Return the text up to where the reply begins; empty where the template refuses."""
    from jinja2 import TemplateError

    def render(chat: list[dict[str, str]], generate: bool) -> str:
        return str(
            tokenizer.apply_chat_template(
                chat, tokenize=False, add_generation_prompt=generate, enable_thinking=False
            )
        )

    try:
        with_start = render(messages, True)
        if with_start != render(messages, False):
            return with_start
        # Templates without a generation prompt show by a reply where one begins.
        whole = render([*messages, {"role": "assistant", "content": reply}], False)
    except (TemplateError, TypeError, ValueError, KeyError, AttributeError):
        return ""
    before, found, _ = whole.partition(reply)
    return before.rstrip(" ") if found else ""


def _cut(rendered: str, places: Sequence[str]) -> list[str]:
    """Return what stands around the places; nothing where one is not there just once, in order."""
    if any(rendered.count(place) != 1 for place in places):
        return []
    pieces = []
    for place in places:
        before, found, rendered = rendered.partition(place)
        if not found:
            return []
        pieces.append(before)
    return [*pieces, rendered]
