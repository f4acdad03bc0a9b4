"""Writes many completions at the same time with one model.

Continuous batching: a sequence joins as soon as a row is free, and leaves when it ends. What a new
prompt has in common with what any row holds (another sample of the same request, an earlier step
of the episode) is copied instead of run. Knows no threads and no asyncio; see model.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import torch

from policies.models.base import ModelError, Request
from policies.models.local.config import LocalConfig
from policies.models.local.memory import Memory, make_memory
from policies.models.local.reading import Loaded
from policies.models.local.sampling import choose
from policies.models.local.writing import Writing

CHUNK = 2048
"""Tokens that one run of the model reads at most, for each row and, padding included, in all."""
WORTH = 16
"""Tokens in common below which nothing is copied or waited for."""
PADDING = {"cpu": 64, "cuda": 2048}
"""Padding that is cheaper than another run of the model."""


class Counts:
    """What the model did, for measurements."""

    def __init__(self) -> None:
        self.runs = 0
        self.read = 0
        """Tokens that were run through the model, without padding."""
        self.padding = 0


class _Row:
    """A place in the memory, and what it holds."""

    def __init__(self) -> None:
        self.writing: Writing | None = None
        self.ids: list[int] = []
        """What the memory holds, or will hold when all that is asked for was run."""
        self.used = 0
        self.key = ""
        """Of the request that was last here."""


class _Start(NamedTuple):
    """Where a new sequence could begin."""

    row: int
    common: int
    ready: int
    """How much of what is in common stands in the memory already."""


class Engine:
    """Sequences in rows. `begin` and `add` some, then `step` until `busy` is false."""

    def __init__(self, loaded: Loaded, config: LocalConfig) -> None:
        self.counts = Counts()
        self.loaded = loaded
        self._config = config
        self._rows = [_Row() for _ in range(config.batch)]
        self._waiting: deque[Writing] = deque()
        self._memory: Memory | None = None
        self._masks: torch.Tensor | None = None
        self._clock = 0

    @property
    def busy(self) -> bool:
        """Whether there is anything left to write."""
        return bool(self._waiting) or any(row.writing for row in self._rows)

    def begin(self, request: Request) -> list[Writing]:
        """Return the samples of a request, to be added; may run beside `step`, but not twice.

        Raises:
            ModelError: the prompt does not fit the context, or the grammar cannot be compiled.
        """
        tokens, context = self.loaded.tokens, self.loaded.context
        if request.samples < 1 or request.max_tokens < 1:
            raise ModelError("a request needs at least one sample of at least one token")
        prompt = tokens.encode_prompt(request.prompt)
        if not prompt:
            raise ModelError("the prompt is empty: there is nothing to go on from")
        if (room := context - len(prompt)) < 1:
            raise ModelError(
                f"the prompt has {len(prompt)} tokens and the model's context {context}: use a "
                "model with a longer context, or the small preset"
            )
        matcher = tokens.masks.start(request.legal) if request.legal is not None else None
        return [
            Writing(request, number, prompt, room, tokens, matcher.copy() if matcher else None)
            for number in range(request.samples)
        ]

    def add(self, writings: list[Writing]) -> None:
        """Let sequences join."""
        self._waiting += [one for one in writings if not one.done]

    def drop(self, writings: list[Writing]) -> None:
        """Forget sequences that nobody waits for."""
        unwanted = {id(one) for one in writings}
        self._waiting = deque(one for one in self._waiting if id(one) not in unwanted)
        for number, row in enumerate(self._rows):
            if row.writing is not None and id(row.writing) in unwanted:
                self._free(number)

    def step(self) -> list[tuple[Writing, ModelError]]:
        """Go on with every sequence, by a token or a piece of its prompt.

        Returns the sequences that cannot go on, with the reason.
        """
        with torch.inference_mode():
            if self._memory is None:
                self._memory = make_memory(
                    self.loaded.model, self._config.batch, self.loaded.context
                )
            self._admit(self._memory)
            return self._run(self._memory)

    def reset(self) -> None:
        """Forget everything, after a fault whose traces could be anywhere."""
        self._rows = [_Row() for _ in range(self._config.batch)]
        self._waiting.clear()
        self._memory = None

    def _ids(self, row: int) -> list[int]:
        writing = self._rows[row].writing
        return writing.ids if writing is not None else self._rows[row].ids

    def _count(self, pieces: list[list[int]]) -> None:
        sizes = [len(piece) for piece in pieces]
        self.counts.runs += 1
        self.counts.read += sum(sizes)
        self.counts.padding += max(sizes) * len(sizes) - sum(sizes)

    # Joining.

    def _admit(self, memory: Memory) -> None:
        """Give free rows to those who wait; who could soon copy what another reads waits on."""
        later: deque[Writing] = deque()
        while self._waiting and any(row.writing is None for row in self._rows):
            writing = self._waiting.popleft()
            best = max(self._starts(writing, memory), key=lambda start: start.common)
            if best.common - best.ready >= WORTH:
                later.append(writing)
                continue
            self._settle(writing, memory)
        self._waiting = later + self._waiting

    def _starts(self, writing: Writing, memory: Memory) -> Iterator[_Start]:
        for number in range(len(self._rows)):
            # At least one token is run, for the scores of the next.
            common = min(_common(writing.ids, self._ids(number)), len(writing.ids) - 1)
            yield _Start(number, common, min(common, memory.lengths[number]))

    def _settle(self, writing: Writing, memory: Memory) -> None:
        """Put a sequence into a free row, with what can be copied."""
        starts = list(self._starts(writing, memory))
        best = max(starts, key=lambda start: start.ready)
        free = [start for start in starts if self._rows[start.row].writing is None]
        # A row whose own sequence goes on is taken as it is; others are kept for theirs.
        own = max(free, key=lambda start: start.ready)
        if own.ready >= WORTH and 2 * own.ready >= max(best.ready, memory.lengths[own.row]):
            target = own.row
            memory.crop(target, own.ready)
        else:
            target = min(free, key=lambda start: self._worth(start.row, writing)).row
            if best.ready < WORTH:
                memory.crop(target, 0)
            elif best.row == target:
                memory.crop(target, best.ready)
            else:
                memory.copy(best.row, target, best.ready)
        self._clock += 1
        row = self._rows[target]
        row.writing, row.ids, row.used, row.key = writing, [], self._clock, writing.key
        writing.cached = min(memory.lengths[target], writing.prompt)

    def _worth(self, number: int, writing: Writing) -> tuple[bool, int]:
        """Return what a free row is worth to others: its own episode's least, then the oldest."""
        row = self._rows[number]
        return not writing.key or row.key != writing.key, row.used

    def _free(self, number: int) -> None:
        """End a row's sequence; what the memory holds of it stays, for those who begin alike."""
        row = self._rows[number]
        held = self._memory.lengths[number] if self._memory is not None else 0
        row.ids, row.writing = self._ids(number)[:held], None

    # Running.

    def _groups(self, memory: Memory) -> Iterator[tuple[list[int], list[list[int]]]]:
        """Yield which rows are run together, and what each of them reads."""
        pieces = [
            (row, writing.ids[memory.lengths[row] :][:CHUNK])
            for row in range(len(self._rows))
            if (writing := self._rows[row].writing) is not None
        ]
        pieces.sort(key=lambda piece: len(piece[1]))
        most = PADDING[self.loaded.model.device.type]
        group: list[tuple[int, list[int]]] = []
        for piece in pieces:
            size, held = len(piece[1]), sum(len(one) for _, one in group)
            padding = size * len(group) - held
            if group and (padding > most or size * (len(group) + 1) > CHUNK):
                yield _unzipped(group)
                group = []
            group.append(piece)
        if group:
            yield _unzipped(group)

    def _run(self, memory: Memory) -> list[tuple[Writing, ModelError]]:
        """Run the model over what is not in the memory yet, and write where all of it is."""
        ready: list[int] = []
        scores: list[torch.Tensor] = []
        for rows, pieces in self._groups(memory):
            self._count(pieces)
            logits = memory.feed(rows, pieces)
            whole = [n for n, row in enumerate(rows) if memory.lengths[row] == len(self._ids(row))]
            ready += [rows[n] for n in whole]
            scores.append(logits if len(whole) == len(rows) else logits[whole])
        return self._write(ready, torch.cat(scores)) if ready else []

    # Writing.

    def _write(self, rows: list[int], logits: torch.Tensor) -> list[tuple[Writing, ModelError]]:
        """Draw the next token of each row."""
        writings = [writing for row in rows if (writing := self._rows[row].writing)]
        allowed = self._allowed(writings, logits)
        chosen = choose(
            logits,
            allowed,
            [one.temperature for one in writings],
            [one.draw() if one.temperature else 0.0 for one in writings],
        )
        faults = []
        for row, writing, token, logprob in zip(rows, writings, *chosen, strict=True):
            try:
                if logprob != logprob:
                    raise ModelError(
                        "the model's scores are no numbers: its weights are broken, or need fp32"
                    )
                writing.take(token, logprob)
            except ModelError as error:
                faults.append((writing, error))
                writing.done = True
            if writing.done:
                self._free(row)
        return faults

    def _allowed(self, writings: list[Writing], logits: torch.Tensor) -> torch.Tensor | None:
        """Return what each may write next, (rows, vocabulary); None where all may all."""
        if all(one.matcher is None for one in writings):
            return None
        if self._masks is None or self._masks.shape[1] != logits.shape[1]:
            self._masks = torch.empty(
                self._config.batch,
                logits.shape[1],
                dtype=torch.bool,
                pin_memory=logits.device.type == "cuda",
            )
        masks = self._masks[: len(writings)]
        for mask, writing in zip(masks, writings, strict=True):
            if writing.matcher is None:
                mask.fill_(True)
            else:
                writing.matcher.mask(mask)
        return masks.to(logits.device)


def _unzipped(group: list[tuple[int, list[int]]]) -> tuple[list[int], list[list[int]]]:
    group = sorted(group)
    return [row for row, _ in group], [piece for _, piece in group]


def _common(first: list[int], second: list[int]) -> int:
    """Return how many tokens two sequences begin with alike."""
    if not first or not second or first[0] != second[0]:
        return 0
    low, high = 1, min(len(first), len(second))
    if first[:high] == second[:high]:
        return high
    while low < high - 1:
        middle = (low + high) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle
    return low
