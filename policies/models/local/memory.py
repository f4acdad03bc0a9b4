"""What a model remembers of each sequence: its keys and values, in one of two ways.

`Slots` runs sequences of any lengths together; `Apart`, for families whose memory cannot be shared
so (sliding windows, states, biases by distance), runs one after the other. Which of them is right
for a model is found out by comparing it with a plain run. Used in `torch.inference_mode`. Knows
tokens as numbers only.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from transformers import Cache, DynamicCache
from transformers.cache_utils import CacheLayerMixin, DynamicLayer

STEP = 256
"""Columns by which the store of keys and values grows."""


class Memory(Protocol):
    """Rows that each hold a sequence which the model goes on from."""

    lengths: list[int]
    """Tokens that each row holds."""

    def feed(self, rows: list[int], tokens: Sequence[Sequence[int]]) -> torch.Tensor:
        """Append tokens (at least one each) to rows; return the last logits (rows, vocabulary)."""

    def crop(self, row: int, length: int) -> None:
        """Forget what stands behind the first `length` tokens, or everything if it must be."""

    def copy(self, source: int, target: int, length: int) -> None:
        """Let a row begin like another, with `length` tokens or with none if it cannot be."""


def make_memory(model: Any, rows: int, context: int) -> Memory:  # noqa: ANN401
    """Return the fastest memory that gives what a plain run of the model gives."""
    if _is_plain(model, context) and _agrees(model, Slots(model, 2)):
        return Slots(model, rows)
    return Apart(model, rows, cached=_agrees(model, Apart(model, 2)))


def _is_plain(model: Any, context: int) -> bool:  # noqa: ANN401
    """Tell whether every layer remembers all of the context, each position by itself."""
    return all(
        type(layer) is DynamicLayer or (getattr(layer, "sliding_window", None) or 0) >= context
        for layer in DynamicCache(config=model.config).layers
    )


def _agrees(model: Any, memory: Memory) -> bool:  # noqa: ANN401
    """Compare two uneven sequences, fed in pieces, with plain runs."""
    size = model.config.get_text_config().vocab_size
    first, second = ([(13 * n + start) % size for n in range(9)] for start in (1, 2))
    pieces: list[tuple[list[int], list[list[int]]]] = [
        ([0], [first[:5]]),
        ([1], [second[:2]]),
        ([0, 1], [first[5:7], second[2:3]]),
        ([0, 1], [first[7:], second[3:]]),
    ]
    try:
        plain = [
            model(torch.tensor([one], device=model.device), use_cache=False).logits[0, -1]
            for one in (first, second)
        ]
        logits = [memory.feed(rows, tokens) for rows, tokens in pieces][-1]
    except Exception:  # noqa: BLE001 - a family that does not take this memory may fail in any way
        return False
    wanted = torch.stack(plain).float()
    room = (1e-3 if model.dtype == torch.float32 else 0.1) * (1 + wanted.abs().max())
    return bool((logits.float() - wanted).abs().max() <= room)


class Slots:
    """All rows in one store; each call may append to any of them, to each as much as it needs."""

    def __init__(self, model: Any, rows: int) -> None:  # noqa: ANN401
        self.lengths = [0] * rows
        self._model = model
        count = len(DynamicCache(config=model.config).layers) or model.config.num_hidden_layers
        self._layers = [_Layer(rows) for _ in range(count)]
        self._cache = Cache(layers=list(self._layers))
        self._keeps = _keeps_some_logits(model)

    def feed(self, rows: list[int], tokens: Sequence[Sequence[int]]) -> torch.Tensor:
        """Append tokens to rows; see Memory."""
        device, sizes = self._model.device, [len(some) for some in tokens]
        longest = max(sizes)
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        for row, some in enumerate(tokens):
            ids[row, : len(some)] = torch.tensor(some)
        begins = torch.tensor([self.lengths[row] for row in rows])
        positions = begins[:, None] + torch.arange(longest)  # (rows, time)
        width = int(positions[:, -1].max()) + 1
        ends = torch.tensor(sizes) - 1
        # Padding must not ask for positions that the model does not have.
        asked = torch.minimum(positions, (begins + ends)[:, None])
        place = _Place(torch.tensor(rows, device=device), rows, positions.to(device), width)
        for layer in self._layers:
            layer.place = place
        kept, where = torch.unique(ends, return_inverse=True)
        more = {"logits_to_keep": kept.to(device)} if self._keeps else {}
        logits = self._model(
            input_ids=ids.to(device),
            position_ids=asked.to(device),
            attention_mask=self._mask(begins, positions, width, min(sizes)),
            past_key_values=self._cache,
            use_cache=True,
            **more,
        ).logits
        for row, size in zip(rows, sizes, strict=True):
            self.lengths[row] += size
        return logits[torch.arange(len(rows)), where if self._keeps else ends]

    def _mask(
        self, begins: torch.Tensor, positions: torch.Tensor, width: int, shortest: int
    ) -> torch.Tensor | None:
        """Return (rows, 1, time, width): 0 where may be looked, the least number elsewhere."""
        if not begins.any() and shortest == width:
            return None  # all begin and end together: the model's own causal mask, which is faster
        hidden = positions[:, None, :, None] < torch.arange(width)
        device, dtype = self._model.device, self._model.dtype
        mask = torch.zeros(hidden.shape, dtype=dtype, device=device)
        return mask.masked_fill(hidden.to(device), torch.finfo(dtype).min)

    def crop(self, row: int, length: int) -> None:
        """Forget the end of a row; what stands there is written over later."""
        self.lengths[row] = min(self.lengths[row], length)

    def copy(self, source: int, target: int, length: int) -> None:
        """Let a row begin like another."""
        for layer in self._layers:
            layer.copy(source, target, length)
        self.lengths[target] = length


class _Place:
    """Where one call writes and reads."""

    def __init__(
        self, index: torch.Tensor, rows: list[int], columns: torch.Tensor, width: int
    ) -> None:
        self.write = (index[:, None], slice(None), columns)
        neighbours = rows == list(range(rows[0], rows[0] + len(rows)))
        # Neighbouring rows are read where they stand; others are copied together.
        self.rows = slice(rows[0], rows[0] + len(rows)) if neighbours else index
        self.width = width
        self.time = columns.shape[1]


class _Layer(CacheLayerMixin):  # type: ignore[misc]
    """The keys and values of one layer, (rows, heads, columns, width of a head) each."""

    is_croppable = False

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._rows = rows
        self.place: _Place | None = None

    def lazy_initialization(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        self.keys, self.values = (self._empty(one, 0) for one in (keys, values))
        self.is_initialized = True

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, *_more: object, **_others: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write new keys and values, (batch, heads, time, width), and return all of their rows."""
        if not self.is_initialized:
            self.lazy_initialization(keys, values)
        place = self._now()
        if place.width > self.keys.shape[2]:
            columns = -(-place.width // STEP) * STEP
            self.keys, self.values = (self._grown(one, columns) for one in (self.keys, self.values))
        self.keys[place.write] = keys.transpose(1, 2)
        self.values[place.write] = values.transpose(1, 2)
        rows, width = place.rows, place.width
        if isinstance(rows, slice):
            return self.keys[rows, :, :width], self.values[rows, :, :width]
        return self.keys[:, :, :width][rows], self.values[:, :, :width][rows]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._now().width, 0

    def get_seq_length(self) -> int:
        return 0 if self.place is None else self.place.width - self.place.time

    def get_max_length(self) -> int:
        return -1

    def copy(self, source: int, target: int, length: int) -> None:
        if self.is_initialized and length:
            for one in (self.keys, self.values):
                one[target, :, :length] = one[source, :, :length]

    def _now(self) -> _Place:
        assert self.place is not None  # set before every run of the model
        return self.place

    def _empty(self, like: torch.Tensor, columns: int) -> torch.Tensor:
        # Zeros, because what is masked is still multiplied: by zero, which makes no NaN finite.
        return like.new_zeros(self._rows, like.shape[1], columns, like.shape[3])

    def _grown(self, store: torch.Tensor, columns: int) -> torch.Tensor:
        grown = self._empty(store, columns)
        grown[:, :, : store.shape[2]] = store
        return grown


class Apart:
    """Each row with the model's own kind of cache, or with none; one runs after the other."""

    def __init__(self, model: Any, rows: int, cached: bool = True) -> None:  # noqa: ANN401
        self.lengths = [0] * rows
        self._model = model
        self._cached = cached
        self._caches: list[Any] = [None] * rows
        self._tokens: list[list[int]] = [[] for _ in range(rows)]

    def feed(self, rows: list[int], tokens: Sequence[Sequence[int]]) -> torch.Tensor:
        """Append tokens to rows; see Memory."""
        return torch.stack([self._feed(*one) for one in zip(rows, tokens, strict=True)])

    def _feed(self, row: int, tokens: Sequence[int]) -> torch.Tensor:
        self._tokens[row] += tokens
        self.lengths[row] = len(self._tokens[row])
        device = self._model.device
        if not self._cached:
            ids = torch.tensor([self._tokens[row]], device=device)
            return self._model(input_ids=ids, use_cache=False).logits[0, -1]
        if self._caches[row] is None:
            self._caches[row] = DynamicCache(config=self._model.config)
        output = self._model(
            input_ids=torch.tensor([list(tokens)], device=device),
            past_key_values=self._caches[row],
            use_cache=True,
        )
        return output.logits[0, -1]

    def crop(self, row: int, length: int) -> None:
        """Forget the end of a row, or all of it where the cache cannot be cut."""
        excess = self.lengths[row] - length
        if excess > 0 and self._cached:
            if length and self._can_crop(row):
                self._caches[row].crop(-excess)
            else:
                self._caches[row], length = None, 0
        del self._tokens[row][length:]
        self.lengths[row] = len(self._tokens[row])

    def copy(self, source: int, target: int, length: int) -> None:
        """Let a row begin like another, where its cache can be cut there."""
        if self._cached and length < self.lengths[source] and not self._can_crop(source):
            length = 0
        self._caches[target] = copy.deepcopy(self._caches[source]) if length else None
        self._tokens[target] = list(self._tokens[source]) if length else []
        self.lengths[target] = len(self._tokens[target])
        self.crop(target, length)

    def _can_crop(self, row: int) -> bool:
        return all(type(layer) is DynamicLayer for layer in self._caches[row].layers)


def _keeps_some_logits(model: Any) -> bool:  # noqa: ANN401
    return "logits_to_keep" in inspect.signature(model.forward).parameters
