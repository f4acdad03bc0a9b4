"""Causal language models from a folder or from the hub: safetensors only, and no foreign code.

Whatever is wrong with a folder is told in one line. Knows no prompts and no engine; see loading.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
from transformers.utils import logging

from policies.models.base import ModelError
from policies.models.local.config import LocalConfig
from policies.models.tokens import Tokens

SETTINGS = ("*.json", "*.jinja", "*.txt", "*.model")
WEIGHTS = "*.safetensors"
TOKENIZERS = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")
"""Files that hold a vocabulary: one of them is there with every tokenizer."""
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
SHORTEST, UNTOLD = 16, 2048
"""Tokens of the shortest context that makes sense, and of one that nothing tells."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready to run, without dropout."""

    name: str
    model: Any
    tokens: Tokens
    context: int
    """Tokens that prompt and completion may have together."""


def read_model(name: str | Path, config: LocalConfig | None = None) -> Loaded:
    """Load a model and its tokenizer.

    Args:
        name: a folder, or the name of a model on the hub.
        config: device, dtype, context.

    Raises:
        ModelError: there is no such model, or it cannot be used; says what to do.
    """
    config = config or LocalConfig()
    folder = find_folder(str(name), config.offline)
    refuse_foreign_code(folder)
    device = find_device(config.device)
    kind = config.dtype if config.dtype != "auto" else "bf16" if device == "cuda" else "fp32"
    with one_line(folder, "causal language model"), quiet():
        settings = _causal(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model, found = AutoModelForCausalLM.from_pretrained(
            folder,
            config=settings,
            dtype=DTYPES[kind],
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        if found["missing_keys"]:
            missing = sorted(found["missing_keys"])
            raise ModelError(
                f"{folder} lacks {len(missing)} of the model's weights, such as {missing[0]}: "
                "its *.safetensors belong to another model, or are not complete"
            )
        tokens = Tokens(tokenizer, _ends(model))
        check_sizes(folder, model, tokens)
        context = find_context(settings, tokenizer, config.context)
        return Loaded(str(name), model.to(device).eval(), tokens, context)


def find_folder(name: str, offline: bool = False) -> Path:
    """Return the model's folder, fetched from the hub where it is the name of one there.

    Raises:
        ModelError: there is none, or it holds no safetensors or no tokenizer.
    """
    path = Path(name).expanduser()
    if not path.is_dir():
        if name.startswith((".", "/", "~")) or name.count("/") > 1 or path.exists():
            raise ModelError(f"{name} is no folder: give one with {_NEEDED}")
        path = _fetch(name, [*SETTINGS], offline)
        refuse_foreign_code(path)
        path = _fetch(name, [*SETTINGS, WEIGHTS], offline)
    names = sorted(entry.name for entry in path.iterdir())
    if "config.json" not in names:
        held = f"it holds {', '.join(names[:5])}" if names else "it is empty"
        raise ModelError(f"{path} is no model folder ({held}): give one with {_NEEDED}")
    if not list(path.glob(WEIGHTS)):
        others = [one for one in names if one.endswith((".bin", ".pt", ".pth", ".ckpt", ".gguf"))]
        raise ModelError(
            f"{path} has no {WEIGHTS}{' but ' + others[0] if others else ''}: webqa reads no other "
            "weights; save the model again with save_pretrained"
        )
    _refuse_other_parts(path)
    # Without any, transformers may make an empty tokenizer and say nothing.
    if not any(fnmatch(name, one) for name in names for one in TOKENIZERS):
        raise ModelError(
            f"{path} holds a model without a tokenizer ({', '.join(names[:5])}): put "
            "the tokenizer.json there that it was trained with"
        )
    return path


def _refuse_other_parts(folder: Path) -> None:
    """Refuse a list of parts with anything but safetensors of this very folder."""
    for path in sorted(folder.glob(f"{WEIGHTS}.index.json")):
        parts = _read_object(path).get("weight_map")
        for part in parts.values() if isinstance(parts, dict) else ():
            beside = isinstance(part, str) and Path(part).name == part
            if not (beside and part.endswith(".safetensors")):
                raise ModelError(
                    f"{path} names {part!r}, and webqa reads only {WEIGHTS} beside it: save the "
                    "model again with save_pretrained"
                )


_NEEDED = "config.json, tokenizer.json and model.safetensors"


def _fetch(name: str, patterns: list[str], offline: bool) -> Path:
    """Return the folder of a model of the hub, downloaded or from the hub's cache."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=patterns, local_files_only=offline))
    except Exception as error:  # the hub's client fails in many ways of its own
        how = "in the hub's cache" if offline else "on the hub"
        raise ModelError(
            f"found neither a folder {name} nor a model of that name {how} "
            f"({_why(error, offline)}): give a folder with {_NEEDED}, or download it where there "
            f"is a network with `hf download {name}`"
        ) from error


def _why(error: Exception, offline: bool) -> str:
    """Return why the hub gave nothing, in a few words."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return "its owner wants you to ask for access first, and to log in with `hf auth login`"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "there is none, or it is private: `hf auth login`"
    if isinstance(error, errors.LocalEntryNotFoundError):
        return "never downloaded" + ("" if offline else ", and the hub cannot be reached")
    reason = " ".join(str(error).split())[:160]
    return f"{type(error).__name__}: {reason}"


def refuse_foreign_code(folder: Path) -> None:
    """Refuse a folder that wants code of its own to be run.

    Raises:
        ModelError: it does.
    """
    for name in ("config.json", "tokenizer_config.json"):
        if "auto_map" in _read_object(folder / name):
            raise ModelError(
                f"{folder / name} asks for code of its own (auto_map), and webqa runs none: use a "
                "model whose class is part of transformers"
            )


def _read_object(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}): save the model again") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path} holds no JSON object: save the model again")
    return found


def _causal(folder: Path) -> Any:  # noqa: ANN401 - a configuration of transformers
    """Return the model's configuration, without dropout.

    Raises:
        ModelError: it is not that of a causal language model.
    """
    kind = _read_object(folder / "config.json").get("model_type")
    expected = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(kind)
    if expected is None:
        raise ModelError(
            f"{folder} holds a model of the type {kind!r}, and transformers knows no causal "
            "language model of that type: use one that generates text"
        )
    settings = AutoConfig.from_pretrained(folder, local_files_only=True)
    names = {expected} if isinstance(expected, str) else set(expected)
    if settings.architectures and not names & set(settings.architectures):
        raise ModelError(
            f"{folder} holds a {settings.architectures[0]}, which is no causal language model: "
            f"use a {min(names)}"
        )
    for field, value in settings.to_dict().items():
        if ("dropout" in field or field.endswith("pdrop")) and isinstance(value, float):
            setattr(settings, field, 0.0)
    return settings


def find_device(wanted: str) -> str:
    """Return the device that is meant.

    Raises:
        ModelError: it is not there.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError("there is no CUDA device here: use the device cpu, or auto")
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


def _ends(model: Any) -> list[int]:  # noqa: ANN401
    found = model.generation_config.eos_token_id
    return found if isinstance(found, list) else [] if found is None else [found]


def check_sizes(folder: Path, model: Any, tokens: Tokens) -> None:  # noqa: ANN401
    """Refuse a tokenizer with tokens that the model does not know.

    Raises:
        ModelError: it has some.
    """
    scores = model.get_input_embeddings().weight.shape[0]
    if tokens.size > scores:
        raise ModelError(
            f"the tokenizer in {folder} has {tokens.size} tokens and the model only {scores}: they "
            "do not belong together"
        )


def find_context(settings: Any, tokenizer: Any, wanted: int) -> int:  # noqa: ANN401
    """Return the tokens that the model can hold, at most those wanted.

    Raises:
        ModelError: more are wanted, or there are too few for anything.
    """
    text = settings.get_text_config()
    most = getattr(text, "max_position_embeddings", None) or getattr(text, "n_positions", None)
    if not most:
        told = tokenizer.model_max_length
        most = told if told < 10**7 else max(wanted, UNTOLD)
    if wanted > most:
        raise ModelError(f"the model was made for {most} tokens, not for {wanted}: ask for fewer")
    if (least := wanted or most) < SHORTEST:
        raise ModelError(f"a context of {least} tokens is too short for any prompt")
    return int(least)


@contextmanager
def one_line(folder: Path, kind: str) -> Iterator[None]:
    """Turn whatever a broken folder does to transformers into one line.

    Raises:
        ModelError: it could not be loaded as a model of this kind.
    """
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # a foreign folder can break loading in any way
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{folder} cannot be loaded as a {kind} "
            f"({type(error).__name__}: {reason}): save it again with save_pretrained"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the progress bars and reports of transformers away from the terminal."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
