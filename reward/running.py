"""Sequence classifiers run over readings: what begins alike is computed once.

Trees in training, for gradients pass through them; the cache of a common beginning in scoring,
where it is quicker. Knows no files and no comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from policies.cloning.collator import in_order
from policies.models.base import ModelError
from policies.models.tokens import Tokens
from reward.packing import chunks, common_beginning, make_tree, plain_batch, tree_batch
from reward.text import Kind, Reader, Reading

ROW_TOKENS = 4096
"""Tokens of a tree at most: what it looks at is a table of their square."""
CACHED = 0.5
"""Share of the longest sequence that all must have in common to go on from its cache."""


@dataclass(slots=True)
class Classifier:
    """A model with one output, ready to score readings."""

    name: str
    model: Any
    tokens: Tokens
    reader: Reader
    kind: Kind
    pad: int
    dtype: Any
    """Of its weights as they were stored."""
    trees: bool
    """Whether sequences with common beginnings can be computed as one row."""


def score_readings(
    classifier: Classifier, readings: Sequence[Reading], tokens: int = ROW_TOKENS
) -> torch.Tensor:
    """Return the raw output for each reading, in fp32 on the CPU, of shape (readings,).

    Args:
        classifier: to be run without dropout.
        readings: in any order; common beginnings are found.
        tokens: read at once, at most.
    """
    scores = torch.zeros(len(readings))
    device = next(classifier.model.parameters()).device
    for numbers in _batches(classifier, readings, tokens):
        some = [readings[number] for number in numbers]
        common = common_beginning([one.ids for one in some]) if classifier.trees else 0
        with torch.no_grad():
            if len(some) > 1 and common > CACHED * max(len(one.ids) for one in some):
                scores[numbers] = _run_on(classifier, some, common, device).cpu()
                continue
            batch = make_batch(classifier, [some])
            moved = {name: one.to(device) for name, one in batch.items()}
            scores[numbers] = run(classifier.model, moved).cpu()
    return scores


def _run_on(
    classifier: Classifier, readings: Sequence[Reading], common: int, device: torch.device
) -> torch.Tensor:
    """Run over a common beginning once, and on from its cache; return the outputs (readings,).

    A tree would do, but each token in it passes over the branches of all the others.
    """
    model = classifier.model
    begin = torch.tensor([readings[0].ids[:common]], device=device)
    cache = getattr(model, model.base_model_prefix)(begin, use_cache=True).past_key_values
    cache.batch_repeat_interleave(len(readings))
    batch = plain_batch([one.ids[common:] for one in readings], classifier.pad)
    ids, mask = batch["input_ids"].to(device), batch["attention_mask"].to(device)
    with _outputs(model) as kept:
        model(
            ids,
            attention_mask=torch.cat([mask.new_ones(len(readings), common), mask], dim=1),
            position_ids=common + torch.arange(ids.shape[1], device=device).expand_as(ids),
            past_key_values=cache,
            use_cache=True,
        )
    rows = torch.arange(len(readings), device=device)
    return kept[0].float()[rows, mask.sum(1) - 1, 0]  # kept[0]: (readings, time, 1)


def make_batch(
    classifier: Classifier, groups: Sequence[Sequence[Reading]]
) -> dict[str, torch.Tensor]:
    """Return the tensors of groups of readings: rows for each group, or else for each reading."""
    if classifier.trees:
        return _tree_rows(groups, classifier.pad)
    flat = [one for group in groups for one in group]
    typed = getattr(classifier.model.config, "type_vocab_size", 0) > 1
    begins = [one.begin for one in flat] if typed and classifier.kind == "encoder" else []
    return plain_batch([one.ids for one in flat], classifier.pad, begins)


def _tree_rows(groups: Sequence[Sequence[Reading]], pad: int) -> dict[str, torch.Tensor]:
    """Return a row for each group, or several for one that has too many tokens."""
    trees, order = [], []
    begin = 0
    for group in groups:
        ids = [one.ids for one in group]
        for numbers in chunks(ids, ROW_TOKENS):
            trees.append(make_tree([ids[number] for number in numbers]))
            order += [begin + number for number in numbers]
        begin += len(group)
    batch = tree_batch(trees, pad)
    back = torch.argsort(torch.tensor(order))
    return {**batch, "rows": batch["rows"][back], "columns": batch["columns"][back]}


def run(model: Any, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:  # noqa: ANN401
    """Run a classifier over a batch; return the raw outputs (readings,) in fp32."""
    if "above" not in batch:
        more = {key: batch[key] for key in ("token_type_ids",) if key in batch}
        logits = model(batch["input_ids"], attention_mask=batch["attention_mask"], **more).logits
        first: torch.Tensor = logits.float()[:, 0]
        return first
    dtype = next(model.parameters()).dtype
    # Added to the attention's logits: the one form that all implementations take.
    mask = torch.zeros(batch["above"].shape, dtype=dtype, device=batch["above"].device)
    mask.masked_fill_(~batch["above"], torch.finfo(dtype).min)
    with _outputs(model) as kept:
        model(
            batch["input_ids"],
            attention_mask=mask,
            position_ids=batch["position_ids"],
            use_cache=False,
        )
    return kept[0].float()[batch["rows"], batch["columns"], 0]  # kept[0]: (rows, time, 1)


@contextmanager
def _outputs(model: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Keep what the head says of every token, of shape (rows, time, 1).

    By a hook, because the model must be called as a whole: a wrapper that sums the gradients of
    several processes sees it as always.
    """
    kept: list[torch.Tensor] = []
    hook = head_of(model).register_forward_hook(lambda _layer, _inputs, output: kept.append(output))
    try:
        yield kept
    finally:
        hook.remove()


def _batches(
    classifier: Classifier, readings: Sequence[Reading], tokens: int
) -> Sequence[Sequence[int]]:
    """Return which readings are computed together."""
    if classifier.trees:
        return list(chunks([one.ids for one in readings], tokens))
    return in_order([len(one.ids) for one in readings], tokens)


def head_of(model: nn.Module) -> nn.Module:
    """Return the layer with the one output.

    Raises:
        ModelError: there is none.
    """
    found = [one for one in model.modules() if isinstance(one, nn.Linear) and one.out_features == 1]
    if not found:
        raise ModelError(f"{type(model).__name__} has no layer with one output: use another model")
    return found[-1]
