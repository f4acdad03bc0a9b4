"""How well a model foretells held-out steps, for each kind of command. Trains nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policies.cloning.loss import Scored
from policies.cloning.records import Example

if TYPE_CHECKING:
    import torch

ScoreBatch = Callable[[Mapping[str, "torch.Tensor"]], Scored]


@dataclass(slots=True)
class _Sums:
    """Of one kind."""

    nats: float = 0.0
    tokens: int = 0
    right: int = 0
    lines: int = 0
    exact: int = 0


def measure(
    batches: Iterable[Sequence[Example]],
    collate: Callable[[Sequence[Example]], Mapping[str, torch.Tensor]],
    score_batch: ScoreBatch,
) -> dict[str, float]:
    """Return what a model makes of examples.

    `loss` (nats a token, weighted as in training) and, of each kind, `KIND/loss`,
    `KIND/token_accuracy`, `KIND/line_accuracy` (lines that the model would write exactly when it
    always takes the likeliest token, under the mask if there is one) and `KIND/lines`. Tokens
    that the grammar forces count for nothing.
    """
    sums: dict[str, _Sums] = defaultdict(_Sums)
    loss = weight = 0.0
    for batch in batches:
        tensors = collate(batch)
        scored = score_batch(tensors)
        loss -= float((tensors["weights"] * scored.logprobs).sum())
        weight += float(tensors["weights"].sum())
        _add(sums, batch, tensors, scored)
    return {"loss": loss / weight, **{name: value for kind in sorted(sums) for name, value in
                                      _means(kind, sums[kind])}}  # fmt: skip


def _add(
    sums: dict[str, _Sums],
    batch: Sequence[Example],
    tensors: Mapping[str, torch.Tensor],
    scored: Scored,
) -> None:
    wrong = set()
    right = (scored.best == tensors["targets"]).tolist()
    for row, logprob, hit in zip(
        tensors["rows"].tolist(), scored.logprobs.tolist(), right, strict=True
    ):
        of = sums[batch[row].kind]
        of.nats -= logprob
        of.tokens += 1
        of.right += hit
        if not hit:
            wrong.add(row)
    for row, example in enumerate(batch):
        sums[example.kind].lines += 1
        sums[example.kind].exact += row not in wrong


def _means(kind: str, of: _Sums) -> list[tuple[str, float]]:
    return [
        (f"{kind}/loss", of.nats / of.tokens),
        (f"{kind}/token_accuracy", of.right / of.tokens),
        (f"{kind}/line_accuracy", of.exact / of.lines),
        (f"{kind}/lines", float(of.lines)),
    ]
