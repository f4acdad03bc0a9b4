"""Sequence classifiers with one output, opened from any checkpoint.

They are models of `AutoModelForSequenceClassification`, so that other tools can load them. From a
causal model the head is put on its last token, from an encoder on what it makes of the pair. Knows
no comparisons and no training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES as CLASSIFIERS,
)

from policies.models.base import ModelError
from policies.models.local.config import LocalConfig
from policies.models.local.reading import (
    DTYPES,
    check_sizes,
    find_context,
    find_device,
    find_folder,
    one_line,
    quiet,
    refuse_foreign_code,
)
from policies.models.tokens import Tokens
from reward.packing import make_tree, plain_batch, tree_batch
from reward.running import Classifier, head_of, run
from reward.text import Kind, Reader

NEW = ("score.", "classifier.", "pre_classifier.", "head.", "pooler.")
"""Weights that a checkpoint without this head need not have."""
SAME = 1e-3
"""How far the scores of trees may be from those of plain rows, for trees to be used."""


def open_classifier(
    name: str | Path,
    config: LocalConfig | None = None,
    *,
    seed: int | None = None,
    aids: bool = False,
) -> Classifier:
    """Open a sequence classifier, or any causal model or encoder with a new head on it.

    Args:
        name: a folder with *.safetensors, or the name of a model on the hub.
        config: device, dtype, context.
        seed: of a new head, drawn from N(0, 1 / sqrt(width + 1)) whatever head was there; None:
            the folder must have one.
        aids: whether it reads the question's words marked.

    Raises:
        ModelError: there is no such model, or it cannot be used; says what to do.
    """
    config = config or LocalConfig()
    folder = find_folder(str(name), config.offline)
    refuse_foreign_code(folder)
    device = find_device(config.device)
    dtype = config.dtype if config.dtype != "auto" else "bf16" if device == "cuda" else "fp32"
    with one_line(folder, "sequence classifier"), quiet():
        settings = _settings(folder, new=seed is not None)
        stored = settings.dtype or torch.float32
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        kind: Kind = "encoder" if _is_encoder(settings, tokenizer) else "causal"
        tokens = Tokens(tokenizer, [tokenizer.sep_token_id] if kind == "encoder" else ())
        pad, ending = _padding(settings, tokens, kind)
        settings.get_text_config().pad_token_id = settings.pad_token_id = pad
        model = _load(folder, settings, DTYPES[dtype], seed)
        check_sizes(folder, model, tokens)
        context = find_context(settings, tokenizer, config.context)
        reader = Reader(tokens, context, kind, ending=ending, aids=aids)
        made = Classifier(
            str(name), model.to(device).eval(), tokens, reader, kind, pad, stored, False
        )
        made.trees = kind == "causal" and _same_as_trees(made)
        return made


def _settings(folder: Path, *, new: bool) -> Any:  # noqa: ANN401 - a configuration of transformers
    """Return the configuration for one output.

    Raises:
        ModelError: there is no classifier of this type, or it has more outputs.
    """
    settings = AutoConfig.from_pretrained(folder, local_files_only=True)
    if settings.is_encoder_decoder or settings.model_type not in CLASSIFIERS:
        raise ModelError(
            f"{folder} holds a model of the type {settings.model_type!r}, of which no reward model "
            "can be made: use a causal language model or an encoder"
        )
    if new:
        settings.num_labels = 1
        settings.problem_type = None
    elif settings.num_labels != 1:
        raise ModelError(
            f"{folder} holds a model with {settings.num_labels} outputs, and a reward model has "
            "one: make one with webqa train-reward"
        )
    return settings


def _is_encoder(settings: Any, tokenizer: Any) -> bool:  # noqa: ANN401
    """Tell a model that reads in both directions: its classifier stands on the first token."""
    pair = tokenizer.cls_token_id is not None and tokenizer.sep_token_id is not None
    return pair and not getattr(settings, "is_decoder", False) and not _causal_head(settings)


def _causal_head(settings: Any) -> bool:  # noqa: ANN401
    """Tell whether the classifier of this type scores every token, and takes the last."""
    with torch.device("meta"):
        return hasattr(AutoModelForSequenceClassification.from_config(settings), "score")


def _padding(settings: Any, tokens: Tokens, kind: Kind) -> tuple[int, bool]:  # noqa: ANN401
    """Return the token that fills up rows, and whether the end token can stand behind an answer.

    The classifiers of transformers look for the last token that is not padding: it must be another
    than the end token then.
    """
    text = settings.get_text_config()
    pad = text.pad_token_id
    if pad is None or not 0 <= pad < text.vocab_size:
        pad = tokens.tokenizer.pad_token_id
    if kind == "encoder":
        return (0 if pad is None else int(pad)), True
    others = [one for one in tokens.tokenizer.all_special_ids if one not in tokens.ends]
    if pad is None or pad in tokens.ends:
        pad = others[0] if others else tokens.end
    return int(pad), pad != tokens.end


def _load(folder: Path, settings: Any, dtype: torch.dtype, seed: int | None) -> Any:  # noqa: ANN401
    """Load the weights; with a seed, draw those of the head.

    Raises:
        ModelError: some that no head makes up for are not there.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed or 0)
        model, found = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=settings,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            ignore_mismatched_sizes=seed is not None,
        )
        wrong = {one[0] for one in found["mismatched_keys"]}
        missing = sorted(
            name
            for name in {*found["missing_keys"], *wrong}
            if seed is None or not any(f".{name}".find(f".{new}") >= 0 for new in NEW)
        )
        if missing:
            raise ModelError(
                f"{folder} lacks {len(missing)} of the model's weights, such as {missing[0]}: its "
                "*.safetensors belong to another model, or are not complete"
            )
        if seed is not None:
            _draw(head_of(model))
    return model


def _draw(head: nn.Module) -> None:
    """Give the last layer new weights: small enough that rewards begin near 1 in size."""
    nn.init.normal_(head.weight, std=(head.weight.shape[1] + 1) ** -0.5)
    if head.bias is not None:
        nn.init.zeros_(head.bias)


def _same_as_trees(classifier: Classifier) -> bool:
    """Try whether trees give the scores of plain rows, as not all kinds of attention do."""
    text = classifier.model.config.get_text_config()
    if getattr(text, "sliding_window", None):
        return False
    some = [number for number in range(3, 40) if number != classifier.pad]
    ids = [tuple(some[:9]), tuple(some[:5] + some[12:20]), tuple(some[20:24])]
    device = next(classifier.model.parameters()).device
    batches = [plain_batch(ids, classifier.pad), tree_batch([make_tree(ids)], classifier.pad)]
    try:
        with torch.no_grad():
            plain, tree = (
                run(classifier.model, {name: one.to(device) for name, one in batch.items()})
                for batch in batches
            )
    except (TypeError, ValueError, RuntimeError, IndexError, AttributeError):
        return False  # this model takes no such mask
    near = SAME if plain.dtype == torch.float32 else 30 * SAME
    return bool(torch.allclose(plain, tree, atol=near, rtol=near))
