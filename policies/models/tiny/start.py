"""The model at its start: a stock GPT-2 in whose weights a way of reading is already laid out.

So small a model does not find by itself, in minutes, how to fetch from a page what fits a
question. What is wired in, so that it can be told from what is learnt:

- The width is divided. Each token has a *stem* code (the same for `River`, ` rivers`; longer for
  rare words, by their number of pages), an *exact* code (the same with and without a space before
  it) and *flags* (ends a sentence, is a field name of the layout). Each position has a code of
  sines. The rest of the width is empty, for what the layers write.
- Layer 1, three heads: the token before (its stem code); the nearest sentence end before a token
  (its position: the name of the sentence); the nearest field name (is this the page's text, the
  question, ...).
- Layer 2, two heads: a token looks for tokens of the same stem on the page, outside of what comes
  behind it, and fetches the names of their sentences. One compares the token alone, one also the
  token before. A word found in many sentences votes for each of them a little.
- Layer 3, one head: the place where something is to be written gathers the votes of the
  question's words, rare ones more.
- Layer 4, two heads: it fetches the token behind the sentence end with most votes; and the token
  that follows, in that sentence, a token like the one just written. The output layer begins as
  the exact codes, so that what is fetched is what is said.

All other weights are small random numbers, and every weight is trained: nothing is held fixed.
What the sentence should be about, which result to open and when to go on is not wired in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from policies.models.tiny.config import Shape
from policies.models.tiny.tokenizer import HEADERS
from policies.models.tiny.vocabulary import Vocabulary

FIELDS = tuple(header for header in HEADERS if "Scrollbar" not in header)
_BEHIND = (
    "♦Question\n",
    "♦Quotes\n",
    "♦Past actions\n",
    "♦Notice\n",
    "♦Actions left:",
    "♦Next action\n",
)
"""What comes behind the page where the page comes first: looked for is what is on the page."""
SINK = 0.2
HIGH = 110
VOTE = 15
TELL = 8
BEG = 1.0
GAIN = 8
OUT = 0.4
_FLAG = 0.5
"""Size of a flag in the residual."""
_SHARP, _SLOW = 12, 4
"""Pairs of sines of a position: those that tell neighbours apart, and those that tell far off."""


class Parts(NamedTuple):
    """Which columns of the width hold what."""

    stem: slice
    exact: slice
    before: slice
    """Stem code of the token before, shortened."""
    flags: slice
    """End of a sentence, telling word, field names in order."""
    fields: slice
    """In which field of the layout the token stands."""
    position: slice
    sentence: slice
    """Position of the last sentence end."""
    votes: slice


def parts_of(width: int) -> Parts:
    """Divide a width."""
    small = {"before": 32, "flags": 14, "fields": 8, "position": 32, "sentence": 24, "votes": 24}
    rest = width - sum(small.values())
    sizes = {"stem": rest // 2, "exact": rest - rest // 2} | small
    ends = [0]
    for size in sizes.values():
        ends.append(ends[-1] + size)
    return Parts(*(slice(a, b) for a, b in zip(ends, ends[1:], strict=False)))


def make_model(shape: Shape, known: Vocabulary, special: Mapping[str, int], seed: int) -> Any:  # noqa: ANN401
    """Make a model whose start is described at the top of this file.

    Args:
        shape: its sizes.
        known: of each token.
        special: ids of the end and the padding (`eos_token_id`, `pad_token_id`).
        seed: of the random codes and the small random weights.
    """
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=shape.vocabulary,
        n_positions=shape.context,
        n_embd=shape.width,
        n_layer=shape.layers,
        n_head=shape.heads,
        n_inner=shape.inner,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        tie_word_embeddings=False,
        bos_token_id=special["eos_token_id"],
        **special,
    )
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        wiring = _Wiring(model, shape, known, torch.Generator().manual_seed(seed))
        wiring.embeddings()
        wiring.first()
        wiring.second()
        wiring.third()
        wiring.last()
    return model


class _Wiring:
    """Writes the start into the weights of one model.

    Heights and slopes are in nats of the attention scores, so that they can be compared. The
    norm before a layer multiplies what is in the residual by about `norm`, given for each.
    """

    def __init__(self, model: Any, shape: Shape, known: Vocabulary, draw: torch.Generator) -> None:  # noqa: ANN401
        self.model, self.known, self.draw = model.transformer, known, draw
        self.output = model.lm_head.weight
        self.width, self.last_layer = shape.width, shape.layers - 1
        self.head = shape.width // shape.heads
        self.parts = parts_of(shape.width)
        slow = 2 * math.pi / torch.tensor([100.0, 400.0, 1600.0, 6400.0])
        self.frequencies = torch.cat([_apart(draw), slow])
        stem = self.parts.stem.stop - self.parts.stem.start
        self.shortened = torch.randn(stem, 32, generator=draw) / math.sqrt(32)

    def embeddings(self) -> None:
        """Codes of tokens and positions; the output layer as the exact codes."""
        tokens, positions, parts = self.model.wte.weight, self.model.wpe.weight, self.parts
        stems, telling = self._codes(self.known.stems, parts.stem), torch.tensor(self.known.telling)
        exact = self._codes([text.strip() or text for text in self.known.texts], parts.exact)
        own = self._codes(list(map(str, range(len(tokens)))), parts.exact)
        exact = _unit(exact + 0.3 * own)
        tokens.zero_()
        tokens[:, parts.stem] = stems * (0.15 + 0.85 * telling)[:, None]
        tokens[:, parts.exact] = exact
        first = parts.flags.start
        tokens[:, first] = torch.tensor(self.known.ends) * _FLAG
        tokens[:, first + 1] = telling * _FLAG
        for place, field in enumerate(FIELDS, start=first + 2):
            tokens[list(self.known.texts).index(field), [place, parts.flags.stop - 2]] = _FLAG
        # All tokens get one mean and one length, so that the first norm leaves their flags alike.
        total, square = tokens.sum(1), tokens.square().sum(1)
        spread = ((4.8 - square) / 2 - total.square() / 4).clamp(min=0).sqrt()
        tokens[:, parts.flags.stop - 1] = -total / 2 - spread
        tokens[:, parts.flags.stop - 3] = -total / 2 + spread
        angles = torch.arange(len(positions))[:, None] * self.frequencies
        sines = torch.stack([angles.cos(), angles.sin()], -1).flatten(1)
        positions.zero_()
        positions[:, parts.position] = sines * (0.9 / math.sqrt(_SHARP + _SLOW))
        sharp = slice(parts.position.start, parts.position.start + 2 * _SHARP)
        positions[0, parts.votes.start] = positions[0, sharp].norm()
        positions[0, sharp] = 0
        self.output[:, parts.exact] = exact * OUT

    def first(self) -> None:
        """Layer 1: the token before, the sentence's name, the field."""
        parts, norm = self.parts, 6.8
        sharp = slice(parts.position.start, parts.position.start + 2 * _SHARP)
        query, key, bias = self._empty()
        key[sharp, : 2 * _SHARP] = torch.eye(2 * _SHARP)
        query[sharp, : 2 * _SHARP] = self._turned(-1) * (25 / (0.78 * norm) ** 2)
        self._attend(0, 0, query, key, bias)
        self._carry(0, 0, self.shortened, parts.stem, parts.before, 0.7 / norm)
        flags = parts.flags.start
        attention = self.model.h[0].attn
        attention.c_attn.weight[flags, 2 * self.width + 32] = 1
        attention.c_proj.weight[32, parts.flags.stop - 4] = 1 / _FLAG / norm
        self._nearest(1, range(flags, flags + 1), height=70, slope=0.6, norm=norm)
        self._carry(0, 1, torch.eye(2 * _SHARP), sharp, parts.sentence, 1 / norm)
        fields = slice(flags + 2, flags + 2 + len(FIELDS))
        self._nearest(
            2, range(parts.flags.stop - 2, parts.flags.stop - 1), height=90, slope=0.25, norm=norm
        )
        into = slice(parts.fields.start, parts.fields.start + len(FIELDS))
        self._carry(0, 2, torch.eye(len(FIELDS)), fields, into, 1 / _FLAG / norm)

    def second(self) -> None:
        """Layer 2: equal stems on the page, and the names of their sentences."""
        parts, norm = self.parts, 7.5
        stem = parts.stem.stop - parts.stem.start
        whole = torch.eye(stem) if stem < self.head else self._mixing(stem, self.head - 1)
        for head in (0, 1):
            query, key, bias = self._empty()
            one = whole if head == 0 else self._mixing(stem, 31)
            height = HIGH if head == 0 else HIGH / 2
            key[parts.stem, : one.shape[1]] = one
            query[parts.stem, : one.shape[1]] = one * (height / (0.8 * norm) ** 2)
            if head == 1:
                key[parts.before, 31:63] = torch.eye(32)
                query[parts.before, 31:63] = torch.eye(32) * (height / (0.5 * norm) ** 2)
            for field in _BEHIND:
                key[parts.fields.start + FIELDS.index(field), self.head - 1] = -1
            key[parts.fields.start + FIELDS.index("♦Title\n"), self.head - 1] = SINK
            bias[self.head - 1] = 30 / norm
            self._attend(1, head, query, key, bias)
            self._carry(1, head, torch.eye(2 * _SHARP), parts.sentence, parts.votes, 0.8 / norm)

    def third(self) -> None:
        """Layer 3: the votes of the question's words, gathered where something is to be written."""
        parts, norm = self.parts, 7.0
        query, key, bias = self._empty()
        key[parts.fields.start + FIELDS.index("♦Question\n"), 0] = 1
        key[parts.flags.start + 1, 1] = 1
        bias[0], bias[1] = VOTE / norm, TELL / norm / _FLAG
        self._attend(2, 0, query, key, bias)
        self._carry(2, 0, torch.eye(2 * _SHARP), parts.votes, parts.votes, GAIN / norm)

    def last(self) -> None:
        """The last layer: what follows the sentence end with most votes, and what goes on there."""
        parts, layer, norm = self.parts, self.last_layer, 6.0
        query, key, bias = self._empty()
        key[parts.sentence, : 2 * _SHARP] = torch.eye(2 * _SHARP)
        query[parts.votes, : 2 * _SHARP] = torch.eye(2 * _SHARP) * BEG
        key[parts.flags.stop - 4, 2 * _SHARP] = 1
        key[parts.fields.start + FIELDS.index("♦Text\n"), 2 * _SHARP + 1] = 1
        bias[2 * _SHARP] = 15 / norm
        bias[2 * _SHARP + 1] = 25 / norm
        self._attend(layer, 0, query, key, bias)
        query, key, bias = self._empty()
        key[parts.before, :32] = torch.eye(32)
        query[parts.stem, :32] = self.shortened * 0.9
        key[parts.sentence, 32 : 32 + 2 * _SHARP] = torch.eye(2 * _SHARP)
        query[parts.votes, 32 : 32 + 2 * _SHARP] = torch.eye(2 * _SHARP) * 0.5
        self._attend(layer, 1, query, key, bias)
        size = parts.exact.stop - parts.exact.start
        for head in (0, 1):
            into = torch.eye(size) if size <= self.head else self._mixing(size, self.head)
            self._carry(layer, head, into, parts.exact, parts.exact, 3 / norm)

    def _codes(self, names: Sequence[str], part: slice) -> Tensor:
        """Return a random unit vector for each name, the same for the same name."""
        different = {name: place for place, name in enumerate(dict.fromkeys(names))}
        codes = torch.randn(len(different), part.stop - part.start, generator=self.draw)
        codes = _unit(codes - codes.mean(1, keepdim=True))
        return codes[[different[name] for name in names]]

    def _mixing(self, size: int, into: int) -> Tensor:
        """Return (size, into) random numbers that about keep inner products."""
        return torch.randn(size, into, generator=self.draw) / math.sqrt(into)

    def _turned(self, by: int) -> Tensor:
        """Return the (2 sharp, 2 sharp) matrix that moves a position's code by some places."""
        turns = torch.zeros(2 * _SHARP, 2 * _SHARP)
        for pair, angle in enumerate((self.frequencies[:_SHARP] * by).tolist()):
            cosine, sine = math.cos(angle), math.sin(angle)
            at = slice(2 * pair, 2 * pair + 2)
            turns[at, at] = torch.tensor([[cosine, sine], [-sine, cosine]])
        return turns

    def _empty(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return (width, head) for the query and the key, and (head) for the query's bias."""
        size = self.width, self.head
        return torch.zeros(size), torch.zeros(size), torch.zeros(self.head)

    def _attend(self, layer: int, head: int, query: Tensor, key: Tensor, bias: Tensor) -> None:
        """Set what a head looks for, over its random start made small."""
        attention = self.model.h[layer].attn.c_attn
        # Alike in size, so that a step of training changes neither more than the other.
        even = (max(float(query.norm()), float(bias.norm())) / float(key.norm())) ** 0.5
        query, bias, key = query / even, bias / even, key * even
        at, scale = slice(head * self.head, (head + 1) * self.head), math.sqrt(self.head)
        attention.weight[:, : self.width][:, at].mul_(0.1).add_(query * scale)
        attention.weight[:, self.width : 2 * self.width][:, at].mul_(0.1).add_(key)
        attention.bias[: self.width][at] = bias * scale

    def _carry(
        self, layer: int, head: int, through: Tensor, source: slice, into: slice, gain: float
    ) -> None:
        """Set what a head fetches: the columns `source`, through a matrix, to the columns `into`."""
        attention = self.model.h[layer].attn
        first = head * self.head
        value = attention.c_attn.weight[
            :, 2 * self.width + first : 2 * self.width + first + self.head
        ]
        value.zero_()
        value[source, : through.shape[1]] = through
        out = attention.c_proj.weight[first : first + self.head]
        out.zero_()
        size = into.stop - into.start
        back = torch.eye(size) if through.shape[1] == size else through.T
        out[: back.shape[0], into] = back * gain

    def _nearest(
        self, head: int, flags: Sequence[int], height: float, slope: float, norm: float
    ) -> None:
        """Let a head of layer 1 look for the nearest token before that has one of some flags.

        The slope is that of a sine, near its middle, over the distance.
        """
        query, key, bias = self._empty()
        for flag in flags:
            key[flag, 0] = 1
        bias[0] = height / norm / _FLAG
        pair = self.parts.position.start + 2 * (_SHARP + 2)
        key[pair, 1] = key[pair + 1, 2] = 1
        size = 0.9 / math.sqrt(_SHARP + _SLOW) * norm
        gain = slope / (size**2 * float(self.frequencies[_SHARP + 2]))
        query[pair + 1, 1], query[pair, 2] = -gain, gain
        self._attend(0, head, query, key, bias)


def _apart(draw: torch.Generator) -> Tensor:
    """Return frequencies whose sines tell positions of one prompt well apart: the best of many."""
    tried = 0.1 + (math.pi - 0.1) * torch.rand(300, _SHARP, generator=draw)
    alike = (tried[:, :, None] * torch.arange(4, 400)).cos().mean(1).amax(1)
    return tried[alike.argmin()]


def _unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=-1, keepdim=True)
