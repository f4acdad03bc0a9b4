"""Search by meaning: vectors of passages in faiss.

An encoder is passed in (see env.web.encoding). Needs the extra `dense`; nothing heavy is imported
before a function here is called. Vectors are written in shards, so that an interrupted build goes
on where it stopped.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from env.errors import ConfigError
from env.web.encoding import Encoder
from env.web.inverted import Hit
from env.web.store import Store

if TYPE_CHECKING:
    from types import ModuleType

    import faiss

VECTORS = "vectors.faiss"
PLACES = "vectors.places.npy"
_SHARDS = "vectors"
_SHARD = 2048
"""Passages in a file that is written at once."""
MANY = 200_000
"""Vectors from which on an inverted file is worth its training."""
_BATCH = 256
_PROBES = 32


def write_vectors(
    work: Path, store: Store, encoder: Encoder, done: Callable[[int], None], many: int = MANY
) -> int:
    """Encode every passage, going on after the shards that exist; return the dimensions.

    Raises:
        ConfigError: faiss or numpy are not installed.
    """
    _need_faiss()
    shards = work / _SHARDS
    shards.mkdir(exist_ok=True)
    texts = passage_texts(store)
    for number in range(10**9):
        place = shards / f"{number:06d}.npy"
        shard = list(islice(texts, _SHARD))
        if not shard:
            break
        if not place.exists():
            _write_shard(place, shard, encoder, partial(_add, done, number * _SHARD))
        done(number * _SHARD + len(shard))
    dimensions = _join(work, sorted(shards.glob("*.npy")), store, many)
    shutil.rmtree(shards)
    return dimensions


def _add(done: Callable[[int], None], before: int, count: int) -> None:
    done(before + count)


def _check_faiss() -> None:
    """Complain if faiss is missing, without the time that importing it takes."""
    if find_spec("faiss") is None:
        raise ConfigError(
            "search by meaning needs faiss: pip install -e '.[dense]' in the folder of webqa"
        )


def _need_faiss() -> ModuleType:
    _check_faiss()
    import faiss

    loaded: ModuleType = faiss
    return loaded


def passage_texts(store: Store) -> Iterator[str]:
    """Return what is encoded of each passage: the title, the heading above it, the passage."""
    for page in store.texts():
        for start, end, heading in page.passages:
            yield f"{page.title}. {heading}. {page.text[start:end]}"


def _write_shard(
    place: Path, texts: Sequence[str], encoder: Encoder, done: Callable[[int], None]
) -> None:
    import numpy

    # Texts of like length go to the encoder together, so that little is spent on padding.
    order = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
    parts = []
    for first in range(0, len(order), _BATCH):
        parts.append(encoder.encode([texts[at] for at in order[first : first + _BATCH]]))
        done(first)
    sorted_vectors = numpy.concatenate(parts).astype("float16")
    vectors = numpy.empty_like(sorted_vectors)
    vectors[order] = sorted_vectors
    unfinished = place.with_suffix(".partial")
    with unfinished.open("wb") as file:
        numpy.save(file, vectors)
    unfinished.replace(place)


def _join(work: Path, shards: Sequence[Path], store: Store, many: int) -> int:
    """Make one faiss index of all shards, and a table of which passage each row is."""
    import numpy

    faiss = _need_faiss()
    index = _empty_index(shards, store.counts().passages, many)
    for shard in shards:
        index.add(numpy.load(shard).astype("float32"))
    faiss.write_index(index, str(work / VECTORS))
    places = [(page.id, start, end) for page in store.texts() for start, end, _ in page.passages]
    numpy.save(work / PLACES, numpy.array(places, dtype="int64"))
    return int(index.d)


def _empty_index(shards: Sequence[Path], total: int, many: int) -> faiss.Index:
    """Return an index of half-precision vectors, trained where their number asks for it."""
    import numpy

    library = _need_faiss()
    kind, metric = library.ScalarQuantizer.QT_fp16, library.METRIC_INNER_PRODUCT
    dimensions = int(numpy.load(shards[0], mmap_mode="r").shape[1])
    if total <= many:
        flat: faiss.Index = library.IndexScalarQuantizer(dimensions, kind, metric)
        return flat
    lists = max(1, min(int(4 * total**0.5), total // 39))
    coarse = library.IndexFlatIP(dimensions)
    index: faiss.Index = library.IndexIVFScalarQuantizer(coarse, dimensions, lists, kind, metric)
    # faiss wants some 39 to 256 vectors for each list.
    step = max(1, total // (64 * lists))
    sample = numpy.concatenate([numpy.load(shard)[::step] for shard in shards])
    index.train(sample.astype("float32"))
    return index


class VectorIndex:
    """The vectors of an index folder, opened for reading; faiss is loaded at the first search."""

    def __init__(self, folder: Path, encoder: Encoder, dimensions: int) -> None:
        """Remember where the vectors are.

        Raises:
            ConfigError: faiss is not installed.
        """
        _check_faiss()
        self._folder = folder
        self._encoder = encoder
        self._dimensions = dimensions
        self._opened: tuple[Any, Any] | None = None

    def search(self, query: str, limit: int) -> list[Hit]:
        """Return the passages nearest in meaning, best first; scores are cosines.

        Raises:
            ConfigError: the encoder's vectors are not of the index's dimensions.
        """
        index, places = self._open()
        vectors = self._encoder.encode([query])
        if vectors.shape[1] != self._dimensions:
            raise ConfigError(
                f"the encoder {self._encoder.name} makes {vectors.shape[1]} numbers a text, the"
                f" index holds {self._dimensions}: use the encoder it was built with"
            )
        scores, rows = index.search(vectors, limit)
        return [
            Hit(float(score), *(int(value) for value in places[row]))
            for score, row in zip(scores[0], rows[0], strict=True)
            if row >= 0
        ]

    def _open(self) -> tuple[Any, Any]:
        if self._opened is None:
            import numpy

            faiss = _need_faiss()
            # One query keeps one thread busy for some milliseconds; several wait for each other.
            faiss.omp_set_num_threads(1)
            index = faiss.read_index(str(self._folder / VECTORS))
            if hasattr(index, "nprobe"):
                index.nprobe = _PROBES
            self._opened = index, numpy.load(self._folder / PLACES, mmap_mode="r")
        return self._opened
